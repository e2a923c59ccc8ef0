"""AZURE-ASSIGN-004: Porter's service principal is in no group and holds no directory role.

## What it checks
Groups and administrative units that Porter's service principals are in, directly or through other groups, the roles
these groups hold on the subscription, and roles of the directory, those of the tenant's own making and those limited
to a unit or an object included.

## Why it matters
A role given to a group stands in no assignment of the principal, and a directory role reaches the whole tenant.

## Remediation
Take the principal out of the group or directory role.

## Limits
Dynamic groups are shown as they are at the time of reading.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import (
    AzureRoleAssignment,
)
from scanner.rules.azure._assignments import (
    role_name,
)
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE, no_principal, principal_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per membership, else one PASS per principal."""
    if not ctx.principals:
        yield no_principal(ctx)
        return
    held: dict[str, list[AzureRoleAssignment]] = {}
    for assignment in ctx.account.assignments:
        held.setdefault(assignment.principal_id, []).append(assignment)
    for principal in ctx.principals:
        subject = principal_subject(ctx, principal.object_id)
        for group in {(m.object_id, m.scope): m for m in principal.memberships}.values():
            roles = held.get(group.object_id, [])
            directory = group.kind == "directoryRole"
            names = [f"{role_name(ctx, a)} at {a.scope}" for a in roles]
            holds = f", which holds {listed(names)}" if roles else ""
            where = f" for {quote(group.scope)}" if group.scope != "/" else ""
            severity = Severity.CRITICAL if directory else Severity.HIGH if roles else Severity.MEDIUM
            yield Outcome(
                subject=subject,
                result=Result.FAIL,
                message=f"{quote(principal.name)} is in the {'directory role' if directory else 'group'} "
                f"{quote(group.name or group.object_id)}{where}{holds}; no membership is documented.",
                reason_code="DIRECTORY_ROLE" if directory else "GROUP_MEMBER",
                discriminator=group.object_id if group.scope == "/" else f"{group.object_id} for {group.scope}",
                severity=severity,
                severity_reason="it reaches the whole tenant" if directory and not where else "",
                observed=ObservedValue({"group": group.name, "roles": names}),
                evidence=(group.evidence, *(a.evidence for a in roles)),
            )
        if not principal.memberships:
            yield Outcome(subject, Result.PASS, f"{quote(principal.name)} is in no group.", "NONE")


RULE = Rule(
    id="AZURE-ASSIGN-004",
    title="Porter's service principal is in no group and holds no directory role",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(
        kinds.MEMBERSHIPS,
        kinds.DIRECTORY_ROLES,
        kinds.SERVICE_PRINCIPALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Take the principal out of the group or directory role.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_ASSIGNMENTS_PAGE,
    ),
    claims=(68,),
    supplementary=(
        kinds.ROLE_ASSIGNMENTS,
        kinds.ROLE_DEFINITIONS,
    ),
    cloud="azure",
)
