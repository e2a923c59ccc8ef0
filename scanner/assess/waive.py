"""Lay waivers over a report: results stay what they are, statuses and the register say what was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from scanner.assess.findings import Frame, to_finding
from scanner.assess.units import Basis
from scanner.assess.verdict import count, summary, verdict
from scanner.assess.waiver_match import (
    acknowledges,
    is_about,
    is_failure,
    objection,
    state_of,
    too_broad,
    unread,
)
from scanner.assess.waiver_rule import RULE
from scanner.model.common import JsonObject
from scanner.model.finding import Finding, Outcome, Result, Severity, Subject
from scanner.model.report import Report
from scanner.model.snapshot import Scope
from scanner.model.waiver import Waiver, WaiverKind, WaiverRow, WaiverState

EXPIRING = timedelta(days=14)
"""How long before its end a waiver is told of."""
WAIVED = "WAIVED"
EXPIRED_DELTA = "waiver_expired"


def waive(report: Report, waivers: Sequence[Waiver], as_of: datetime) -> Report:
    """Return the report with waivers laid over it, a register of all of them, and a hygiene finding for each.

    Without waivers the report is returned as it is. The exit code is the caller's.
    """
    if not waivers:
        return report
    ordered = sorted(waivers, key=lambda w: (w.id, w.ends))
    acknowledged = {
        unit.unit_id: waiver
        for waiver in reversed(ordered)
        if state_of(waiver, as_of) is WaiverState.IN_FORCE
        for unit in report.units
        if acknowledges(waiver, unit)
    }
    findings = tuple(_laid_over(f, ordered, acknowledged, report, as_of) for f in report.findings)
    rows = tuple(_row(w, report, findings, acknowledged, as_of) for w in ordered)
    scope = report.scopes[0] if report.scopes else Scope("none", "account", "none")
    judged = tuple(_hygiene(w, row, report, scope, as_of) for w, row in zip(ordered, rows, strict=True))
    everything = (*findings, *judged)
    return msgspec.structs.replace(
        report,
        findings=everything,
        waivers=rows,
        verdict=verdict(everything, report.reviews, report.units, report.run.source, report.populations),
        summary=msgspec.structs.replace(
            summary(everything, report.units, report.summary.rules_evaluated), exit_code=report.summary.exit_code
        ),
    )


def _laid_over(
    finding: Finding, waivers: Sequence[Waiver], acknowledged: dict[str, Waiver], report: Report, as_of: datetime
) -> Finding:
    if finding.result is Result.INCOMPLETE:
        waiver = _gap_waiver(finding, acknowledged, report)
        return finding if waiver is None else msgspec.structs.replace(finding, waiver=_as_json(waiver))
    if not is_failure(finding):
        return finding
    about = [w for w in waivers if is_about(w, finding)]
    holding = [w for w in about if state_of(w, as_of) is WaiverState.IN_FORCE and not objection(w, finding)]
    if holding:
        longest = max(holding, key=lambda w: w.ends)
        return msgspec.structs.replace(finding, status=WAIVED, waiver=_as_json(longest), delta="waived")
    if any(state_of(w, as_of) is WaiverState.EXPIRED for w in about):
        return msgspec.structs.replace(finding, delta=EXPIRED_DELTA)
    return finding


def _gap_waiver(finding: Finding, acknowledged: dict[str, Waiver], report: Report) -> Waiver | None:
    """Return the acknowledgement of an INCOMPLETE whose every unread unit is acknowledged.

    A result that is open for another reason (undecided access, a unit never asked for) has none.
    """
    if finding.reason_code != "UNIT_UNREAD":
        return None
    by_id = {unit.unit_id: unit for unit in report.units}
    open_units = [u for u in finding.requires_units if u not in by_id or unread(by_id[u])]
    never_asked = "(never asked)" in finding.message  # `Basis.reason` names these first, so that they are never cut
    if never_asked or not open_units or any(u not in acknowledged for u in open_units):
        return None
    return acknowledged[open_units[0]]


def _as_json(waiver: Waiver) -> JsonObject:
    return {
        "id": waiver.id,
        "kind": waiver.kind.value,
        "owner": waiver.owner,
        "approved_by": waiver.approved_by,
        "ticket": waiver.ticket,
        "reason": waiver.reason,
        "created": waiver.created.date().isoformat(),
        "expires": waiver.expires,
        "ceiling": msgspec.to_builtins(waiver.ceiling),
    }


def _row(
    waiver: Waiver, report: Report, findings: Sequence[Finding], acknowledged: dict[str, Waiver], as_of: datetime
) -> WaiverRow:
    about = [f for f in findings if is_failure(f) and is_about(waiver, f)]
    beyond = [f for f in about if objection(waiver, f)]
    in_force = state_of(waiver, as_of) is WaiverState.IN_FORCE
    units = tuple(u.unit_id for u in report.units if in_force and acknowledges(waiver, u))
    return WaiverRow(
        id=waiver.id,
        kind=waiver.kind,
        state=state_of(waiver, as_of),
        owner=waiver.owner,
        approved_by=waiver.approved_by,
        ticket=waiver.ticket,
        reason=waiver.reason,
        created=waiver.created,
        expires=waiver.expires,
        matched=tuple(f.finding_id for f in about if in_force and not objection(waiver, f)),
        beyond=tuple(f.finding_id for f in beyond),
        units=units,
        notes=tuple(_notes(waiver, report, about, beyond, units, as_of)),
    )


def _notes(
    waiver: Waiver,
    report: Report,
    about: Sequence[Finding],
    beyond: Sequence[Finding],
    units: Sequence[str],
    as_of: datetime,
) -> list[str]:
    notes = standing_notes(waiver, as_of)
    notes += [objection(waiver, finding) for finding in beyond]
    in_force = state_of(waiver, as_of) is WaiverState.IN_FORCE
    if in_force and not about and not units and _could_tell(waiver, report):
        notes.append("it matches nothing: mended, or never there")
    return notes


def standing_notes(waiver: Waiver, as_of: datetime) -> list[str]:
    """Return what can be said against a waiver without any report."""
    notes = []
    match state_of(waiver, as_of):
        case WaiverState.EXPIRED:
            notes.append(f"it expired ({waiver.expires})")
        case WaiverState.NOT_YET:
            notes.append(f"it is created in the future ({waiver.created.date().isoformat()})")
        case WaiverState.IN_FORCE if waiver.ends - as_of <= EXPIRING:
            notes.append(f"it expires soon ({waiver.expires})")
        case _:
            pass
    pattern = waiver.match.subject or waiver.match.unit
    if pattern is not None and too_broad(pattern):
        notes.append("its pattern is too broad: it ends in nothing but wildcards")
    return notes


def _could_tell(waiver: Waiver, report: Report) -> bool:
    """Return whether tonight's report can show that a waiver matches nothing."""
    if waiver.match.scope is not None and waiver.match.scope not in {s.id for s in report.scopes}:
        return False
    if waiver.kind is WaiverKind.ACK:
        return True
    unknown = [f for f in report.findings if f.result in (Result.INCOMPLETE, Result.ERROR)]
    if waiver.match.fingerprint is None:
        return all(f.rule_id != waiver.match.rule_id for f in unknown)
    seen = any(f.fingerprint == waiver.match.fingerprint for f in report.findings)
    return not any(f.fingerprint == waiver.match.fingerprint for f in unknown) if seen else not unknown


def _hygiene(waiver: Waiver, row: WaiverRow, report: Report, scope: Scope, as_of: datetime) -> Finding:
    covered = [count(len(row.matched), "finding")] if row.matched else []
    covered += [count(len(row.units), "collection gap")] if row.units else []
    stale = row.state is WaiverState.EXPIRED or bool(row.beyond)
    well = f"in force until {row.expires}, covers {' and '.join(covered) or 'nothing that could be judged tonight'}"
    said = "; ".join(row.notes) or well
    outcome = Outcome(
        subject=Subject("porter-audit.waiver", waiver.id, waiver.id),
        result=Result.FAIL if row.notes else Result.PASS,
        message=f"Waiver `{waiver.id}` of {waiver.owner}: {said}.",
        reason_code=row.state.value.upper() if not row.notes else "NEEDS_ATTENTION",
        severity=Severity.MEDIUM if stale else Severity.LOW,
    )
    basis = Basis(unit_ids=(), unread=(), blocking=False, not_in_input=False, never_asked=())
    return to_finding(outcome, Frame(RULE, scope, basis, report.run.baseline_id, as_of, require_live=False))
