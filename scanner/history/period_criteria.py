"""What runs were judged by, and which waivers were in force, by date. What nobody kept is said to be unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from scanner.model.period import CriterionLine, KnownReport, KnownRun, KnownWaiver, WaiverLine

DOCUMENTED, SOURCE, DIGEST, PROGRAM, RULES, CATALOGUE, WAIVERS = (
    "documented version",
    "input",
    "digest of the documented version",
    "program version",
    "digest of the rules",
    "action catalogue",
    "waivers in force",
)
CRITERIA = (DOCUMENTED, SOURCE, DIGEST, PROGRAM, RULES, CATALOGUE, WAIVERS)
IN_FORCE, EXPIRED = "in_force", "expired"
NONE = "none"


def criterion_lines(runs: Sequence[KnownRun], reports: Mapping[str, KnownReport]) -> tuple[CriterionLine, ...]:
    """Return what changed and when, by kind and time. `runs` are those of the span, in the order of time."""
    lines: list[CriterionLine] = []
    for scopes in sorted({run.scopes for run in runs}):
        mine = [run for run in runs if run.scopes == scopes]
        for what in CRITERIA:
            lines += _stretches(what, scopes, mine, reports)
    return tuple(sorted(_together(lines), key=lambda c: (CRITERIA.index(c.what), c.first, c.value, c.scopes)))


def _stretches(
    what: str, scopes: tuple[str, ...], runs: Iterable[KnownRun], reports: Mapping[str, KnownReport]
) -> list[CriterionLine]:
    lines: list[CriterionLine] = []
    for run in runs:
        value = _value(what, run, reports.get(run.run_id))
        if lines and lines[-1].value == value:
            before = lines[-1]
            lines[-1] = CriterionLine(what, value, before.first, run.as_of, before.runs + 1, scopes)
        else:
            lines.append(CriterionLine(what, value, run.as_of, run.as_of, 1, scopes))
    return lines


def _value(what: str, run: KnownRun, report: KnownReport | None) -> str:
    if what == DOCUMENTED:
        return run.baseline
    if report is None:
        return ""
    if what == WAIVERS:
        return ", ".join(sorted(w.id for w in report.waivers if w.state == IN_FORCE)) or NONE
    return {
        SOURCE: report.source,
        DIGEST: report.baseline_digest,
        PROGRAM: report.tool_version,
        RULES: report.rules_digest,
        CATALOGUE: report.catalogue,
    }[what]


def _together(lines: Iterable[CriterionLine]) -> list[CriterionLine]:
    """Tell scopes that are scanned in the same nights by the same as one."""
    found: dict[tuple[object, ...], CriterionLine] = {}
    for line in lines:
        key = (line.what, line.value, line.first.date(), line.last.date(), line.runs)
        before = found.get(key)
        if before is None:
            found[key] = line
            continue
        found[key] = CriterionLine(
            what=line.what,
            value=line.value,
            first=min(before.first, line.first),
            last=max(before.last, line.last),
            runs=line.runs,
            scopes=tuple(sorted({*before.scopes, *line.scopes})),
        )
    return list(found.values())


def waiver_lines(runs: Sequence[KnownRun], reports: Mapping[str, KnownReport]) -> tuple[WaiverLine, ...]:
    """Return every waiver that a run of the span was given, by id and end."""
    told: dict[tuple[str, str], list[tuple[datetime, KnownWaiver]]] = {}
    for run in runs:
        report = reports.get(run.run_id)
        for waiver in report.waivers if report is not None else ():
            told.setdefault((waiver.id, waiver.expires), []).append((run.as_of, waiver))
    return tuple(_waiver(told[key]) for key in sorted(told))


def _waiver(told: Sequence[tuple[datetime, KnownWaiver]]) -> WaiverLine:
    return WaiverLine(
        waiver=told[-1][1],
        first=told[0][0],
        last=told[-1][0],
        in_force=sum(waiver.state == IN_FORCE for _, waiver in told),
        expired=sum(waiver.state == EXPIRED for _, waiver in told),
        covered=tuple(sorted({name for _, waiver in told for name in (*waiver.matched, *waiver.units)})),
    )
