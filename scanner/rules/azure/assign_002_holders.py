"""AZURE-ASSIGN-002: Nobody but Porter's service principal holds Porter's role.

## What it checks
Every assignment, active or eligible, of a custom role that is named as documented: its principal must be the
documented application.

## Why it matters
The role is as strong as Owner; a second holder has all of it, under a name that reviewers expect to see.

## Remediation
Delete the assignment, or give its holder a role made for its task.

## Limits
Names in Entra are not unique: of two holders under the documented name one is too many, and both are shown. A holder
that no longer exists is judged by AZURE-ASSIGN-008; one that an input of files does not hold is not known.

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
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE, not_applicable, principal_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per holder."""
    roles = {d.role_id for d in ctx.definitions if ctx.documented_definition(d)}
    held: dict[str, list[AzureRoleAssignment]] = {}
    for assignment in ctx.account.assignments:
        if assignment.role_id in roles:
            held.setdefault(assignment.principal_id, []).append(assignment)
    for principal_id in sorted(held):
        alike = [one for one in held if one != principal_id and _same_name(ctx, one, principal_id)]
        yield _judge(ctx, principal_id, held[principal_id], alike)
    if not held:
        yield not_applicable(ctx, "Nobody holds a role that is named as Porter documents it.")


def _same_name(ctx: AzureContext, one: str, other: str) -> bool:
    names = {p.object_id: p.name.lower() for p in ctx.principals}
    return one in names and names[one] == names.get(other)


def _judge(ctx: AzureContext, principal_id: str, assignments: list[AzureRoleAssignment], others: list[str]) -> Outcome:
    kind = assignments[0].principal_type
    subject = principal_subject(ctx, principal_id)
    name = quote(role_name(ctx, assignments[0]))
    who = f"{quote(subject.name)}{f' ({kind})' if kind else ''}"
    found = next((p for p in ctx.account.principals if p.object_id == principal_id), None)
    if principal_id in ctx.account.gone:
        result, code, said = Result.PASS, "GONE", f"The holder {who} of {name} no longer exists."
    elif found is None and kind in ("", "ServicePrincipal"):
        result, code = Result.INCOMPLETE, "HOLDER_UNREAD"
        said = f"{who} holds {name}, and what was read does not say who that is."
    elif found is None or not ctx.is_documented(found):
        result, code = Result.FAIL, "OTHER_HOLDER"
        said = f"{who} holds {name} and is not the documented application."
    elif others:
        result, code = Result.FAIL, "SEVERAL_HOLDERS"
        said = f"{who} with id {quote(principal_id)} holds {name}; so does {listed(others)} of the same name."
    else:
        result, code, said = Result.PASS, "DOCUMENTED", f"{who} holds {name}."
    return Outcome(
        subject=subject,
        result=result,
        message=said,
        reason_code=code,
        observed=ObservedValue(sorted(a.scope for a in assignments), role_name(ctx, assignments[0])),
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
        kinds.ELIGIBLE_ASSIGNMENTS,
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
