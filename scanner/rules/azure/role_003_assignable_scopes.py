"""AZURE-ROLE-003: Porter's role definition can be assigned in the documented subscription only.

## What it checks
The assignable scopes of custom roles named as documented, against the one documented subscription.

## Why it matters
Where a role can be assigned, it will be: a further subscription, a management group or the root prepares wider
access.

## Remediation
Take the other scopes out of the role definition.

## Limits
Only scopes are compared; whether the role is assigned there is judged by the rules on assignments, and only in the
subscriptions that were read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.azure._assignments import (
    same_scope,
)
from scanner.rules.azure._common import (
    PORTER_CONNECT,
    ROLE_DEFINITIONS_PAGE,
    definition_subject,
    expectation,
    not_applicable,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role."""
    found = False
    for definition in ctx.definitions:
        page = ctx.documented_definition(definition)
        if page is None:
            continue
        found = True
        wider = [s for s in definition.assignable_scopes if not any(same_scope(s, d) for d in page.assignable_scopes)]
        above = [s for s in wider if s == "/" or "managementgroups" in s.lower()]
        yield Outcome(
            subject=definition_subject(definition),
            result=Result.FAIL if wider else Result.PASS,
            message=f"{quote(definition.name)} can be assigned in {listed(wider)}, which is not documented."
            if wider
            else f"{quote(definition.name)} can be assigned in {listed(definition.assignable_scopes)} only.",
            reason_code="EXCESS_SCOPE" if wider else "CONTAINED",
            severity=Severity.HIGH if above else Severity.MEDIUM,
            porter_role=page.key,
            expected=expectation(ctx, list(page.assignable_scopes), page.source),
            observed=ObservedValue(list(definition.assignable_scopes), definition.name),
            evidence=(definition.evidence,),
        )
    if not found:
        yield not_applicable(ctx, "No custom role is named as Porter documents it.")


RULE = Rule(
    id="AZURE-ROLE-003",
    title="Porter's role definition can be assigned in the documented subscription only",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(kinds.ROLE_DEFINITIONS,),
    check=check,
    remediation=Remediation(
        summary="Leave only the documented subscription in the assignable scopes.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_DEFINITIONS_PAGE,
    ),
    claims=(66,),
    cloud="azure",
)
