"""SVC-AZURE-005: A service's identity holds narrow roles on single resources.

## What it checks
The role assignments of each declared identity, active and eligible: none on a resource group, a subscription or above,
and none of a role that manages everything or hands out roles, such as Owner or Contributor, wherever it is assigned.

## Why it matters
The service gets everything the identity may do. The pages ask for narrow roles on single resources, and call an
identity that owns the subscription hardly ever meant.

## Remediation
Assign a narrow data role, for example Storage Blob Data Reader, on the one resource that the service uses.

## Limits
Roles that come through groups, access policies of single resources and Entra roles of the identity are not read.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://learn.microsoft.com/azure/role-based-access-control/scope-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.errors import PolicyError
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import AzureManagedIdentity, AzureRoleAssignment, AzureRoleDefinition
from scanner.model.kinds_azure import ELIGIBLE_ASSIGNMENTS, MANAGED_IDENTITIES, ROLE_ASSIGNMENTS, ROLE_DEFINITIONS
from scanner.rules.azure._assignments import may_write_assignments
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    AZURE_SCOPES,
    PORTER_WORKLOADS,
    advised,
    identity_subject,
    nothing,
    per_service,
)
from scanner.rules.services_context import AzureServices, Declared
from scanner.rules.words import quote, worst

# Of the role definitions that Azure ships: Owner, Contributor, User Access Administrator, Role Based Access Control
# Administrator. https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
_POWERFUL = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
_Wide = tuple[Severity, str]


def check(ctx: AzureServices) -> Iterator[Outcome]:
    """Yield one outcome per declared identity that exists."""
    found = False
    for identity, connections in ctx.identities():
        found = True
        yield _judge(ctx, identity, connections)
    if not found:
        yield nothing(ctx, "No declared managed identity exists in this subscription.")


def _judge(ctx: AzureServices, identity: AzureManagedIdentity, connections: Sequence[Declared]) -> Outcome:
    held = [a for a in ctx.account.assignments if a.principal_id == identity.principal_id]
    wide = [found for a in held if (found := _too_wide(ctx, a)) is not None]
    result, code = (Result.FAIL, "TOO_WIDE") if wide else (Result.PASS, "NARROW")
    said = f"{quote(identity.name)} holds {'; '.join(words for _, words in wide[:4])}."
    if not wide:
        said = f"{quote(identity.name)} holds roles on single resources only." if held else ""
    if not identity.principal_id:
        result, code, said = Result.INCOMPLETE, "PRINCIPAL_UNREAD", f"{quote(identity.name)} was read without its id."
    rank = worst(severity for severity, _ in wide)
    return Outcome(
        subject=identity_subject(identity),
        result=result,
        message=said or f"{quote(identity.name)} holds no role.",
        reason_code=code,
        severity=rank if wide else None,
        expected=advised(ctx.baseline, "azure-owner" if rank is Severity.HIGH else "azure-least-privilege"),
        observed=ObservedValue([words for _, words in wide]) if wide else None,
        evidence=(identity.evidence, *(a.evidence for a in held), *per_service(connections)),
    )


def _too_wide(ctx: AzureServices, assignment: AzureRoleAssignment) -> _Wide | None:
    level = _level(assignment.scope)
    definition = next((d for d in ctx.account.definitions if d.role_id == assignment.role_id), None)
    powerful = assignment.role_id in _POWERFUL or (definition is not None and _hands_out(definition))
    name = definition.name if definition else _POWERFUL.get(assignment.role_id) or assignment.role_name
    kind = "an eligible " if assignment.eligible else ""
    said = f"{kind}{quote(name or assignment.role_id)} on {level or quote(assignment.scope)}"
    if powerful:
        above = level not in ("", "a resource group")
        return (Severity.HIGH if above and _owns(assignment, definition) else Severity.MEDIUM), said
    return (Severity.LOW if level == "a resource group" else Severity.MEDIUM, said) if level else None


def _owns(assignment: AzureRoleAssignment, definition: AzureRoleDefinition | None) -> bool:
    """Return whether a role amounts to Owner: nothing in it keeps it from handing out roles, as in Contributor."""
    if assignment.role_id in _POWERFUL:
        return _POWERFUL[assignment.role_id] != "Contributor"
    blocks = definition.body.get("permissions") if definition else None
    kept = [str(a).lower() for b in blocks or () if isinstance(b, dict) for a in b.get("notActions") or ()]
    return "microsoft.authorization/*/write" not in kept


def _level(scope: str) -> str:
    """Return what a scope above a single resource is; empty for a single resource."""
    parts = [part for part in scope.lower().split("/") if part]
    if not parts:
        return "the whole tenant"
    if "managementgroups" in parts:
        return "a management group"
    if len(parts) <= 2:
        return "the subscription"
    return "a resource group" if len(parts) <= 4 and parts[2] == "resourcegroups" else ""


def _hands_out(definition: AzureRoleDefinition) -> bool:
    """Return whether a role can give out roles, or manages everything: Contributor's double counts too."""
    blocks = definition.body.get("permissions")
    for block in blocks if isinstance(blocks, list) else []:
        actions = block.get("actions") if isinstance(block, dict) else None
        if "*" in (actions or ()):
            return True
    try:
        return may_write_assignments(definition).outcome != "impossible"
    except PolicyError:
        return True


RULE = Rule(
    id="SVC-AZURE-005",
    title="A service's identity holds narrow roles on single resources",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(MANAGED_IDENTITIES, ROLE_ASSIGNMENTS, ELIGIBLE_ASSIGNMENTS, ROLE_DEFINITIONS),
    check=check,
    remediation=Remediation(
        summary="Assign a narrow data role on the one resource that the service uses.",
        cli="az role assignment list --assignee PRINCIPAL_ID --all",
        risk_of_change="A service that loses a role it uses fails at that point.",
    ),
    references=(PORTER_WORKLOADS, AZURE_SCOPES),
    claims=(81,),
    cloud="azure",
    services=True,
)
