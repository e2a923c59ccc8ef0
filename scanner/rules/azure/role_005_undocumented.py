"""AZURE-ROLE-005: No other custom role is named like Porter's.

## What it checks
Custom roles with a word in their names that begins with porter, and that no documented name covers; and custom roles
of any other name that an application holds and that say word for word what Porter's documented role says.

## Why it matters
A second role of Porter is access that nobody documented; one made by somebody else in its name is worse. Whoever may
write role definitions, as Porter may, can also give its role another name, and then nothing is found under the old one.

## Remediation
Find out who made the role; delete it if it is not used.

## Limits
A role of another name with other permissions shows when Porter's principal holds it: AZURE-ASSIGN-001. Whose a role
with Porter's permissions under another name is, is for a person to judge.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import AzureRoleDefinition
from scanner.rules.azure._common import (
    PORTER_CONNECT,
    ROLE_DEFINITIONS_PAGE,
    definition_subject,
    principal_subject,
    subscription_subject,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per undocumented role, one MANUAL per double of the documented one, else one PASS."""
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
    doubles = [
        (definition, page, held)
        for definition in sorted(ctx.account.definitions, key=lambda d: d.id)
        if (page := ctx.double_of(definition)) is not None and (held := _holders(ctx, definition))
    ]
    for definition, page, held in doubles:
        holders = listed(principal_subject(ctx, one).name for one in held)
        said = f"{quote(definition.name)} says what {quote(page.key)} says, under a name that is not Porter's"
        yield Outcome(
            subject=definition_subject(definition),
            result=Result.MANUAL,
            message=f"The custom role {said}. It is held by {holders}: see whose it is.",
            reason_code="SAME_PERMISSIONS",
            porter_role=page.key,
            observed=ObservedValue(definition.body.get("permissions"), definition.name),
            evidence=(definition.evidence,),
        )
    if not strange and not doubles:
        said = f"{count(len(ctx.definitions), 'custom role')} named like Porter's, each documented by name."
        yield Outcome(subscription_subject(ctx), Result.PASS, said, "NONE")


def _holders(ctx: AzureContext, definition: AzureRoleDefinition) -> list[str]:
    """Return the ids of applications and managed identities that hold a role; people and groups are not the vendor."""
    mine = (a for a in ctx.account.assignments if a.role_id == definition.role_id)
    return sorted({a.principal_id for a in mine if a.principal_type in ("", "ServicePrincipal")})


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
