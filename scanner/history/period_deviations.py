"""What became of each deviation: seen, not known, fixed, back. What a run could not tell is never called fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from scanner.history.period_nights import Counts
from scanner.history.period_schedule import begins, ends
from scanner.model.period import DeviationLine, Episode, KnownDeviation, KnownRun, Sighting, Span, TimeToFix

FIXED, UNKNOWN = "fixed", "unknown_incomplete"
OPEN_STATUSES = ("FAIL", "MANUAL", "WAIVED")
WAIVED = "WAIVED"
CONFORMANCE, POSTURE = "conformance", "posture"
AXES = (CONFORMANCE, POSTURE, "hygiene", "coverage")
SEVERITIES = ("critical", "high", "medium", "low", "info")


class _Course(msgspec.Struct):
    """A deviation on its way through the runs."""

    episodes: list[Episode] = []
    state: str = "fixed"
    severity: str = ""
    waived_nights: int = 0


def counts_by_run(
    sightings: Iterable[Sighting], known: Mapping[str, KnownDeviation]
) -> dict[tuple[str, str], Counts]:
    """Return (run id, scope) -> what the run found of what is known."""
    made: dict[tuple[str, str], Counts] = {}
    for seen in sightings:
        deviation = known[seen.fingerprint]
        counts = made.setdefault((seen.run_id, deviation.scope), Counts())
        if seen.delta == UNKNOWN:
            counts.not_known += 1
        elif seen.status == WAIVED:
            counts.waived += 1
        elif seen.status in OPEN_STATUSES and deviation.axis == CONFORMANCE:
            counts.deviating += 1
        elif seen.status in OPEN_STATUSES and deviation.axis == POSTURE:
            counts.risks += 1
    return made


def deviation_lines(
    runs: Sequence[KnownRun], sightings: Iterable[Sighting], known: Mapping[str, KnownDeviation], span: Span
) -> tuple[DeviationLine, ...]:
    """Return every deviation that was there at some time of the span: by axis, severity, rule and subject.

    `runs` and `sightings` are in the order of time, from the first run ever to the end of the span.
    """
    times = {run.run_id: run.as_of for run in runs if run.as_of < ends(span)}
    first = {scope: run.as_of for run in reversed(runs) for scope in run.scopes}
    courses: dict[str, _Course] = {}
    for seen in sightings:
        if seen.run_id in times:
            course = courses.setdefault(seen.fingerprint, _Course())
            _step(course, seen, times[seen.run_id], inside=times[seen.run_id] >= begins(span))
    lines = [_line(known[name], course, first) for name, course in courses.items() if _concerns(course, begins(span))]
    return tuple(sorted(lines, key=_order))


def _step(course: _Course, seen: Sighting, at: datetime, *, inside: bool) -> None:
    last = course.episodes[-1] if course.episodes else None
    is_open = last is not None and last.fixed is None
    if seen.delta == UNKNOWN:
        if last is not None and is_open:
            course.episodes[-1] = msgspec.structs.replace(last, not_known=last.not_known + 1)
            course.state = "not_known"
    elif seen.status in OPEN_STATUSES:
        if last is not None and is_open:
            course.episodes[-1] = msgspec.structs.replace(last, last_seen=at)
        else:
            course.episodes.append(Episode(at, at, None))
        course.state = "waived" if seen.status == WAIVED else "open"
        course.severity = seen.severity
        course.waived_nights += seen.status == WAIVED and inside
    elif seen.delta == FIXED and last is not None and is_open:
        course.episodes[-1] = msgspec.structs.replace(last, fixed=at)
        course.state = "fixed"


def _concerns(course: _Course, start: datetime) -> bool:
    return any(episode.fixed is None or episode.fixed >= start for episode in course.episodes)


def _line(deviation: KnownDeviation, course: _Course, first: Mapping[str, datetime]) -> DeviationLine:
    as_seen = msgspec.structs.replace(deviation, severity=course.severity or deviation.severity)
    return DeviationLine(
        deviation=as_seen,
        state=course.state,
        episodes=tuple(course.episodes),
        waived_nights=course.waived_nights,
        on_first_run=course.episodes[0].opened == first.get(deviation.scope),
    )


def _order(line: DeviationLine) -> tuple[int, int, str, str, str]:
    deviation = line.deviation
    return (
        rank(AXES, deviation.axis),
        rank(SEVERITIES, deviation.severity),
        deviation.rule_id,
        deviation.subject,
        deviation.fingerprint,
    )


def rank(names: Sequence[str], name: str) -> int:
    """Return the place of a name; one that is not known comes last."""
    return names.index(name) if name in names else len(names)


def times_to_fix(lines: Iterable[DeviationLine], span: Span) -> tuple[TimeToFix, ...]:
    """Return how long what was fixed in the span had been there, by axis and severity; episodes count one by one.

    The time ends with the first run that proved it. Since when something was there that the first run of all saw,
    nobody knows; it counts from that run.
    """
    took: dict[tuple[str, str], list[timedelta]] = {}
    still: dict[tuple[str, str], int] = {}
    for line in lines:
        key = line.deviation.axis, line.deviation.severity
        took.setdefault(key, [])
        still[key] = still.get(key, 0) + (line.fixed is None)
        took[key] += [e.fixed - e.opened for e in line.episodes if e.fixed is not None and e.fixed >= begins(span)]
    keys = sorted(took, key=lambda key: (rank(AXES, key[0]), rank(SEVERITIES, key[1])))
    return tuple(
        TimeToFix(
            axis=key[0],
            severity=key[1],
            fixed=len(took[key]),
            median=_median(took[key]),
            longest=max(took[key], default=None),
            open=still[key],
        )
        for key in keys
    )


def _median(took: Sequence[timedelta]) -> timedelta | None:
    if not took:
        return None
    ordered, middle = sorted(took), len(took) // 2
    return ordered[middle] if len(took) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
