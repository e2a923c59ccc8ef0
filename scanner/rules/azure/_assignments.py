"""What several rules ask of role assignments: are they documented, and what do they add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.access.azure.compare import ask_azure, compare_azure
from scanner.access.records import Answer, Comparison, NamedDocument
from scanner.baseline.records_azure import DocumentedApplication, RoleAssignmentClaim
from scanner.model.inventory_azure import AzureRoleAssignment, AzureRoleDefinition
from scanner.rules.azure_context import AzureContext, documented_body

WRITE_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments/write"
# With each of these a holder gives itself or others further roles: at once, by a schedule, or by editing a role.
GIVING_OUT = (
    WRITE_ASSIGNMENTS,
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.Authorization/roleAssignmentScheduleRequests/write",
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
)


def role_name(ctx: AzureContext, assignment: AzureRoleAssignment) -> str:
    """Return the name of an assignment's role, or its id."""
    definition = ctx.definition(assignment.role_id)
    return (definition.name if definition else assignment.role_name) or assignment.role_id


def of_vendor(ctx: AzureContext, *, eligible: bool) -> Iterator[AzureRoleAssignment]:
    """Yield the vendor principals' own assignments, in a stable order, each role once per principal and scope."""
    mine = (a for a in ctx.account.assignments if a.principal_id in ctx.principal_ids and a.eligible is eligible)
    yield from _once(mine)


def _once(assignments: Iterable[AzureRoleAssignment]) -> list[AzureRoleAssignment]:
    """Return assignments in a stable order; of those that say the same, the one without a condition, which is wider."""
    found: dict[tuple[str, str, str, bool], AzureRoleAssignment] = {}
    for one in sorted(assignments, key=lambda a: (a.principal_id, a.scope, a.role_id, a.condition or "", a.id)):
        found.setdefault((one.principal_id, one.role_id, one.scope.rstrip("/").lower(), one.eligible), one)
    return list(found.values())


def through_groups(ctx: AzureContext) -> Iterator[tuple[AzureRoleAssignment, str, str]]:
    """Yield assignments of groups that a vendor principal is in, with the principal's id and the group's name."""
    for principal in ctx.principals:
        names = {group.object_id: group.name or group.object_id for group in principal.memberships}
        for one in _once(a for a in ctx.account.assignments if a.principal_id in names):
            yield one, principal.object_id, names[one.principal_id]


def page_of(ctx: AzureContext, principal_id: str) -> DocumentedApplication | None:
    """Return the documented application a principal is held to: by name, else the first."""
    name = next((p.name for p in ctx.account.principals if p.object_id == principal_id), "")
    return ctx.documented_application(name) or next(iter(ctx.baseline.applications), None)


def claim_for(ctx: AzureContext, assignment: AzureRoleAssignment) -> RoleAssignmentClaim | None:
    """Return the claim that documents an assignment: the documented role, by name, at the documented scope."""
    definition = ctx.definition(assignment.role_id)
    documented = ctx.documented_definition(definition) if definition and definition in ctx.definitions else None
    page = page_of(ctx, assignment.principal_id)
    for claim in page.role_assignments if page and documented else ():
        if documented and claim.role == documented.key and same_scope(claim.scope, assignment.scope):
            return claim
    return None


def same_scope(one: str, other: str) -> bool:
    """Return whether two scopes are the same; case and a slash at the end do not matter."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def beyond(ctx: AzureContext, assignment: AzureRoleAssignment) -> Comparison | None:
    """Compare an assignment with all that is documented for its principal; None where its role was not read.

    Raises `PolicyError`.
    """
    definition = ctx.definition(assignment.role_id)
    page = page_of(ctx, assignment.principal_id)
    if definition is None or page is None:
        return None
    name = definition.name or definition.role_id
    live = [NamedDocument(name, definition.body), NamedDocument(f"{name} at {assignment.scope}", assignment.body)]
    return compare_azure(live, _documented(ctx, page, assignment.principal_id), parents=ctx.parents)


def with_and_without_condition(ctx: AzureContext, assignment: AzureRoleAssignment) -> Comparison | None:
    """Compare an assignment with itself unconditioned: what is missing, the condition takes away. Raises `PolicyError`.

    None where its role was not read.
    """
    definition = ctx.definition(assignment.role_id)
    if definition is None:
        return None
    role = NamedDocument(definition.name or definition.role_id, definition.body)
    bodies = (assignment.body, {**assignment.body, "condition": None})
    live, free = ([role, NamedDocument(f"{role.name} at {assignment.scope}", body)] for body in bodies)
    return compare_azure(live, free, parents=ctx.parents)


def _documented(ctx: AzureContext, page: DocumentedApplication, principal_id: str) -> list[NamedDocument]:
    found = [NamedDocument(d.key, documented_body(d)) for d in ctx.baseline.role_definitions]
    for claim in page.role_assignments:
        body = {
            "roleDefinitionId": f"documented-{claim.role}",
            "principalId": principal_id,
            "principalType": "ServicePrincipal",
            "scope": claim.scope,
        }
        found.append(NamedDocument(f"{claim.role} at {claim.scope}", body))
    return found


def lists_nothing(definition: AzureRoleDefinition) -> bool:
    """Return whether a role definition lists no operation at all: Azure makes none such, so it was not read in full."""
    blocks = definition.body.get("permissions")
    if not isinstance(blocks, list):
        return False
    return not any(isinstance(b, dict) and (b.get("actions") or b.get("dataActions")) for b in blocks)


def may_write_assignments(definition: AzureRoleDefinition) -> Answer:
    """Ask the engine whether a role can give out roles, itself or by a detour. Raises `PolicyError`."""
    if lists_nothing(definition):
        return Answer("undecided", reason="the role definition lists no operation")
    named = NamedDocument(definition.name or definition.role_id, definition.body)
    return ask_azure([named], GIVING_OUT, plane="control")
