"""What a report shows of a GCP project beside its findings: service accounts side by side, and countable lists."""

from __future__ import annotations

import json
from collections.abc import Iterable

from scanner.assess.populations import population
from scanner.assess.reviews import absent_review
from scanner.baseline.records_gcp import DocumentedServiceAccount
from scanner.errors import PolicyError
from scanner.model.common import JsonObject, NotObserved
from scanner.model.finding import Diff, DiffEntry
from scanner.model.inventory_gcp import GcpBinding, GcpPolicy, GcpProject, GcpServiceAccount
from scanner.model.report import Population, RoleReview, StatementRow, TieOut
from scanner.rules.differences import entry
from scanner.rules.gcp_context import GcpContext, documented_grant

_LAYERS = (
    "evaluated: allow policies of the project, of what was read above it, and of resources in it that were found",
    "not evaluated: members of groups and domains, access policies (IAM v3), principal access boundaries, "
    "access lists of single objects, domain-wide delegation, entitlements of Privileged Access Manager, API keys bound "
    "to the account, policies of other projects and of billing accounts, machines and services that run as the account",
)


def gcp_reviews(context: GcpContext) -> tuple[RoleReview, ...]:
    """Return a review of every service account of Porter's, and of documented ones that are not there."""
    live = [_review(context, account) for account in context.porter_accounts]
    seen = {review.documented_as for review in live}
    absent = [page for page in context.baseline.service_accounts if page.key not in seen]
    return (*live, *(_absent(context, page) for page in absent))


def _review(context: GcpContext, account: GcpServiceAccount) -> RoleReview:
    page = context.documented(account)
    below = context.grants_below(account)
    grants = [*context.grants(account), *below]
    beyond, undecided = _beyond(context, account, grants)
    held = {g.role for g in grants if g not in below}
    missing = [g.role for g in (page.grants if page else ()) if not g.optional and g.role not in held]
    permissions = {p for b in grants if (role := context.role(b.role)) for p in role.permissions}
    verdict = "undocumented" if page is None else _verdict(bool(beyond), bool(missing), bool(undecided))
    trust = _trust(account)
    return RoleReview(
        cloud="gcp",
        scope_id=context.project.project_id,
        name=account.account_id,
        arn=account.email,
        documented_as=page.key if page else None,
        present=True,
        optional=False,
        verdict=verdict,
        trust_verdict=_trust_verdict(account, page),
        external_id="",
        external_principals=trust,
        diff=Diff(added=tuple(beyond), undecided=tuple(undecided)),
        trust_diff=Diff(),
        live=tuple(_row(context, account, b) for b in grants),
        documented=_documented_rows(page, set(missing)),
        live_trust=_pretty(account.policy.document) if not isinstance(account.policy, NotObserved) else None,
        documented_trust=_documented_trust(page),
        layers=_LAYERS,
        excess=len(beyond),
        missing=len(missing),
        undecided=len(undecided),
        matched_statements=len(page.grants) - len([g for g in page.grants if g.role not in held]) if page else 0,
        documented_statements=len(page.grants) if page else 0,
        live_actions=len(permissions),
    )


def _verdict(excess: bool, missing: bool, undecided: bool) -> str:
    if excess:
        return "different" if missing else "broader"
    return "undecided" if undecided else "narrower" if missing else "equal"


def _beyond(
    context: GcpContext, account: GcpServiceAccount, grants: Iterable[GcpBinding]
) -> tuple[list[DiffEntry], list[str]]:
    """Return what bindings grant beyond the documents, and what could not be decided."""
    found: list[DiffEntry] = []
    undecided: list[str] = []
    for binding in grants:
        if documented_grant(context.documented(account), binding) is not None:
            continue
        try:
            comparison = context.compare(account, binding)
        except PolicyError as error:
            undecided.append(str(error))
            continue
        found += [entry(piece) for piece in comparison.excess]
        undecided += [f"{binding.role}: {u.reason}" for u in comparison.undecided if u.direction == "excess"]
    return found, undecided


def _trust_verdict(account: GcpServiceAccount, page: DocumentedServiceAccount | None) -> str:
    """Return how the account's own policy compares with the documented principal; member by member."""
    if isinstance(account.policy, NotObserved) or (page and page.federation and "{" in page.federation.member):
        return "undecided"
    documented = {page.federation.member} if page and page.federation else set()
    live = {m for m in _trust(account) if not m.startswith("deleted:")}
    if live - documented:
        return "broader"
    return "narrower" if documented - live else "equal"


