"""Who can become which identity, and what it then reaches: read from the reviews and findings of each cloud."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from scanner.model.finding import Axis, Finding, Result, Severity
from scanner.model.report import Report, RoleReview
from scanner.render.html_values import flat_principals
from scanner.render.text import count, one_line

Tone = Literal["documented", "risk", "unread", "undocumented", "excess"]
RANK: dict[str, int] = {"documented": 0, "risk": 1, "unread": 2, "undocumented": 3, "excess": 4}
"""The worse of two ways between the same ends is shown."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_ROLE_ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::([0-9]{12}):(.+)")
_SAME = {"equal", "narrower"}
_COMPARED = {*_SAME, "broader", "different"}
_POWERS = {
    "AWS-ESC-001": ("Administrator of the account", "in effect, by what is granted"),
    "AWS-PASS-002": ("Any role, handed to a service", "PassRole without a service"),
    "AZURE-RISK-001": ("Owner of the subscription", "in effect, by what is granted"),
    "AZURE-GRAPH-004": ("Control over the Entra tenant", "by Graph permissions"),
    "GCP-ESC-001": ("Grants itself further access", "by what is granted"),
}
"""Rules of the posture axis whose failure says where an identity gets."""


class End(msgspec.Struct, frozen=True):
    """A box: what it is called, and what kind of thing it is."""

    label: str
    detail: str = ""


class Way(msgspec.Struct, frozen=True):
    """From one box to another."""

    start: End
    end: End
    tone: Tone
    how: str


_NOT_PROVEN = End("Not proven", "not read, or not decided")


def ways_in(review: RoleReview, report: Report, identity: End) -> Iterator[Way]:
    """Yield who can become the identity of a review, and how."""
    match review.cloud:
        case "aws":
            yield from _aws_in(review, identity, _vendor_accounts(report))
        case "gcp":
            yield from _gcp_in(review, report.findings, identity)


def ways_out(review: RoleReview, findings: Iterable[Finding], identity: End) -> Iterator[Way]:
    """Yield what the identity of a review reaches."""
    if review.cloud == "gcp":
        yield from _gcp_out(review, identity)
    else:
        yield from _plain_out(review, identity)
    yield from powers(findings, review.arn or "", identity)


def powers(findings: Iterable[Finding], key: str, identity: End) -> Iterator[Way]:
    """Yield the documented risks that say where an identity gets, each once."""
    told: set[str] = set()
    for finding in findings:
        if finding.subject.key != key or finding.rule_id not in _POWERS or finding.rule_id in told:
            continue
        if finding.axis is Axis.POSTURE and finding.result is Result.FAIL and _weighs(finding):
            told.add(finding.rule_id)
            yield Way(identity, End(*_POWERS[finding.rule_id]), "risk", f"documented risk, {finding.rule_id}")


def _weighs(finding: Finding) -> bool:
    """Return whether an escalation leads all the way; lesser ones stand in the findings."""
    return finding.severity is Severity.CRITICAL or finding.rule_id not in {"AWS-ESC-001"}


# --- AWS -------------------------------------------------------------------------------------------------------------


def _aws_in(review: RoleReview, identity: End, vendor: frozenset[str]) -> Iterator[Way]:
    if review.live_trust is None or _statements(review.live_trust) is None:
        why = "its trust policy was not read or not understood"
        yield Way(End("Not read", "trust policy"), identity, "unread", why)
        return
    documented = {pair for pair, _ in _trusted(review.documented_trust)}
    added: dict[tuple[str, str], str] = {}
    for entry in review.trust_diff.added:
        for flat in flat_principals(entry.principals):
            added.setdefault(_pair(flat), entry.kind)
    for pair, actions in _trusted(review.live_trust):
        tone = _aws_tone(review, pair, documented, added)
        yield Way(_aws_end(pair, review, vendor), identity, tone, _aws_how(actions, added.get(pair)))


def _aws_tone(
    review: RoleReview,
    pair: tuple[str, str],
    documented: set[tuple[str, str]],
    added: dict[tuple[str, str], str],
) -> Tone:
    if review.documented_as is None:
        return "undocumented"
    if pair in added:
        return "excess"
    if pair in documented or review.trust_verdict in _SAME:
        return "documented"
    return "unread" if review.trust_verdict == "undecided" or review.trust_diff.undecided else "excess"


