"""AZURE-SECRET-005: Porter has no certificate, and no credential on its service principal.

## What it checks
Certificates of Porter's app registrations, and secrets and certificates that hang on the service principal itself,
where the portal does not show them.

## Why it matters
A credential that no document names lets its holder act as Porter.

## Remediation
Find out who added the credential; remove it.

## Limits
Credentials of Porter's app in a tenant of Porter's own would not be visible here.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_azure import (
    EntraCredential,
)
from scanner.rules.azure._common import (
    CREDENTIALS_PAGE,
    PORTER_CONNECT,
    application_subject,
    no_application,
    principal_subject,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per application and per service principal."""
    if not ctx.applications and not ctx.principals:
        yield no_application(ctx)
    for application in ctx.applications:
        yield _outcome(application_subject(application), application.certificates, "certificate", Severity.MEDIUM)
    for principal in ctx.principals:
        held = (*principal.secrets, *principal.certificates)
        yield _outcome(principal_subject(ctx, principal.object_id), held, "credential on itself", Severity.HIGH)


def _outcome(subject: Subject, held: tuple[EntraCredential, ...], noun: str, severity: Severity) -> Outcome:
    plural = "credentials on itself" if noun.startswith("credential") else ""
    return Outcome(
        subject=subject,
        result=Result.FAIL if held else Result.PASS,
        message=f"{quote(subject.name)} has {count(len(held), noun, plural)}"
        f"{': ' + listed(c.key_id for c in held) + ', not documented' if held else ''}.",
        reason_code="CREDENTIAL_NOT_DOCUMENTED" if held else "NONE",
        severity=severity,
        observed=ObservedValue(sorted(c.key_id for c in held)) if held else None,
        evidence=tuple(c.evidence for c in held),
    )


RULE = Rule(
    id="AZURE-SECRET-005",
    title="Porter has no certificate, and no credential on its service principal",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="secrets",
    requires=(
        kinds.APPLICATIONS,
        kinds.SERVICE_PRINCIPALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Find out who added the credential, and remove it.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(71,),
    cloud="azure",
)
