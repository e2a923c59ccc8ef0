"""Metrics of a run in Prometheus' text format, for the textfile collector of a node exporter.

Labels are clouds, ids of accounts, projects and subscriptions, severities and states: no ARN and no name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256

import msgspec

from scanner.model.finding import Result
from scanner.model.fleet import Place, Reach, Rollup, TargetResult
from scanner.model.report import Report
from scanner.model.snapshot import UnitStatus
from scanner.model.waiver import WaiverState
from scanner.render.text import one_line
from scanner.render.words import unread_required

Labels = tuple[tuple[str, str], ...]

SUCCESS, COMPLETE = "scan_last_success_timestamp_seconds", "scan_last_complete_timestamp_seconds"
DURATION, EXIT_CODE = "scan_duration_seconds", "scan_exit_code"
OUTCOME, TARGETS, GAPS, CAUSES = "target_outcome", "fleet_targets", "fleet_gaps", "fleet_causes"
CALLS, THROTTLES = "api_calls_total", "throttles_total"
HELP: Mapping[str, tuple[str, str]] = {
    SUCCESS: ("gauge", "When porter-audit last judged these targets, completely or not (exit 0, 1 or 2)."),
    COMPLETE: ("gauge", "When porter-audit last read and decided everything that is required; 0 if it never did."),
    DURATION: ("gauge", "How long the last run took."),
    EXIT_CODE: ("gauge", "Exit code of the last run: 0 clean, 1 findings, 2 incomplete, 3 usage, 4 internal error."),
    "findings": ("gauge", "Results of the last run that are no pass."),
    OUTCOME: ("gauge", "How each target of the last fleet run ended: read, failed, late or broken. Always 1."),
    TARGETS: ("gauge", "Targets of the last fleet run by what became of them; one may be counted in several states."),
    GAPS: ("gauge", "Entries of the configuration of which not every target was found."),
    CAUSES: ("gauge", "Deviations of the last fleet run, those that are identical in many targets counted once."),
    "units": ("gauge", "Collection units of the last run by how reading ended."),
    CALLS: ("counter", "Calls sent to cloud APIs, over all runs that wrote this file."),
    THROTTLES: ("counter", "Calls that stayed throttled after all retries, over all runs that wrote this file."),
    "waivers_expiring_14d": ("gauge", "Waivers in force whose last day is at most 14 days away."),
    "baseline_age_days": ("gauge", "Days since the documents behind the documented version were read."),
}
"""Name -> type and help, in the order of the file."""
_EXPIRING = timedelta(days=14)
_JUDGED = (0, 1, 2)
_MAX_LABEL = 500
_FLEET: Labels = (("cloud", "all"), ("scope", "fleet"))
_STATES = ("targets", "read", "complete", "failed", "late", "broken", "skipped", "not_approved")
_LINE = re.compile(r'([a-z_0-9]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.eE+]+)\Z')
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


class Sample(msgspec.Struct, frozen=True, order=True):
    """One line."""

    name: str
    labels: Labels
    value: float


def prometheus_text(report: Report, before: Sequence[Sample] = ()) -> bytes:
    """Return the metrics of a report; `before` is what the file said until now.

    The last complete run stays what it was if this one is not complete, and counters go on from where they were.
    """
    return written(_kept(_samples(report), before, is_complete(report)))


def fleet_text(rollup: Rollup, before: Sequence[Sample] = ()) -> bytes:
    """Return the metrics of a fleet: of each target what a scan of it alone would say, and how it ended.

    A target that was not complete keeps the time at which it was, and has 0 if it never was. Where a list of targets
    was not read to its end, one that is missing from it keeps its times too: nobody knows that it is gone.
    """
    made = [Sample(EXIT_CODE, _FLEET, rollup.exit_code), *_whole(rollup)]
    for target in rollup.targets:
        made += _target(target)
    told = {(sample.name, sample.labels) for sample in made}
    kept = [s for s in before if s.name in (SUCCESS, COMPLETE) and (s.name, s.labels) not in told]
    mine = {_place(target.place) for target in rollup.targets}
    if rollup.gaps:
        mine |= {sample.labels for sample in kept} - {_place(one.place) for one in rollup.skipped}
    made += [sample for sample in kept if sample.labels in mine]
    ever = {sample.labels for sample in made if sample.name == COMPLETE}
    return written([*made, *(Sample(COMPLETE, labels, 0) for labels in mine - ever)])


def _place(place: Place) -> Labels:
    return (("cloud", place.cloud), ("scope", _label(place.id)))


def _label(text: str) -> str:
    """Return an id as a label: one that must be cut or written out stays apart from every other by its hash."""
    if one_line(text, _MAX_LABEL) == text:
        return text
    told_apart = sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{one_line(text, _MAX_LABEL - 20)}-{told_apart}"


def _target(target: TargetResult) -> list[Sample]:
    where = _place(target.place)
    ended = (("outcome", target.reach.value), ("as_documented", target.as_documented))
    made = [Sample(EXIT_CODE, where, target.exit_code), Sample(OUTCOME, (*where, *ended), 1)]
    made += [Sample("units", (*where, ("status", status)), count) for status, count in target.units.items()]
    for row in target.findings:
        labels = (*where, ("severity", row.severity), ("status", row.status), ("delta", row.delta))
        made.append(Sample("findings", labels, row.count))
    if target.reach is Reach.READ and target.as_of is not None:
        made.append(Sample(SUCCESS, where, target.as_of.timestamp()))
        if not target.open_points:
            made.append(Sample(COMPLETE, where, target.as_of.timestamp()))
    return made


def _whole(rollup: Rollup) -> list[Sample]:
    """Return what is said of all targets together."""
    causes: Counter[Labels] = Counter()
    for group in rollup.groups:
        status = "WAIVED" if group.waived == len(group.targets) else group.result
        causes[("severity", group.severity), ("status", status)] += 1
    states: dict[Labels, int] = {(("state", state),): rollup.counts.get(state, 0) for state in _STATES}
    return [*_counted(TARGETS, states), Sample(GAPS, (), len(rollup.gaps)), *_counted(CAUSES, causes)]


def failed_text(exit_code: int, before: Sequence[Sample]) -> bytes:
    """Return the metrics of a run that ended without a report: all as before, but for the exit code."""
    codes = [s for s in before if s.name == EXIT_CODE] or [Sample(EXIT_CODE, (), 0)]
    rest = [s for s in before if s.name != EXIT_CODE]
    return written([*rest, *(Sample(s.name, s.labels, exit_code) for s in codes)])


def is_complete(report: Report) -> bool:
    """Return whether everything required was read and decided, whatever options made of the exit code."""
    open_results = any(f.result in (Result.INCOMPLETE, Result.ERROR) and f.blocking for f in report.findings)
    errors = any(f.result is Result.ERROR for f in report.findings)
    acknowledged = {unit_id for row in report.waivers for unit_id in row.units}
    unread = any(unit.unit_id not in acknowledged for unit in unread_required(report))
    return not open_results and not unread and not errors and report.summary.exit_code in (0, 1)


def _samples(report: Report) -> list[Sample]:
    run = report.run
    scopes = sorted({(scope.cloud, scope.id) for scope in report.scopes})
    where: Labels = (
        ("cloud", ",".join(sorted({cloud for cloud, _ in scopes}))),
        ("scope", ",".join(scope for _, scope in scopes)),
    )
    ended = run.ended.timestamp()
    made = [
        *([Sample(SUCCESS, where, ended)] if report.summary.exit_code in _JUDGED else []),
        *([Sample(COMPLETE, where, ended)] if is_complete(report) else []),
        Sample(DURATION, where, round((run.ended - run.started).total_seconds(), 3)),
        Sample(EXIT_CODE, where, report.summary.exit_code),
        *_counted("units", Counter((*where, ("status", unit.status.value)) for unit in report.units)),
        *_findings(report),
        *_calls(report),
        Sample(THROTTLES, where, sum(call.outcome is UnitStatus.THROTTLED for call in report.calls)),
        Sample("waivers_expiring_14d", where, _expiring(report)),
    ]
    age = _age(report)
    return made if age is None else [*made, Sample("baseline_age_days", (*where, ("baseline", run.baseline_id)), age)]


def _counted(name: str, counts: Mapping[Labels, int]) -> list[Sample]:
    return [Sample(name, labels, count) for labels, count in counts.items()]


def _findings(report: Report) -> list[Sample]:
    return _counted(
        "findings",
        Counter(
            (
                ("cloud", finding.cloud),
                ("scope", finding.scope.id),
                ("severity", finding.severity.value),
                ("status", finding.status),
                ("delta", finding.delta or "none"),
            )
            for finding in report.findings
            if finding.status not in ("PASS", "NOT_APPLICABLE")
        ),
    )


def _calls(report: Report) -> list[Sample]:
    clouds = {unit.unit_id: unit.cloud for unit in report.units}
    return _counted(
        CALLS,
        Counter(
            (
                ("cloud", clouds.get(call.unit_id, "")),
                ("api", f"{call.service}:{call.operation}"),
                ("outcome", call.outcome.value),
            )
            for call in report.calls
        ),
    )


def _expiring(report: Report) -> int:
    last = (report.run.as_of + _EXPIRING).date()
    return sum(row.state is WaiverState.IN_FORCE and _day(row.expires) <= last for row in report.waivers)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return date.max


def _age(report: Report) -> int | None:
    """Return the days since the newest document was read; None if none says when."""
    read = [_day(str(document.get("retrieved", ""))) for document in report.baseline_documents]
    known = [day for day in read if day != date.max]
    return max(0, (report.run.as_of.date() - max(known)).days) if known else None


def _kept(samples: Sequence[Sample], before: Sequence[Sample], complete: bool) -> list[Sample]:
    """Return the samples with what stays from before."""
    told = {sample.name for sample in samples}
    stays = [s for s in before if s.name in (SUCCESS, COMPLETE) and s.name not in told]
    counters = (CALLS, THROTTLES)
    old = {(s.name, s.labels): s.value for s in before if s.name in counters}
    sums = [Sample(s.name, s.labels, s.value + old.pop((s.name, s.labels), 0)) for s in samples if s.name in counters]
    gone = [Sample(name, labels, value) for (name, labels), value in old.items()]
    return [*stays, *(s for s in samples if s.name not in counters), *sums, *gone]


def written(samples: Sequence[Sample]) -> bytes:
    """Return samples as a file: by name in the order of `HELP`, then by labels; the same samples, the same bytes."""
    lines = []
    for name, (kind, words) in HELP.items():
        mine = sorted(sample for sample in samples if sample.name == name)
        if mine:
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}", *map(_line, mine)]
    return ("\n".join(lines) + "\n").encode()


def _line(sample: Sample) -> str:
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels)
    value = f"{sample.value:.3f}".rstrip("0").rstrip(".")
    return f"{sample.name}{{{labels}}} {value}" if labels else f"{sample.name} {value}"


def _escaped(value: str) -> str:
    """Return a label's value; ids come from the cloud, and what cannot be seen is written out."""
    return one_line(value, _MAX_LABEL).replace("\\", "\\\\").replace('"', '\\"')


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def parsed(data: bytes) -> list[Sample]:
    """Return the samples of a file that `written` made; lines of somebody else are left out."""
    made = []
    for line in data.decode("utf-8", "replace").splitlines():
        found = _LINE.match(line)
        if found is not None and found.group(1) in HELP:
            labels = tuple((name, _plain(value)) for name, value in _LABEL.findall(found.group(2) or ""))
            made.append(Sample(found.group(1), labels, float(found.group(3))))
    return made