def _aws_how(actions: str, kind: str | None) -> str:
    more = {"condition": "without the documented condition", "action": "more actions than documented"}.get(kind or "")
    return one_line(f"{actions}, {more}" if more else actions, 200)


def _trusted(policy: str | None) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((kind, principal), actions) of every Allow statement of a trust policy."""
    for body in _statements(policy) or ():
        if body.get("Effect", "Allow") != "Allow":
            continue
        actions = ", ".join(_texts(body.get("Action"))) or "every action but some"
        principal = body.get("Principal")
        if isinstance(principal, dict):
            for flat in flat_principals(principal):
                yield _pair(flat), actions
        elif principal is not None:
            yield ("AWS", "*"), actions
        if "NotPrincipal" in body:
            yield ("AWS", "* but some"), actions


def _statements(policy: str | None) -> list[dict[str, Any]] | None:
    """Return the statements of a policy; None where any of it is not one."""
    found = _object(policy).get("Statement")
    rows: list[Any] = found if isinstance(found, list) else [found]
    return rows if all(isinstance(one, dict) for one in rows) else None


def _texts(raw: Any) -> list[str]:
    return [one for one in (raw if isinstance(raw, list) else [raw]) if isinstance(one, str)]


def _pair(flat: str) -> tuple[str, str]:
    kind, _, value = flat.partition(": ")
    return kind, f"arn:aws:iam::{value}:root" if _ACCOUNT.fullmatch(value) else value


def _aws_end(pair: tuple[str, str], review: RoleReview, vendor: frozenset[str]) -> End:
    kind, value = pair
    if kind == "Service":
        return End(one_line(value, 120), "AWS service")
    if kind in {"Federated", "CanonicalUser"}:
        return End(one_line(value.rsplit(":oidc-provider/", 1)[-1], 200), "identity provider")
    if value.startswith("*"):
        return End("Anyone" if value == "*" else "Anyone, but some", "every AWS account")
    found = _ROLE_ARN.fullmatch(value)
    if found is None:
        return End(one_line(value, 120), "a principal that is no ARN")
    account, rest = found.groups()
    detail = "the whole account" if rest == "root" else one_line(rest, 160)
    if account in vendor:
        return End(f"Porter, account {account}", detail)
    return End("This account" if account == review.scope_id else f"Account {account}", detail)


def _vendor_accounts(report: Report) -> frozenset[str]:
    """Return the accounts that the documented trust policies name, and the one given as a parameter."""
    named = {
        found.group(1)
        for review in report.reviews
        for (kind, value), _ in (_trusted(review.documented_trust) if review.cloud == "aws" else ())
        if kind == "AWS" and (found := _ROLE_ARN.fullmatch(value)) and found.group(1) != review.scope_id
    }
    given = {
        found.group()
        for name, text in report.run.parameters
        if name == "porter_account_id" and (found := _ACCOUNT.match(text))
    }
    return frozenset(named | given)


def aws_beside(findings: Iterable[Finding], scope_id: str, known: dict[str, End]) -> Iterator[Way]:
    """Yield ways that no review holds: pods given a role against the documents, users named like the vendor's."""
    for finding in findings:
        if finding.cloud != "aws" or finding.scope.id != scope_id or finding.result is not Result.FAIL:
            continue
        value = finding.observed.value if finding.observed else None
        name = one_line(finding.subject.name or finding.subject.key, 160)
        if finding.rule_id == "AWS-POD-001" and isinstance(value, dict) and value.get("role") in known:
            yield Way(End(name, "pod, by EKS Pod Identity"), known[value["role"]], "excess", "association")
        if finding.rule_id == "AWS-USER-001":
            user = End(name, "IAM user")
            yield Way(End("Whoever holds a key", "static key of a user"), user, "undocumented", "access key")
            yield Way(user, End("Access that no document names", "undocumented identity"), "undocumented", "IAM user")


