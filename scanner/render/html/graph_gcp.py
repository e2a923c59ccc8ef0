"""The trust graph of a GCP project: policies of service accounts lead in, bindings lead out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.model.finding import Finding, Result
from scanner.model.report import RoleReview
from scanner.render.html.graph_ways import NOT_PROVEN, SAME, End, Tone, Way, json_object, texts_of
from scanner.render.text import count, one_line


def gcp_in(review: RoleReview, findings: Iterable[Finding], identity: End) -> Iterator[Way]:
    """Yield who may act as a service account: members of its own policy, and whoever holds a key."""
    if not json_object(review.live_trust):
        why = "its own policy was not read or not understood"
        yield Way(End("Not read", "policy of the account"), identity, "unread", why)
    documented = set(texts_of(json_object(review.documented_trust).get("members")))
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
    if documented or review.trust_verdict in SAME:
        return "documented"
    return "unread" if review.trust_verdict == "undecided" else "excess"


def _members(policy: str | None) -> Iterator[tuple[str, str]]:
    bindings = json_object(policy).get("bindings")
    for binding in bindings if isinstance(bindings, list) else []:
        if isinstance(binding, dict):
            for member in texts_of(binding.get("members")):
                yield str(binding.get("role", "")), member


def _gcp_end(member: str) -> End:
    kind, _, name = member.partition(":")
    if member in {"allUsers", "allAuthenticatedUsers"}:
        return End("Anyone", "every Google account" if member == "allAuthenticatedUsers" else "without signing in")
    if kind in {"principal", "principalSet"}:
        return End(one_line(name.split("/workloadIdentityPools/")[-1], 200), "workload identity pool")
    words = {"serviceAccount": "service account", "deleted": "deleted account"}
    return End(one_line(name or member, 200), words.get(kind, one_line(kind, 40)))


def gcp_out(review: RoleReview, identity: End) -> Iterator[Way]:
    """Yield the projects, folders and organizations on which a service account holds roles."""
    at: dict[str, list[tuple[str, bool]]] = {}
    for row in review.live:
        body = json_object(row.json)
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
        yield Way(identity, NOT_PROVEN, "unread", said)
