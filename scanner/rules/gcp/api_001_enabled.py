"""GCP-API-001: The APIs that the documents have enabled are enabled.

## What it checks
Whether each API that the page has the customer enable is enabled in the project.

## Why it matters
Without them Porter cannot manage bindings or enable what else it needs: something will break, or has been switched
off on purpose.

## Remediation
Enable the API, unless it was switched off to keep Porter out.

## Limits
Porter may enable more APIs; that is documented and not reported.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/service-usage/docs/overview
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.rules.base import Rule
from scanner.rules.gcp._common import PORTER_CONNECT, USAGE, expected, not_applicable, project_subject
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per documented API."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
        return
    for claim in ctx.baseline.apis:
        there = claim.name in ctx.project.services
        yield Outcome(
            project_subject(ctx),
            Result.PASS if there else Result.FAIL,
            f"{quote(claim.name)} is {'enabled' if there else 'not enabled'}.",
            reason_code="ENABLED" if there else "ABSENT_API",
            discriminator=claim.name,
            expected=expected(claim.name, claim.source),
        )


RULE = Rule(
    id="GCP-API-001",
    title="The APIs that the documents have enabled are enabled",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(
        kinds.SERVICES,
        kinds.SERVICE_ACCOUNTS,
    ),
    check=check,
    remediation=Remediation(
        summary="Enable the API.",
        cli="gcloud services enable NAME",
    ),
    references=(
        PORTER_CONNECT,
        USAGE,
    ),
    claims=(53,),
    cloud="gcp",
)
