"""From a report to an exit code: which results stop a pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.app.exit_codes import CLEAN, FINDINGS, INCOMPLETE, INTERNAL, strongest
from scanner.assess.verdict import not_found
from scanner.model.finding import SEVERITY_ORDER, Axis, Finding, Result
from scanner.model.question import Question
from scanner.model.report import Report
from scanner.model.snapshot import Unit, UnitStatus
from scanner.model.waiver import WaiverKind

GATES = ("critical", "high", "medium", "low", "none")
"""What `--fail-on` and `--fail-on-posture` accept. Severity info passes every gate."""


RATCHET = frozenset({"new", "worsened", "reappeared", "waiver_expired"})
"""The deltas that `--ratchet` counts."""


def exit_code(
    report: Report,
    *,
    fail_on: str,
    fail_on_posture: str,
    allow_incomplete: bool,
    ratchet: bool = False,
    history_lost: bool = False,
) -> int:
    """Return 0, 1, 2 or 4 for a report; a rule's error beats a finding, and a finding beats incompleteness.

    With `ratchet` only what is new or worse is a finding; without the history that would tell, nothing is proven.
    """
    codes = [INCOMPLETE if ratchet and history_lost else CLEAN]
    if report.errors or any(f.result is Result.ERROR for f in report.findings):
        codes.append(INTERNAL)
    counted = [f for f in report.findings if not ratchet or f.delta in RATCHET]
    if any(_stops(f, fail_on, fail_on_posture) for f in counted):
        codes.append(FINDINGS)
    if not allow_incomplete and any(_gaps(report)):
        codes.append(INCOMPLETE)
    return strongest(codes)


def _stops(finding: Finding, fail_on: str, fail_on_posture: str) -> bool:
    if finding.result is not Result.FAIL or finding.status == "WAIVED":
        return False
    gate = {Axis.CONFORMANCE: fail_on, Axis.POSTURE: fail_on_posture}.get(finding.axis, "none")
    return at_or_above(finding.severity.value, gate)


def at_or_above(severity: str, gate: str) -> bool:
    """Return whether a severity reaches a gate; nothing reaches `none`."""
    if gate == "none":
        return False
    order = [s.value for s in SEVERITY_ORDER]
    return order.index(severity) <= order.index(gate)


def _gaps(report: Report) -> Iterator[bool]:
    acknowledged = {unit_id for row in report.waivers for unit_id in row.units}
    yield from (f.result is Result.INCOMPLETE and f.blocking and not _acknowledged(f) for f in report.findings)
    if report.run.question is Question.REVOKED:
        # What only a person can tell is not proven to be gone.
        yield from (
            f.result is Result.MANUAL and f.axis is Axis.CONFORMANCE and f.status != "WAIVED" for f in report.findings
        )
    yield from (_unread(unit) for unit in report.units if unit.unit_id not in acknowledged)
    yield bool(not_found(report.findings, report.reviews, report.run.source, report.populations))


def _acknowledged(finding: Finding) -> bool:
    """Return whether somebody answers for the gap that leaves a result open; it stays on the first page."""
    return finding.waiver is not None and finding.waiver.get("kind") == WaiverKind.ACK.value


def _unread(unit: Unit) -> bool:
    """Return whether a unit that was to be read was not. What a file cannot carry is judged by the findings."""
    return unit.required and unit.status not in {UnitStatus.COMPLETE, UnitStatus.NOT_IN_INPUT}
