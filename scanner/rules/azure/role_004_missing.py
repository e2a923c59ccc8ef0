"""AZURE-ROLE-004: Porter's role definition grants everything that is documented.

## What it checks
The documented operations against those that the live role grants; the reverse of AZURE-ROLE-001.

## Why it matters
Less access is safer, but something of what Porter does may fail, and the documented version is not what is
installed.

## Remediation
None is needed for security.

## Limits
Deny assignments and conditions on assignments are not counted here.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records_azure import DocumentedRoleDefinition
from scanner.errors import PolicyError
from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import (
    AzureRoleDefinition,
)
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_DEFINITIONS_PAGE, definition_subject, not_applicable
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.differences import difference
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role."""
    found = False
    for definition in ctx.definitions:
        page = ctx.documented_definition(definition)
        if page is not None:
            found = True
            yield _judge(ctx, definition, page)
    if not found:
        yield not_applicable(ctx, "No custom role is named as Porter documents it.")


def _judge(ctx: AzureContext, definition: AzureRoleDefinition, page: DocumentedRoleDefinition) -> Outcome:
    subject = definition_subject(definition)
    try:
        seen = ctx.judge(definition, page)
    except PolicyError as error:
        return Outcome(subject, Result.INCOMPLETE, f"{quote(definition.name)} cannot be read: {error}.", "UNREADABLE")
    lacking = [p.witness.action for p in seen.missing]
    reasons = [u.reason for u in seen.undecided if u.direction == "missing"]
    if not lacking and reasons:
        return Outcome(subject, Result.INCOMPLETE, f"Not decided: {listed(reasons, 3)}.", "UNDECIDED")
    return Outcome(
        subject=subject,
        result=Result.FAIL if lacking else Result.PASS,
        message=f"{quote(definition.name)} lacks documented operations, for example {listed(lacking, 3)}."
        if lacking
        else f"{quote(definition.name)} grants every documented operation.",
        reason_code="MISSING_ACTION" if lacking else "COMPLETE",
        porter_role=page.key,
        diff=difference(seen, ()),
        evidence=(definition.evidence,),
    )


RULE = Rule(
    id="AZURE-ROLE-004",
    title="Porter's role definition grants everything that is documented",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="drift",
    requires=(kinds.ROLE_DEFINITIONS,),
    check=check,
    remediation=Remediation(
        summary="Nothing to do for security; tell Porter if something fails.",
        owner="porter",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_DEFINITIONS_PAGE,
    ),
    claims=(
        64,
        65,
    ),
    cloud="azure",
)
