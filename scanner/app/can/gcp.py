"""Decide one concrete permission of a principal in a snapshot of GCP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from scanner.access.evaluator.authorize import ALLOWED, UNDECIDED, Decision
from scanner.access.gcp.decide import EXPLICIT_DENY, GcpDocuments, decide_gcp
from scanner.access.gcp.node import node_name
from scanner.access.records import NamedDocument, Request
from scanner.app.can.outcome import CanOutcome
from scanner.errors import InputError, UsageError
from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved, Observed
from scanner.model.inventory import Inventory
from scanner.model.inventory_gcp import GcpPolicy, GcpProject
from scanner.model.snapshot import UnitStatus

_KINDS = ("serviceAccount:", "user:", "group:", "domain:", "principal://", "principalSet://")
_NEEDED = (kinds.PROJECT_POLICY, kinds.ANCESTORS)
_ACCOUNT = "/serviceAccounts/"
_SKIPPED = (
    "access policies (IAM v3), principal access boundaries, VPC service controls and organization policies: not read",
    "members of groups and domains: no policy says who is in one",
)


def can_gcp(
    inventory: Inventory, identity: str, permission: str, resource: str, context: Mapping[str, Sequence[str]]
) -> CanOutcome:
    """Return whether a principal (member, e-mail or account id) has a permission on a resource (full resource name).

    `request.time` of the context is as in conditions (RFC 3339). What was not read leaves the answer undecided unless
    a deny rule that was read settles it. Raises `InputError`, `UsageError`, `PolicyError`.
    """
    if permission.count(".") < 2 or "/" in permission:
        raise UsageError(f"permission `{permission}` is not of the form service.resource.verb")
    project = _project(inventory.gcp, identity, resource)
    member = _member(project, identity)
    node = _node(project, resource)
    given = {key: value[0] if len(value) == 1 else list(value) for key, value in context.items()}
    request = Request(member, permission, node, given)
    decision = decide_gcp(request, _documents(project, node))
    unread = list(_unread(inventory, project, node, decision))
    if unread:
        reason = f"not read: {', '.join(unread)}"
        decision = msgspec.structs.replace(decision, effect=UNDECIDED, reason=reason)
    return CanOutcome(request, decision, tuple(_not_evaluated(project, node)))


def _project(projects: Sequence[GcpProject], identity: str, resource: str) -> GcpProject:
    """Return the project the resource is in, by its name, else by the identity, else the only one."""
    named = node_name(resource).split("/")
    found = [p for p in projects if "projects" in named[:-1] and {p.project_id, p.number} & set(named)]
    found = found or [p for p in projects if any(identity.removeprefix("serviceAccount:") == a.email for a in _all(p))]
    found = found or list(projects)
    if len(found) > 1:
        names = ", ".join(p.project_id for p in found)
        raise UsageError(f"resource `{resource}` does not say in which project it is", advice=f"one of {names}")
    return found[0]


def _all(project: GcpProject) -> Sequence[_Account]:
    return [_Account(a.email, a.account_id) for a in project.service_accounts]


class _Account(msgspec.Struct, frozen=True):
    email: str
    account_id: str


def _member(project: GcpProject, identity: str) -> str:
    """Return how policies name the identity. A member is taken as given: policies may name whom no list shows."""
    if identity.startswith(_KINDS):
        return identity
    found = [a.email for a in _all(project) if identity.lower() in (a.email.lower(), a.account_id.lower())]
    if found:
        return f"serviceAccount:{found[0]}"
    raise InputError(
        f"identity `{identity}` is not in the snapshot",
        advice="give a service account's e-mail, or a member as in policies: user:NAME@HOST, principalSet://...",
    )


def _node(project: GcpProject, resource: str) -> str:
    """Return the resource as policies name it; the project goes by its id."""
    node = node_name(resource)
    if "/" not in node:
        raise UsageError(
            f"resource `{resource}` is not a full resource name",
            advice="such as //cloudresourcemanager.googleapis.com/projects/PROJECT",
        )
    number = f"projects/{project.number}"
    return project.node if project.number and node == number else node


def _below(project: GcpProject, node: str) -> bool:
    """Return whether a node is a resource inside the project, not the project or something above it."""
    above = {project.node, *(parent for _, parent in project.parents)}
    plain = node.startswith(("projects/", "folders/", "organizations/")) and node.count("/") == 1
    return node not in above and not plain


def _documents(project: GcpProject, node: str) -> GcpDocuments:
    policies = [p for p in (project.policy, *(a.policy for a in project.ancestors)) if isinstance(p, GcpPolicy)]
    found = [NamedDocument(f"policy of {p.node}", {**p.document, "resource": p.node}) for p in policies]
    parents = dict(project.parents)
    if _below(project, node):
        parents[node] = project.node
        found = [*_own_policy(project, node), *found]
    return GcpDocuments(
        policies=tuple(found),
        denies=tuple(NamedDocument(d.name.rpartition("/")[2], d.document) for d in project.deny_policies),
        roles=tuple(r.definition.value for r in project.roles if isinstance(r.definition, Observed)),
        parents=parents,
    )


def _own_policy(project: GcpProject, node: str) -> Iterator[NamedDocument]:
    """Yield the policy of the resource itself, where it is one whose policy was read: a service account."""
    for account in project.service_accounts:
        if _is_account(node, account.email) and isinstance(account.policy, GcpPolicy):
            yield NamedDocument(f"policy of {account.email}", {**account.policy.document, "resource": node})


def _is_account(node: str, email: str) -> bool:
    return _ACCOUNT in node and node.rpartition(_ACCOUNT)[2].lower() == email.lower()


def _unread(inventory: Inventory, project: GcpProject, node: str, decision: Decision) -> Iterator[str]:
    """Yield what was not read and could turn the answer round."""
    if decision.effect == EXPLICIT_DENY:
        return
    mine = {u.kind: u.status for u in inventory.units if u.cloud == "gcp" and u.scope_id == project.project_id}
    needed = [kinds.DENY_POLICIES] if decision.effect == ALLOWED else [*_NEEDED]
    yield from (kind for kind in needed if mine.get(kind) is not UnitStatus.COMPLETE)
    if decision.effect != ALLOWED and _below(project, node):
        held = [a for a in project.service_accounts if _is_account(node, a.email)]
        if not held or isinstance(held[0].policy, NotObserved):
            yield f"the policy of {node} itself"


def _not_evaluated(project: GcpProject, node: str) -> Iterator[str]:
    if _below(project, node):
        yield f"where {node} is: it is taken to be in {project.node}"
    yield from _SKIPPED
