"""AZURE-RISK-001: The documented role is not Owner in effect.

## What it checks
Whether the role that Porter documents, and holds, can write role assignments, at once, by scheduling them or by
editing a role definition; shown with the operation.

## Why it matters
Who can assign roles can assign itself Owner. The exclusions that keep the built-in Contributor role from that are
not among the documented ones.

## Remediation
Ask Porter for a role that excludes Microsoft.Authorization/*/write and Microsoft.Authorization/*/delete.

## Limits
A deny assignment or a condition on the assignment may prevent it; these are named by other rules.

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
from scanner.rules.azure._assignments import (
    WRITE_ASSIGNMENTS,
    may_write_assignments,
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
from scanner.rules.differences import witness_of
from scanner.rules.words import quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per role definition that is documented by name."""
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
        answer = may_write_assignments(definition)
    except PolicyError as error:
        return Outcome(subject, Result.INCOMPLETE, f"{quote(definition.name)} cannot be read: {error}.", "UNREADABLE")
    if answer.outcome == "undecided":
        return Outcome(subject, Result.INCOMPLETE, f"Not decided: {answer.reason}.", "UNDECIDED")
    bad = answer.outcome == "possible"
    note = next((n.summary for n in ctx.baseline.risk_notes if page.key in n.roles), "")
    used = answer.witness.action if answer.witness else WRITE_ASSIGNMENTS
    return Outcome(
        subject=subject,
        result=Result.FAIL if bad else Result.PASS,
        message=f"With {quote(definition.name)} its holder can use {quote(used)}, and so make itself "
        f"Owner. {note}".rstrip()
        if bad
        else f"{quote(definition.name)} can write neither role assignments nor role definitions.",
        reason_code="OWNER_IN_EFFECT" if bad else "NONE",
        porter_role=page.key,
        expected=expectation(ctx, [list(b.not_actions) for b in page.permissions], page.source),
        witness=witness_of(answer.witness),
        evidence=(definition.evidence,),
    )


RULE = Rule(
    id="AZURE-RISK-001",
    title="The documented role is not Owner in effect",
    severity=Severity.CRITICAL,
    axis=Axis.POSTURE,
    family="escalation",
    requires=(kinds.ROLE_DEFINITIONS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter for a role that cannot write role assignments.",
        owner="porter",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_DEFINITIONS_PAGE,
    ),
    claims=(65,),
    cloud="azure",
)
