"""AZURE-ASSIGN-001: Porter's service principal holds only the documented role at the documented scope.

## What it checks
Every active role assignment of Porter's service principals, at, above and below the subscription, against the
documented one. What an assignment adds is shown with an operation and a scope.

## Why it matters
A second role, or the same role on a management group, is access that no document names.

## Remediation
Delete the assignment, or ask Porter to document it.

## Limits
Assignments below other subscriptions are seen only where these are scanned too. Access through groups, eligibility
and delegation has rules of its own.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.errors import PolicyError
from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import (
    AzureRoleAssignment,
    AzureRoleDefinition,
)
from scanner.rules.azure._assignments import (
    beyond,
    claim_for,
    may_write_assignments,
    of_vendor,
    role_name,
)
from scanner.rules.azure._common import (
    PORTER_CONNECT,
    ROLE_ASSIGNMENTS_PAGE,
    expectation,
    no_principal,
    principal_subject,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.differences import difference, witness_of
from scanner.rules.words import quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per assignment of a vendor principal."""
    found = False
    for assignment in of_vendor(ctx, eligible=False):
        found = True
        yield _judge(ctx, assignment)
    if not found:
        yield no_principal(ctx)


def _judge(ctx: AzureContext, assignment: AzureRoleAssignment) -> Outcome:
    claim = claim_for(ctx, assignment)
    subject = principal_subject(ctx, assignment.principal_id)
    name = role_name(ctx, assignment)
    what = f"{quote(subject.name)} holds {quote(name)} at {quote(assignment.scope)}"
    place = f"{assignment.role_id}@{assignment.scope.lower()}"
    if claim is not None:
        return Outcome(
            subject=subject,
            result=Result.PASS,
            message=f"{what}, as documented.",
            reason_code="DOCUMENTED",
            discriminator=place,
            porter_role=claim.role,
            expected=expectation(ctx, claim.scope, claim.source),
            evidence=(assignment.evidence,),
        )
    if ctx.definition(assignment.role_id) is None and not assignment.role_name:
        return Outcome(
            subject=subject,
            result=Result.INCOMPLETE,
            message=f"{what}, and what role that is was not read.",
            reason_code="ROLE_UNREAD",
            discriminator=place,
            evidence=(assignment.evidence,),
        )
    try:
        seen = beyond(ctx, assignment)
    except PolicyError as error:
        seen, what = None, f"{what} ({error})"
    adds = seen.excess[0] if seen and seen.excess else None
    inside = seen is not None and seen.contained is True
    severity = Severity.LOW if inside else Severity.HIGH
    definition = ctx.definition(assignment.role_id)
    if not inside and definition is not None and _gives_out_roles(definition):
        severity = Severity.CRITICAL
    example = f" It adds, for example, {quote(adds.witness.action)} on {quote(adds.witness.resource)}." if adds else ""
    return Outcome(
        subject=subject,
        result=Result.FAIL,
        message=f"{what}, which is not documented.{' It adds no access.' if inside else example}",
        reason_code="REDUNDANT_ASSIGNMENT" if inside else "NOT_DOCUMENTED",
        discriminator=place,
        severity=severity,
        severity_reason="it adds nothing" if inside else "access beyond the document",
        observed=ObservedValue({"role": name, "scope": assignment.scope, "condition": assignment.condition}, name),
        diff=difference(seen) if seen else None,
        witness=witness_of(adds.witness) if adds else None,
        evidence=(assignment.evidence,),
    )


def _gives_out_roles(definition: AzureRoleDefinition) -> bool:
    try:
        return may_write_assignments(definition).outcome == "possible"
    except PolicyError:
        return False


RULE = Rule(
    id="AZURE-ASSIGN-001",
    title="Porter's service principal holds only the documented role at the documented scope",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(
        kinds.ROLE_ASSIGNMENTS,
        kinds.ROLE_DEFINITIONS,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete the assignment that is not documented.",
        owner="customer",
        cli="az role assignment list --all --assignee PRINCIPAL-ID",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_ASSIGNMENTS_PAGE,
    ),
    claims=(68,),
    supplementary=(kinds.SERVICE_PRINCIPALS,),
    cloud="azure",
)
