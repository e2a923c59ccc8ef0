"""AZURE-ASSIGN-003: Porter's access is not extended by eligible assignments.

## What it checks
Eligible assignments (activated on request) of Porter's principals, and of roles named like Porter's.

## Why it matters
An eligible role is one request away from being active, and does not stand among active assignments.

## Remediation
Remove the eligible assignment in Privileged Identity Management.

## Limits
Eligibility below other subscriptions is seen only where these are scanned too.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.errors import PolicyError
from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.azure._assignments import (
    beyond,
    role_name,
)
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE, principal_subject, subscription_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.differences import difference, witness_of
from scanner.rules.words import quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per eligible assignment, else one PASS."""
    roles = {d.role_id for d in ctx.definitions}
    found = {
        (a.principal_id, a.role_id, a.scope.lower()): a
        for a in ctx.account.assignments
        if a.eligible and (a.principal_id in ctx.principal_ids or a.role_id in roles)
    }
    for assignment in found.values():
        subject = principal_subject(ctx, assignment.principal_id)
        name = role_name(ctx, assignment)
        try:
            seen = beyond(ctx, assignment)
        except PolicyError:
            seen = None
        yield Outcome(
            subject=subject,
            result=Result.FAIL,
            message=f"{quote(subject.name)} may activate {quote(name)} at {quote(assignment.scope)}.",
            reason_code="ELIGIBLE",
            discriminator=f"{assignment.role_id}@{assignment.scope.lower()}",
            observed=ObservedValue({"role": name, "scope": assignment.scope}, name),
            diff=difference(seen) if seen else None,
            witness=witness_of(seen.excess[0].witness) if seen and seen.excess else None,
            evidence=(assignment.evidence,),
        )
    if not found:
        yield Outcome(subscription_subject(ctx), Result.PASS, "No eligible assignment concerns Porter.", "NONE")


RULE = Rule(
    id="AZURE-ASSIGN-003",
    title="Porter's access is not extended by eligible assignments",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(
        kinds.ELIGIBLE_ASSIGNMENTS,
        kinds.ROLE_ASSIGNMENTS,
        kinds.ROLE_DEFINITIONS,
    ),
    check=check,
    remediation=Remediation(
        summary="Remove the eligible assignment.",
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
