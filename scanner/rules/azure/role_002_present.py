"""AZURE-ROLE-002: The documented role definition exists.

## What it checks
Custom roles of the subscription with a documented name, with or without the suffix that later scripts append.

## Why it matters
A missing role shows that Porter works with other access than documented here, or not at all.

## Remediation
None is needed for security. Reconnect the subscription in Porter if the role should be there.

## Limits
Names only: what the role grants is judged by other rules.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity, Subject
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_DEFINITIONS_PAGE, expectation, not_applicable
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import listed


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role definition."""
    if ctx.account.scope.presence != "expected" and not ctx.definitions and not ctx.principal_ids:
        yield not_applicable(ctx, "No Porter access found.", "NO_PORTER_ACCESS")
        return
    for page in ctx.baseline.role_definitions:
        live = [d for d in ctx.definitions if ctx.documented_definition(d) == page]
        subject = Subject("azure.role_definition", f"{ctx.account.subscription_id}/{page.key}", page.key)
        names = listed(d.name for d in live)
        yield Outcome(
            subject=subject,
            result=Result.PASS if live else Result.FAIL,
            message=f"Present: {names}." if live else f"No custom role is named {listed(page.name_patterns)}.",
            reason_code="PRESENT" if live else "ABSENT",
            porter_role=page.key,
            expected=expectation(ctx, list(page.name_patterns), page.source),
            evidence=tuple(d.evidence for d in live),
        )


RULE = Rule(
    id="AZURE-ROLE-002",
    title="The documented role definition exists",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(kinds.ROLE_DEFINITIONS,),
    check=check,
    remediation=Remediation(
        summary="Nothing to do for security; reconnect the subscription if the role should exist.",
        owner="porter",
    ),
    references=(
        PORTER_CONNECT,
        ROLE_DEFINITIONS_PAGE,
    ),
    claims=(63,),
    cloud="azure",
)
