"""AZURE-ROLE-001: Porter's role definition grants nothing that is not documented.

## What it checks
The permissions of every custom role named as documented, against the documented actions without the documented
exclusions, on both planes. Every operation beyond is shown with an example.

## Why it matters
A role definition can be changed without its name or its assignments changing: who only looks at names sees nothing.

## Remediation
Set the role definition back to the documented permissions, or ask Porter to document the change.

## Limits
Names and ids are not evidence and play no part, except to find the role. A permissions block with a condition is
judged as if the condition held.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import Comparison
from scanner.baseline.records_azure import DocumentedRoleDefinition
from scanner.errors import PolicyError
from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import (
    AzureRoleDefinition,
)
from scanner.rules.azure._assignments import lists_nothing
from scanner.rules.azure._common import (
    PORTER_CONNECT,
    ROLE_DEFINITIONS_PAGE,
    definition_subject,
    expectation,
    not_applicable,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.differences import difference, witness_of
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per role and plane of excess, else one outcome per role."""
    found = False
    for definition in ctx.definitions:
        page = ctx.documented_definition(definition)
        if page is not None:
            found = True
            yield from _judge(ctx, definition, page)
    if not found:
        yield not_applicable(ctx, "No custom role is named as Porter documents it.")


def _judge(ctx: AzureContext, definition: AzureRoleDefinition, page: DocumentedRoleDefinition) -> Iterator[Outcome]:
    if lists_nothing(definition):
        said = "lists no operation, and Azure keeps no such role: it was not read in full"
        yield _other(ctx, definition, page, Result.INCOMPLETE, "NO_OPERATIONS", said)
        return
    try:
        seen = ctx.judge(definition, page)
    except PolicyError as error:
        yield _other(ctx, definition, page, Result.INCOMPLETE, "UNREADABLE", f"cannot be read: {error}")
        return
    for kind in sorted({p.kind for p in seen.excess}):
        yield _excess(ctx, definition, page, seen, kind)
    if seen.excess:
        return
    reasons = [u.reason for u in seen.undecided if u.direction == "excess"]
    if reasons:
        yield _other(ctx, definition, page, Result.INCOMPLETE, "UNDECIDED", f"is not decided: {listed(reasons, 3)}")
    else:
        yield _other(ctx, definition, page, Result.PASS, "CONTAINED", "grants only documented operations")


def _excess(
    ctx: AzureContext, definition: AzureRoleDefinition, page: DocumentedRoleDefinition, seen: Comparison, kind: str
) -> Outcome:
    pieces = [p for p in seen.excess if p.kind == kind]
    first = pieces[0]
    plane = "data operations" if kind == "data" else "operations"
    return Outcome(
        subject=definition_subject(definition),
        result=Result.FAIL,
        message=f"{quote(definition.name)} grants {plane} that are not documented, for example "
        f"{quote(first.witness.action)}, by {listed(a for p in pieces for a in p.actions)}.",
        reason_code=f"EXCESS_{kind.upper()}",
        discriminator=kind,
        porter_role=page.key,
        expected=expectation(ctx, [list(b.actions) for b in page.permissions], page.source),
        observed=ObservedValue(definition.body.get("permissions"), definition.name),
        diff=difference(seen, pieces),
        witness=witness_of(first.witness),
        evidence=(definition.evidence,),
    )


def _other(
    ctx: AzureContext,
    definition: AzureRoleDefinition,
    page: DocumentedRoleDefinition,
    result: Result,
    code: str,
    said: str,
) -> Outcome:
    return Outcome(
        subject=definition_subject(definition),
        result=result,
        message=f"The permissions of {quote(definition.name)}: it {said}.",
        reason_code=code,
        porter_role=page.key,
        expected=expectation(ctx, [list(b.actions) for b in page.permissions], page.source),
        evidence=(definition.evidence,),
    )


RULE = Rule(
    id="AZURE-ROLE-001",
    title="Porter's role definition grants nothing that is not documented",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(kinds.ROLE_DEFINITIONS,),
    check=check,
    remediation=Remediation(
        summary="Set the role definition back to the documented permissions.",
        owner="porter",
        cli="az role definition list --custom-role-only --name porter-aks-restricted",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_DEFINITIONS_PAGE,
    ),
    claims=(
        63,
        64,
        65,
    ),
    cloud="azure",
)
