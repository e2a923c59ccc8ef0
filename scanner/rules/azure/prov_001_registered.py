"""AZURE-PROV-001: The documented resource providers are registered.

## What it checks
The state of the documented resource providers in the subscription.

## Why it matters
What is not registered cannot be used; the cluster's set-up then fails, or registers it.

## Remediation
Register the provider, if the cluster needs it.

## Limits
Further registered providers are no finding: registration grants no access.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.azure._common import (
    PORTER_CONNECT,
    PROVIDERS_PAGE,
    expectation,
    not_applicable,
    subscription_subject,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, listed


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome for the subscription."""
    if ctx.account.scope.presence != "expected" and not ctx.principal_ids:
        yield not_applicable(ctx, "No Porter access found.", "NO_PORTER_ACCESS")
        return
    live = {p.namespace.lower(): p.state for p in ctx.account.providers}
    needed = [p for p in ctx.baseline.providers if not p.optional]
    lacking = [p.namespace for p in needed if live.get(p.namespace.lower(), "").lower() != "registered"]
    yield Outcome(
        subject=subscription_subject(ctx),
        result=Result.FAIL if lacking else Result.PASS,
        message=f"Not registered: {listed(lacking, 12)}."
        if lacking
        else f"All {count(len(needed), 'documented provider')} are registered.",
        reason_code="ABSENT_PROVIDER" if lacking else "REGISTERED",
        expected=expectation(ctx, [p.namespace for p in needed], needed[0].source if needed else None),
        observed=ObservedValue(lacking) if lacking else None,
    )


RULE = Rule(
    id="AZURE-PROV-001",
    title="The documented resource providers are registered",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(kinds.PROVIDERS,),
    check=check,
    remediation=Remediation(
        summary="Register the provider, if the cluster needs it.",
        owner="customer",
        cli="az provider register --namespace NAMESPACE",
    ),
    references=(
        PORTER_CONNECT,
        PROVIDERS_PAGE,
    ),
    claims=(62,),
    cloud="azure",
)
