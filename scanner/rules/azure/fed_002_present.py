"""AZURE-FED-002: The documented federated credential exists.

## What it checks
For versions that document federation: a federated credential on Porter's app registration that fits.

## Why it matters
Without it Porter signs in some other way, by a secret that this version forbids.

## Remediation
None is needed for security. Run Porter's set-up again.

## Limits
Whether the credential is used is not visible.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/workload-id/workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.rules.azure._common import (
    FEDERATION_PAGE,
    PORTER_CONNECT,
    application_subject,
    documented_applications,
    expectation,
    not_applicable,
)
from scanner.rules.azure_context import AzureContext, matches
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per documented credential and application."""
    found = False
    for application, page in documented_applications(ctx):
        for claim in page.federated_credentials:
            found = True
            held = [c for c in application.federated if matches(claim.subject_pattern, c.subject)]
            yield Outcome(
                subject=application_subject(application),
                result=Result.PASS if held else Result.FAIL,
                message=f"Present: {listed(c.name for c in held)}."
                if held
                else f"{quote(application.name)} has no federated credential for {quote(claim.subject_pattern)}.",
                reason_code="PRESENT" if held else "ABSENT",
                discriminator=claim.name_pattern,
                porter_role=page.key,
                expected=expectation(ctx, claim.subject_pattern, claim.source),
                evidence=tuple(c.evidence for c in held),
            )
    if not found:
        yield not_applicable(ctx, "No federated credential is documented, or no app registration is Porter's.")


RULE = Rule(
    id="AZURE-FED-002",
    title="The documented federated credential exists",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(
        kinds.APPLICATIONS,
        kinds.FEDERATED_CREDENTIALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Run Porter's set-up again.",
        owner="porter",
    ),
    references=(
        PORTER_CONNECT,
        FEDERATION_PAGE,
    ),
    claims=(73,),
    cloud="azure",
)
