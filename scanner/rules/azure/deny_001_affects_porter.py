"""AZURE-DENY-001: No deny assignment takes documented access from Porter.

## What it checks
Deny assignments for Porter's principals, or for everyone without an exception for them.

## Why it matters
A deny assignment beats every role: it may protect resources from Porter, or explain why something fails.

## Remediation
None is needed for security. Deny assignments are made by the platform and by deployment stacks, not by hand.

## Limits
Whether a deny assignment for a group reaches Porter is not resolved here.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/deny-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.rules.azure._common import DENY_PAGE, PORTER_CONNECT, no_principal, subscription_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import quote

_EVERYONE = "00000000-0000-0000-0000-000000000000"


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL (information) per deny assignment that reaches a vendor principal, else one PASS."""
    if not ctx.principal_ids:
        yield no_principal(ctx)
        return
    found = False
    for deny in ctx.account.denies:
        reached = sorted(p for p in ctx.principal_ids if _reaches(p, deny.principals, deny.excluded))
        if not reached:
            continue
        found = True
        yield Outcome(
            subject=Subject("azure.deny_assignment", deny.id, deny.name),
            result=Result.FAIL,
            message=f"The deny assignment {quote(deny.name)} at {quote(deny.scope)} takes access from Porter: "
            "it protects what is there, and something of Porter's may fail.",
            reason_code="DENIED",
            observed=ObservedValue(deny.body.get("permissions"), deny.name),
            evidence=(deny.evidence,),
        )
    if not found:
        yield Outcome(subscription_subject(ctx), Result.PASS, "No deny assignment reaches Porter.", "NONE")


def _reaches(principal: str, principals: tuple[str, ...], excluded: tuple[str, ...]) -> bool:
    return principal not in excluded and (principal in principals or _EVERYONE in principals)


RULE = Rule(
    id="AZURE-DENY-001",
    title="No deny assignment takes documented access from Porter",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="drift",
    requires=(
        kinds.DENY_ASSIGNMENTS,
        kinds.ROLE_ASSIGNMENTS,
    ),
    check=check,
    remediation=Remediation(
        summary="Nothing to do for security.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        DENY_PAGE,
    ),
    claims=(68,),
    supplementary=(kinds.SERVICE_PRINCIPALS,),
    cloud="azure",
)
