"""The trust graph of an Azure subscription: credentials lead to principals, assignments lead to role definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scanner.model.finding import Finding, Result
from scanner.model.report import RoleReview
from scanner.render.html.graph_ways import COMPARED, RANK, End, Tone, Way, powers
from scanner.render.text import count, one_line

_AZURE_IN = {
    "AZURE-FED-001": "federated credential",
    "AZURE-SECRET-005": "certificate or credential of its own",
    "AZURE-OWNER-001": "owner, who may add credentials",
}
_AZURE_OUT = {"AZURE-ASSIGN-001", "AZURE-ASSIGN-003"}


def azure_ways(scope_id: str, reviews: Iterable[RoleReview], findings: Iterable[Finding]) -> Iterator[Way]:
    """Yield who can act as a principal and what it holds; in Azure the reviewed thing is the role definition."""
    found = [f for f in findings if f.cloud == "azure" and f.scope.id == scope_id]
    beyond = {f.subject.name for f in found if f.rule_id == "AZURE-ASSIGN-002" and f.result is Result.FAIL}
    beyond |= {str(f.observed.value) for f in found if f.rule_id == "AZURE-ASSIGN-008" and f.observed}
    known = {f.subject.name for f in found if f.rule_id == "AZURE-ASSIGN-001" and f.result is Result.PASS}
    stray = {f.subject.name for f in found if f.rule_id == "AZURE-APP-002" and f.result is Result.FAIL}
    for review in reviews:
        definition = End(one_line(review.name, 160), "role definition")
        for holder in review.external_principals:
            who = End(one_line(holder, 160), "principal")
            tone = _azure_tone(review, holder, beyond, known)
            if review.diff.added and RANK[tone] < RANK["excess"]:
                more = f"assigned; grants {count(review.excess, 'piece')} beyond the documents"
                yield Way(who, definition, "excess", more)
            elif review.verdict not in COMPARED and tone == "documented":
                yield Way(who, definition, "unread", "assigned; what it grants is not proven")
            else:
                yield Way(who, definition, tone, "assigned")
        owner = [f for f in found if f.rule_id == "AZURE-RISK-001" and f.subject.key == review.arn]
        for holder in review.external_principals:
            yield from powers(owner, review.arn or "", End(one_line(holder, 160), "principal"))
    for finding in found:
        yield from _azure_finding(finding, stray)


def _azure_tone(review: RoleReview, holder: str, beyond: set[str], known: set[str]) -> Tone:
    if review.documented_as is None:
        return "undocumented"
    if holder in beyond:
        return "excess"
    return "documented" if holder in known else "unread"


def _azure_finding(finding: Finding, stray: set[str]) -> Iterator[Way]:
    who = End(one_line(finding.subject.name or finding.subject.key, 160), "principal")
    value = finding.observed.value if finding.observed else None
    if finding.result is Result.FAIL and finding.rule_id in _AZURE_IN:
        start = End(_credential(finding.rule_id, value), _AZURE_IN[finding.rule_id])
        yield Way(start, who, "excess", _AZURE_IN[finding.rule_id])
    if finding.rule_id == "AZURE-SECRET-004" and any("passwordCredentials" in e.pointer for e in finding.evidence):
        tone: Tone = "excess" if finding.result is Result.FAIL else "documented"
        yield Way(End("Whoever holds a client secret", "static secret"), who, tone, "client secret")
    if finding.result is Result.FAIL and finding.rule_id in _AZURE_OUT and isinstance(value, dict):
        role, scope = str(value.get("role", "a role")), str(value.get("scope", ""))
        how = "eligible, can be activated" if finding.rule_id == "AZURE-ASSIGN-003" else "assigned"
        yield Way(who, End(one_line(role, 80), one_line(f"at {scope}", 160)), "excess", how)
    if finding.result is Result.FAIL and finding.rule_id == "AZURE-GRAPH-001":
        yield Way(who, End("Graph permissions", "not documented"), "excess", one_line(f"application role {value}", 200))
    if finding.rule_id == "AZURE-ASSIGN-005" and finding.result is Result.FAIL:
        tenant = value.get("tenant", "another tenant") if isinstance(value, dict) else "another tenant"
        yield Way(End(one_line(f"Tenant {tenant}", 160), "Lighthouse delegation"), who, "excess", "delegated")
    if finding.subject.name in stray and finding.rule_id == "AZURE-APP-002":
        yield Way(who, End("Access that no document names", "undocumented principal"), "undocumented", "not documented")


def _credential(rule_id: str, value: Any) -> str:
    if rule_id == "AZURE-FED-001" and isinstance(value, dict):
        return one_line(str(value.get("subject") or value.get("issuer") or "another issuer"), 200)
    if isinstance(value, list) and value:
        return one_line(str(value[0]) if len(value) == 1 else f"{value[0]} and {len(value) - 1} more", 200)
    return "Somebody"