def _plain_out(review: RoleReview, identity: End) -> Iterator[Way]:
    pieces = f"{review.live_actions:,} action patterns granted"
    if review.documented_as is None:
        yield Way(identity, End("Access that no document names", "undocumented identity"), "undocumented", pieces)
        return
    if review.verdict in _COMPARED:
        yield Way(identity, End("Documented access", "as the vendor's pages say"), "documented", pieces)
    if review.verdict not in _COMPARED or review.diff.undecided:
        yield Way(identity, _NOT_PROVEN, "unread", pieces)
    if review.diff.added:
        more = f"{count(review.excess, 'piece')} beyond the documents"
        yield Way(identity, End("More than documented", "excess access"), "excess", more)


# --- GCP -------------------------------------------------------------------------------------------------------------


def _gcp_in(review: RoleReview, findings: Iterable[Finding], identity: End) -> Iterator[Way]:
    if not _object(review.live_trust):
        why = "its own policy was not read or not understood"
        yield Way(End("Not read", "policy of the account"), identity, "unread", why)
    documented = set(_texts(_object(review.documented_trust).get("members")))
    for role, member in _members(review.live_trust):
        yield Way(_gcp_end(member), identity, _gcp_tone(review, member in documented), one_line(role, 120))
    mine = [f for f in findings if f.subject.key == (review.arn or "") and f.result is Result.FAIL]
    if any(f.rule_id == "GCP-KEY-003" for f in mine):
        beyond = any(f.rule_id == "GCP-KEY-001" for f in mine)
        tone: Tone = "undocumented" if review.documented_as is None else "excess" if beyond else "documented"
        said = "static key, more than documented" if beyond else "static key"
        yield Way(End("Whoever holds a key", "static key of the account"), identity, tone, said)


def _gcp_tone(review: RoleReview, documented: bool) -> Tone:
    if review.documented_as is None:
        return "undocumented"
    if documented or review.trust_verdict in _SAME:
        return "documented"
    return "unread" if review.trust_verdict == "undecided" else "excess"


def _members(policy: str | None) -> Iterator[tuple[str, str]]:
    bindings = _object(policy).get("bindings")
    for binding in bindings if isinstance(bindings, list) else []:
        if isinstance(binding, dict):
            for member in _texts(binding.get("members")):
                yield str(binding.get("role", "")), member


def _gcp_end(member: str) -> End:
    kind, _, name = member.partition(":")
    if member in {"allUsers", "allAuthenticatedUsers"}:
        return End("Anyone", "every Google account" if member == "allAuthenticatedUsers" else "without signing in")
    if kind in {"principal", "principalSet"}:
        return End(one_line(name.split("/workloadIdentityPools/")[-1], 200), "workload identity pool")
    words = {"serviceAccount": "service account", "deleted": "deleted account"}
    return End(one_line(name or member, 200), words.get(kind, one_line(kind, 40)))


def _gcp_out(review: RoleReview, identity: End) -> Iterator[Way]:
    at: dict[str, list[tuple[str, bool]]] = {}
    for row in review.live:
        body = _object(row.json)
        at.setdefault(str(body.get("resource", "")), []).append((str(body.get("role", "")), "excess" in row.marks))
    for resource, roles in at.items():
        beyond = sorted({role for role, excess in roles if excess})
        tone: Tone = "documented"
        if review.documented_as is None:
            tone = "undocumented"
        elif beyond:
            tone = "excess"
        kind, _, _ = resource.partition("/")
        said = count(len({role for role, _ in roles}), "role")
        if beyond and review.documented_as is not None:
            said += f", not documented: {', '.join(beyond)}"
        detail = {"projects": "project", "folders": "folder", "organizations": "organization"}.get(kind, "resource")
        yield Way(identity, End(one_line(resource, 160), detail), tone, one_line(said, 400))
    if review.undecided:
        said = f"{count(review.undecided, 'point')} not decided"
        yield Way(identity, _NOT_PROVEN, "unread", said)


def _object(text: str | None) -> dict[str, Any]:
    try:
        body = json.loads(text or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


# --- Azure -----------------------------------------------------------------------------------------------------------

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
            elif review.verdict not in _COMPARED and tone == "documented":
                yield Way(who, definition, "unread", "assigned; what it grants is not proven")
            else:
                yield Way(who, definition, tone, "assigned")
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
