"""AZURE-ASSIGN-008: No assignment of Porter's role is left behind by a principal that is gone.

## What it checks
Holders of roles named like Porter's that Microsoft Graph no longer knows.

## Why it matters
A leftover assignment gives nobody access, but shows that revocation was not finished, and hides what is live.

## Remediation
Delete the assignment.

## Limits
Only service principals are looked up; holders of other kinds are judged by AZURE-ASSIGN-002.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.rules.azure._assignments import (
    role_name,
)
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE, subscription_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per orphaned assignment, else one PASS."""
    roles = {d.role_id for d in ctx.definitions}
    known = {p.object_id for p in ctx.account.principals}
    unknown = [
        a
        for a in ctx.account.assignments
        if a.role_id in roles and a.principal_id not in known and a.principal_type in ("", "ServicePrincipal")
    ]
    for one in unknown:
        gone = one.principal_id in ctx.account.gone
        told = "which no longer exists" if gone else "which was not looked up: it may be left over"
        yield Outcome(
            subject=Subject("azure.role_assignment", one.id, role_name(ctx, one)),
            result=Result.FAIL if gone else Result.INCOMPLETE,
            message=f"{quote(role_name(ctx, one))} at {quote(one.scope)} is assigned to {quote(one.principal_id)}, "
            f"{told}.",
            reason_code="ABSENT_PRINCIPAL" if gone else "HOLDER_UNREAD",
            observed=ObservedValue(one.principal_id),
            evidence=(one.evidence,),
        )
    if not unknown:
        yield Outcome(subscription_subject(ctx), Result.PASS, "Every holder of Porter's role exists.", "NONE")


RULE = Rule(
    id="AZURE-ASSIGN-008",
    title="No assignment of Porter's role is left behind by a principal that is gone",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(
        kinds.ROLE_ASSIGNMENTS,
        kinds.ROLE_DEFINITIONS,
        kinds.SERVICE_PRINCIPALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete the leftover assignment.",
        owner="customer",
        cli="az role assignment delete --ids ASSIGNMENT-ID",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_ASSIGNMENTS_PAGE,
    ),
    claims=(74,),
    cloud="azure",
)
