"""The two lines on top of every report, and the counts behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from scanner.model.finding import SEVERITY_ORDER, Axis, Finding, Result, Severity
from scanner.model.report import Population, RoleReview, Summary, Verdict
from scanner.model.snapshot import SourceKind, Unit, UnitStatus

YES, NO, NOT_PROVEN = "yes", "no", "not proven"
NOT_JUDGED = "NotJudged"
"""Error code of the unit that names what else is in a template."""


HELD = "held to be Porter's"
"""Ends the names of lists of what the vendor has beside the roles that are compared."""


def verdict(
    findings: Sequence[Finding],
    reviews: Sequence[RoleReview],
    units: Sequence[Unit],
    source: SourceKind,
    populations: Sequence[Population] = (),
) -> Verdict:
    """Return the two verdict lines. A deviation weighs more than something unread; both weigh more than silence."""
    deviations = [f for f in findings if _deviates(f)]
    open_points = [f for f in findings if _leaves_open(f)]
    required = [u for u in units if u.required and u.status not in (UnitStatus.COMPLETE, UnitStatus.NOT_IN_INPUT)]
    missed = not_found(findings, reviews, source, populations)
    answer = NO if deviations else NOT_PROVEN if open_points or required or missed else YES
    unread = tuple(
        f"{u.kind}{'' if u.region == 'global' else ' in ' + u.region}: {u.status.value}"
        for u in units
        if u.status not in (UnitStatus.COMPLETE, UnitStatus.NOT_IN_INPUT)
    )
    scope, held = _scope(source, units), _held(populations)
    return Verdict(
        as_documented=answer,
        headline=_headline(answer, deviations, open_points, reviews, unread, scope, held, missed),
        allows=_allows(findings, all_documented=answer != NO),
        unread=unread,
    )


def not_found(
    findings: Iterable[Finding], reviews: Iterable[RoleReview], source: SourceKind, populations: Iterable[Population]
) -> tuple[str, ...]:
    """Return the ids of live scopes where the vendor is expected and nothing goes by a name of the vendor's.

    Nothing was judged there: what the vendor has may go by another name.
    """
    if source is not SourceKind.LIVE:
        return ()
    here = {r.scope_id for r in reviews if r.present} | {p.scope_id for p in populations if _is_held(p)}
    expected = {f.scope.id for f in findings if f.scope.presence == "expected"}
    return tuple(sorted(expected - here))


def _is_held(population: Population) -> bool:
    return population.name.endswith(HELD) and population.count > 0


def _held(populations: Iterable[Population]) -> int:
    return sum(p.count for p in populations if _is_held(p))


def _deviates(finding: Finding) -> bool:
    """Return whether access or a lost guard goes beyond the documents (missing grants are information).

    A waiver accepts a deviation; it does not make it documented.
    """
    return (
        finding.axis is Axis.CONFORMANCE
        and finding.result is Result.FAIL
        and finding.severity is not Severity.INFO
    )


def _leaves_open(finding: Finding) -> bool:
    if finding.result is Result.MANUAL:
        return finding.axis is Axis.CONFORMANCE
    return finding.result is Result.ERROR or (finding.result is Result.INCOMPLETE and finding.blocking)


def _scope(source: SourceKind, units: Sequence[Unit]) -> str:
    """Return what a file leaves open, as the last sentence of the headline."""
    if source is SourceKind.LIVE:
        return ""
    if any(u.error is not None and u.error.code == NOT_JUDGED for u in units):
        return " For this input only: neither its other resources nor what it does not contain were judged."
    return " For this input only: what it does not contain was not judged."


def _headline(
    answer: str,
    deviations: Sequence[Finding],
    open_points: Sequence[Finding],
    reviews: Sequence[RoleReview],
    unread: Sequence[str],
    scope: str,
    held: int,
    missed: Sequence[str],
) -> str:
    present = [r for r in reviews if r.present]
    reading = "" if not unread else f" Not read: {count(len(unread), 'unit')}."
    if not present and answer == YES:
        other = f"{count(held, 'principal or registration', 'principals and registrations')} of Porter's"
        said = f"{other} found, and no role that could be compared; nothing beyond the documented version was seen"
        return f"{said if held else 'No Porter access found'}.{reading}{scope}"
    actions = sum(r.live_actions for r in present)
    compared = f"{count(len(present), 'identity', 'identities')} with {count(actions, 'granted action')} compared"
    if answer == NO:
        subjects = len({f.subject.key for f in deviations})
        waived = sum(f.status == "WAIVED" for f in deviations)
        accepted = f", {'all' if waived == len(deviations) else waived} of them waived" if waived else ""
        said = f"{count(len(deviations), 'deviation')} on {count(subjects, 'subject')}{accepted}; {compared}."
    elif answer == NOT_PROVEN:
        points = f"{count(len(open_points), 'open point')}, " if open_points else ""
        points += f"nothing found by name in {join(missed, 'scopes')}, where Porter is expected; " if missed else ""
        said = f"{points}no deviation seen; {compared}."
    else:
        said = f"nothing beyond the documented version; {compared}, everything required was read."
    return f"{said[0].upper()}{said[1:]}{reading}{scope}"


def count(n: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{n} {singular if n == 1 else plural or singular + 's'}"


# What a documented risk allows, in plain words; `{who}` are the roles.
_PLAIN = {
    "AWS-ESC-001": "administrator of the account through {who}",
    "AWS-TRUST-003": "{who} without ExternalId",
    "AWS-PASS-002": "any role handed to a service through {who}",
    "AWS-CLAIM-003": "access that stays when the stack is deleted ({who})",
    "AWS-TRUST-004": "service principals of {who} not bound to the account",
    "AZURE-RISK-001": "Owner of the subscription, in effect, through {who}",
    "AZURE-GRAPH-004": "control over the whole Entra tenant through {who}",
    "GCP-ESC-001": "owner of the project through {who}",
    "GCP-KEY-003": "a static key that works as {who}",
}


def _allows(findings: Iterable[Finding], *, all_documented: bool) -> str:
    """Return the worst documented risks in plain words.

    Rules look at what is live: where that goes beyond the documents, risks of the excess are among them, which is said.
    """
    risks = [f for f in findings if f.axis is Axis.POSTURE and f.result is Result.FAIL]
    if not risks:
        return "no documented risk was found by the rules that ran."
    by_rule: dict[str, list[Finding]] = {}
    for finding in risks:
        by_rule.setdefault(finding.rule_id, []).append(finding)
    rank = {s: i for i, s in enumerate(SEVERITY_ORDER)}
    plain = list(_PLAIN)
    ordered = sorted(
        by_rule,
        key=lambda r: (min(rank[f.severity] for f in by_rule[r]), plain.index(r) if r in _PLAIN else len(plain), r),
    )
    phrases: list[str] = []
    told = [rule for rule in ordered if rule in _PLAIN][:3]
    for rule in told:
        worst = min(rank[f.severity] for f in by_rule[rule])
        who = sorted({f.porter_role or f.subject.name for f in by_rule[rule] if rank[f.severity] == worst})
        phrases.append(_PLAIN[rule].format(who=join(who)))
    if not phrases:
        told, phrases = ordered[:1], [by_rule[ordered[0]][0].rule_title]
    rest = len(risks) - sum(len(by_rule[r]) for r in told)
    tail = f"; {count(rest, 'more documented risk' if all_documented else 'more risk')}" if rest > 0 else ""
    return "; ".join(phrases) + tail + ("." if all_documented else ". Risks of undocumented access are counted too.")


def join(names: Sequence[str], noun: str = "roles") -> str:
    """Return names as prose; more than three become a count."""
    if len(names) > 3:
        return f"{len(names)} {noun}"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def summary(findings: Sequence[Finding], units: Sequence[Unit], rules_evaluated: int) -> Summary:
    """Return the counts; the exit code is filled by the caller who knows the gates."""

    def severities(axis: Axis) -> dict[str, int]:
        counted = Counter(f.severity.value for f in findings if f.axis is axis and f.result is Result.FAIL)
        return {s.value: counted.get(s.value, 0) for s in SEVERITY_ORDER}

    results = Counter(f.status for f in findings)
    return Summary(
        results={name: results.get(name, 0) for name in (*(r.value for r in Result), "WAIVED")},
        conformance_fail=severities(Axis.CONFORMANCE),
        posture_fail=severities(Axis.POSTURE),
        units={s.value: n for s in UnitStatus if (n := sum(u.status is s for u in units))},
        rules_evaluated=rules_evaluated,
        exit_code=0,
    )
