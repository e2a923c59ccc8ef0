"""AZURE-ASSIGN-005: The subscription is not delegated to Porter through Azure Lighthouse.

## What it checks
Lighthouse delegations of the subscription: roles that principals of another tenant hold here without a role
assignment; and the tenants that the subscription itself names as managing it.

## Why it matters
Delegated access stands in no list of role assignments; tools that look only there miss it.

## Remediation
Remove the delegation under Service providers in the portal.

## Limits
Porter's tenant is not published: a delegation whose names do not speak of Porter is for a person to judge. Delegations
of single resource groups are seen only where the subscription's list holds them.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/lighthouse/concepts/architecture
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.rules.azure._common import LIGHTHOUSE_PAGE, PORTER_CONNECT, subscription_subject
from scanner.rules.azure_context import AzureContext, is_named_like_vendor
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per delegation, else one PASS."""
    for one in ctx.account.lighthouse:
        names = [one.name, one.tenant_name, *(name for _, _, name in one.authorizations)]
        vendor = any(is_named_like_vendor(name, ctx.baseline) for name in names)
        roles = [(found.name if (found := ctx.definition(role)) else role) for _, role, _ in one.authorizations]
        yield Outcome(
            subject=Subject("azure.lighthouse", one.id, one.name or one.id),
            result=Result.FAIL if vendor else Result.MANUAL,
            message=f"The subscription is delegated to tenant {quote(one.tenant_name or one.managing_tenant)} as "
            f"{quote(one.name or one.id)} with {listed(roles) or 'roles that were not read'}"
            f"{'.' if vendor else ': see whether that is Porter.'}",
            reason_code="DELEGATED" if vendor else "DELEGATED_ELSEWHERE",
            severity=Severity.HIGH if vendor else Severity.MEDIUM,
            observed=ObservedValue({"tenant": one.managing_tenant, "roles": roles}, one.name),
            evidence=(one.evidence,),
        )
    listed_too = {one.managing_tenant.lower() for one in ctx.account.lighthouse}
    others = [tenant for tenant in ctx.account.managed_by if tenant not in listed_too]
    if others:
        yield Outcome(
            subscription_subject(ctx),
            Result.MANUAL,
            f"The subscription says that tenant {listed(others)} manages it, and no delegation that was read does: see "
            "whether that is Porter.",
            "MANAGED_ELSEWHERE",
            severity=Severity.MEDIUM,
            observed=ObservedValue(others),
        )
    elif not ctx.account.lighthouse:
        yield Outcome(subscription_subject(ctx), Result.PASS, "The subscription is delegated to nobody.", "NONE")


RULE = Rule(
    id="AZURE-ASSIGN-005",
    title="The subscription is not delegated to Porter through Azure Lighthouse",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(kinds.LIGHTHOUSE, kinds.SUBSCRIPTION),
    check=check,
    remediation=Remediation(
        summary="Remove the delegation.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        LIGHTHOUSE_PAGE,
    ),
    claims=(68,),
    supplementary=(kinds.ROLE_DEFINITIONS,),
    cloud="azure",
)
