"""AZURE-REVOKED-005: No role definition of Porter's is left.

## What it checks
Custom role definitions of documented names.

## Why it matters
The definition gives nobody access by itself, and the page calls deleting it optional. It allows nearly everything, and
one assignment is enough to use it again.

## Remediation
Delete its assignments, then the definition.

## Limits
Recognised by name. A definition of another name with the same permissions is not.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Severity
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_DEFINITIONS_PAGE, definition_subject, subscription_subject
from scanner.rules.azure._revoked import definition_by_name
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per definition that is left, else one PASS for the subscription."""
    custom = [d for d in ctx.account.definitions if d.kind != "BuiltInRole"]
    found = [d for d in custom if definition_by_name(ctx.baseline, d)]
    for definition in found:
        scope = f"/subscriptions/{ctx.account.subscription_id}"
        delete = ("az", "role", "definition", "delete", "--name", definition.role_id, "--scope", scope)
        yield left(
            definition_subject(definition),
            f"Role definition {quote(definition.name)} is left. The page calls deleting it optional.",
            severity=Severity.LOW,
            evidence=(definition.evidence,),
            steps=("Delete its assignments first (AZURE-REVOKED-004).", command(*delete)),
            summary="Delete Porter's role definitions.",
            observed=list(definition.assignable_scopes),
        )
    if not found:
        read = count(len(custom), "custom role definition")
        yield none_left(subscription_subject(ctx), f"{read} read: none has a documented name.")


RULE = Rule(
    id="AZURE-REVOKED-005",
    title="No role definition of Porter's is left",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.ROLE_DEFINITIONS,),
    check=check,
    remediation=Remediation(
        summary="Delete Porter's role definitions.",
        cli="az role definition delete --name ID",
    ),
    references=(PORTER_CONNECT, ROLE_DEFINITIONS_PAGE),
    claims=(74,),
    cloud="azure",
)
