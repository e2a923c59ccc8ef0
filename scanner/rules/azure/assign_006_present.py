"""AZURE-ASSIGN-006: The documented role assignment exists.

## What it checks
For each documented assignment: a principal that is the documented application and holds the role there. A condition
on it is named with an operation that it takes away.

## Why it matters
Without the assignment Porter cannot work as documented; something else may stand in for it.

## Remediation
None is needed for security.

## Limits
A condition is decided where its operators and attributes are known; otherwise it is shown. It can only take access
away.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.errors import PolicyError
from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_azure import AzureRoleAssignment
from scanner.rules.azure._assignments import claim_for, of_vendor, with_and_without_condition
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE, expectation, not_applicable
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per documented assignment."""
    if ctx.account.scope.presence != "expected" and not ctx.principal_ids:
        yield not_applicable(ctx, "No Porter access found.", "NO_PORTER_ACCESS")
        return
    for page in ctx.baseline.applications:
        for claim in page.role_assignments:
            held = [a for a in of_vendor(ctx, eligible=False) if claim_for(ctx, a) == claim]
            conditions = [a.condition for a in held if a.condition]
            note = " ".join(_narrowed(ctx, a) for a in held if a.condition)
            yield Outcome(
                subject=Subject("entra.application", f"{ctx.account.subscription_id}/{page.key}", page.key),
                result=Result.PASS if held else Result.FAIL,
                message=f"{quote(claim.role)} is assigned at {quote(claim.scope)}.{' ' + note if note else ''}"
                if held
                else f"Nobody of Porter holds {quote(claim.role)} at {quote(claim.scope)}.",
                reason_code=("CONDITIONED" if conditions else "PRESENT") if held else "ABSENT",
                discriminator=f"{claim.role}@{claim.scope}",
                porter_role=claim.role,
                expected=expectation(ctx, claim.scope, claim.source),
                evidence=tuple(a.evidence for a in held),
            )


def _narrowed(ctx: AzureContext, assignment: AzureRoleAssignment) -> str:
    """Return what the condition of a documented assignment takes away, as far as that can be decided."""
    said = f"A condition narrows it: {quote(assignment.condition or '')}"
    try:
        seen = with_and_without_condition(ctx, assignment)
    except PolicyError as error:
        return f"{said}; it cannot be judged: {error}."
    lost = seen.missing[0].witness if seen and seen.missing else None
    if lost is not None:
        given = ", ".join(f"{key} = {value}" for key, value in sorted(lost.context.items()) if key.startswith("@"))
        return f"{said}; for example it takes away {quote(lost.action)}{f' with {quote(given)}' if given else ''}."
    if seen is not None and any(u.direction == "missing" for u in seen.undecided):
        return f"{said}; what it takes away is not decided."
    return f"{said}; it takes away nothing that could be found."


RULE = Rule(
    id="AZURE-ASSIGN-006",
    title="The documented role assignment exists",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(
        kinds.ROLE_ASSIGNMENTS,
        kinds.ROLE_DEFINITIONS,
    ),
    check=check,
    remediation=Remediation(
        summary="Nothing to do for security.",
        owner="porter",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_ASSIGNMENTS_PAGE,
    ),
    claims=(68,),
    supplementary=(kinds.SERVICE_PRINCIPALS,),
    cloud="azure",
)