def _trust(account: GcpServiceAccount) -> tuple[str, ...]:
    if isinstance(account.policy, NotObserved):
        return ()
    return tuple(sorted({m for b in account.policy.bindings for m in b.members}))


def _row(context: GcpContext, account: GcpServiceAccount, binding: GcpBinding) -> StatementRow:
    body: JsonObject = {"role": binding.role, "resource": binding.node}
    if binding.condition:
        body["condition"] = binding.condition
    documented = documented_grant(context.documented(account), binding) is not None
    marks = ("documented",) if documented else () if _inside(context, account, binding) else ("excess",)
    return StatementRow(f"{binding.node}: {binding.role}", _pretty(body), marks)


def _inside(context: GcpContext, account: GcpServiceAccount, binding: GcpBinding) -> bool:
    try:
        return context.compare(account, binding).contained is True
    except PolicyError:
        return False


def _documented_rows(page: DocumentedServiceAccount | None, missing: set[str]) -> tuple[StatementRow, ...]:
    return tuple(
        StatementRow(
            g.role,
            _pretty({"role": g.role, "scope": g.scope, "granted_by": g.granted_by}),
            ("missing",) if g.role in missing else (),
        )
        for g in (page.grants if page else ())
    )


def _documented_trust(page: DocumentedServiceAccount | None) -> str | None:
    if page is None or page.federation is None:
        return None
    return _pretty({"role": page.federation.member_role, "members": [page.federation.member]})


def _absent(context: GcpContext, page: DocumentedServiceAccount) -> RoleReview:
    return absent_review(
        "gcp",
        context.project.project_id,
        page.key,
        optional=page.optional,
        documented=_documented_rows(page, set()),
        documented_trust=_documented_trust(page),
        layers=_LAYERS,
    )


def gcp_populations(context: GcpContext) -> tuple[Population, ...]:
    """Return what was read of a project, list by list."""
    project = context.project
    lists: dict[str, Iterable[str]] = {
        "service accounts": (a.email for a in project.service_accounts),
        "service accounts held to be Porter's": (a.email for a in context.porter_accounts),
        "user-managed keys": _keys(project),
        "hmac keys": (f"{k.email} ...{k.key_id_tail} {k.created_at}" for k in project.hmac_keys),
        "bindings of the project": (f"{b.role} {m}" for p in context.policies() for b in p.bindings for m in b.members),
        "role definitions": (r.name for r in project.roles),
        "policies of resources in the project": (p.node for p in project.policies_below if p.node != project.node),
        "deny policies": (p.name for p in project.deny_policies),
        "workload identity pools": (p.name for p in project.pools),
        "enabled services": project.services,
        "gke node pools": (f"{n.location}/{n.cluster}/{n.name}" for n in project.node_pools),
    }
    return tuple(population(name, project.project_id, keys) for name, keys in lists.items())


def gcp_tie_outs(context: GcpContext) -> tuple[TieOut, ...]:
    """Compare the project's bindings as the project tells them with those that Cloud Asset Inventory finds."""
    project = context.project
    told = next((p for p in project.policies_below if p.node == project.node), None)
    if isinstance(project.policy, NotObserved):
        return ()
    read, found = _members(project.policy), None if told is None else _members(told)
    agrees = None if found is None else read == found
    explanation = {
        None: "Cloud Asset Inventory was not read",
        True: "",
        False: "the two differ: a change of the last minutes, or one of the answers is not whole",
    }[agrees]
    counted = None if found is None else len(found)
    source = "cloudasset.googleapis.com:searchAllIamPolicies"
    return (TieOut("bindings of the project", project.project_id, len(read), counted, source, agrees, explanation),)


def _members(policy: GcpPolicy) -> set[tuple[str, str, str]]:
    return {(b.role, m, str(b.condition or "")) for b in policy.bindings for m in b.members}


def _keys(project: GcpProject) -> Iterable[str]:
    for account in project.service_accounts:
        if not isinstance(account.keys, NotObserved):
            yield from (f"{account.email} ...{k.key_id_tail} {k.created_at}" for k in account.keys)


def _pretty(body: JsonObject) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)
