"""AZURE-ROLE-005: No other custom role is named like Porter's.

## What it checks
Custom roles with a word in their names that begins with porter, and that no documented name covers.

## Why it matters
A second role of Porter is access that nobody documented; one made by somebody else in its name is worse.

## Remediation
Find out who made the role; delete it if it is not used.

## Limits
Names only. A role under an unsuspicious name shows when Porter's principal holds it: AZURE-ASSIGN-001.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_DEFINITIONS_PAGE, definition_subject, subscription_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per undocumented role, else one PASS."""
    strange = [d for d in ctx.definitions if ctx.documented_definition(d) is None]
    for definition in strange:
        yield Outcome(
            subject=definition_subject(definition),
            result=Result.FAIL,
            message=f"The custom role {quote(definition.name)} is named like Porter's and is not documented.",
            reason_code="NOT_DOCUMENTED",
            observed=ObservedValue(definition.body.get("permissions"), definition.name),
            evidence=(definition.evidence,),
        )
    if not strange:
        said = f"{count(len(ctx.definitions), 'custom role')} named like Porter's, each documented by name."
        yield Outcome(subscription_subject(ctx), Result.PASS, said, "NONE")


RULE = Rule(
    id="AZURE-ROLE-005",
    title="No other custom role is named like Porter's",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(kinds.ROLE_DEFINITIONS,),
    check=check,
    remediation=Remediation(
        summary="Find out who made the role, and delete it if it is not used.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_DEFINITIONS_PAGE,
    ),
    claims=(63,),
    cloud="azure",
)
