"""AZURE-ASSIGN-002: Nobody but Porter's service principal holds Porter's role.

## What it checks
Every assignment, active or eligible, of a custom role that is named as documented: its principal must be the
documented application.

## Why it matters
The role is as strong as Owner; a second holder has all of it, under a name that reviewers expect to see.

## Remediation
Delete the assignment, or give its holder a role made for its task.

## Limits
A holder that no longer exists is judged by AZURE-ASSIGN-008.

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
from scanner.rules.azure._common import (
    PORTER_CONNECT,
    ROLE_ASSIGNMENTS_PAGE,
    not_applicable,
    principal_subject,
    quote,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per holder."""
    roles = {d.role_id for d in ctx.definitions if ctx.documented_definition(d)}
    held: dict[str, list[AzureRoleAssignment]] = {}
    for assignment in ctx.account.assignments:
        if assignment.role_id in roles:
            held.setdefault(assignment.principal_id, []).append(assignment)
    for principal_id in sorted(held):
        yield _judge(ctx, principal_id, held[principal_id])
    if not held:
        yield not_applicable(ctx, "Nobody holds a role that is named as Porter documents it.")


def _judge(ctx: AzureContext, principal_id: str, assignments: list[AzureRoleAssignment]) -> Outcome:
    found = next((p for p in ctx.account.principals if p.object_id == principal_id), None)
    kind = assignments[0].principal_type
    subject = principal_subject(ctx, principal_id)
    gone = found is None and kind in ("", "ServicePrincipal")
    fine = gone or (found is not None and ctx.documented_application(found.name) is not None)
    name = role_name(ctx, assignments[0])
    who = f"{quote(subject.name)}{f' ({kind})' if kind else ''}"
    said = f"The holder {who} of {quote(name)} no longer exists." if gone else f"{who} holds {quote(name)}."
    return Outcome(
        subject=subject,
        result=Result.PASS if fine else Result.FAIL,
        message=said if fine else f"{who} holds {quote(name)} and is not the documented application.",
        reason_code="DOCUMENTED" if fine else "OTHER_HOLDER",
        observed=ObservedValue(sorted(a.scope for a in assignments), name),
        evidence=tuple(a.evidence for a in assignments),
    )


RULE = Rule(
    id="AZURE-ASSIGN-002",
    title="Nobody but Porter's service principal holds Porter's role",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.ROLE_ASSIGNMENTS,
        kinds.ROLE_DEFINITIONS,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete the other assignment.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_ASSIGNMENTS_PAGE,
    ),
    claims=(68,),
    supplementary=(kinds.SERVICE_PRINCIPALS,),
    cloud="azure",
)
