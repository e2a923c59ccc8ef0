"""The one order of a report: that of report.json. A report that was read back is told as the one that was made."""

from __future__ import annotations

from msgspec.structs import replace

from scanner.model.finding import Finding
from scanner.model.history import HistoryNote
from scanner.model.report import Report, RoleReview
from scanner.model.snapshot import Unit
from scanner.render.words import in_order

# As they are told: what is worse first. An object of JSON has no order of its own.
_DELTAS = (
    *("new", "worsened", "reappeared", "waiver_expired", "unchanged", "improved", "rule_changed", "waived", "fixed"),
    "unknown_incomplete",
)


def ordered(report: Report) -> Report:
    """Return the report with everything that has no order of its own in the order of report.json.

    Calls keep theirs: it is the order they were sent in.
    """
    run = report.run
    return replace(
        report,
        run=replace(run, parameters=tuple(sorted(run.parameters)), sdk_versions=tuple(sorted(run.sdk_versions))),
        scopes=tuple(sorted(report.scopes, key=lambda s: (s.cloud, s.kind, s.id))),
        units=tuple(_unit(unit) for unit in sorted(report.units, key=lambda u: u.unit_id)),
        populations=tuple(sorted(report.populations, key=lambda p: (p.scope_id, p.name))),
        tie_outs=tuple(sorted(report.tie_outs, key=lambda t: (t.scope_id, t.name))),
        reviews=tuple(_review(review) for review in sorted(report.reviews, key=review_key)),
        findings=tuple(_finding(finding) for finding in in_order(report.findings)),
        history=_history(report.history),
        pages=tuple(sorted(report.pages, key=lambda p: (p.unit_id, p.number))),
    )


def review_key(review: RoleReview) -> tuple[str, str, str, str]:
    """Return what reviews are sorted by."""
    return review.cloud, review.scope_id, review.name, review.arn or ""


def _history(note: HistoryNote | None) -> HistoryNote | None:
    if note is None:
        return None
    rank = {delta: number for number, delta in enumerate(_DELTAS)}
    deltas = sorted(note.deltas, key=lambda delta: (rank.get(delta, len(rank)), delta))
    return replace(note, deltas={delta: note.deltas[delta] for delta in deltas})


def _unit(unit: Unit) -> Unit:
    return replace(unit, apis=tuple(sorted(unit.apis)))


def _review(review: RoleReview) -> RoleReview:
    return replace(review, external_principals=tuple(sorted(review.external_principals)))


def _finding(finding: Finding) -> Finding:
    units, claims = tuple(sorted(finding.requires_units)), tuple(sorted(finding.claims))
    if (units, claims) == (finding.requires_units, finding.claims):
        return finding
    return replace(finding, requires_units=units, claims=claims)
