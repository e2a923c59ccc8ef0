"""AZURE-SECRET-004: Porter's application has client secrets only where they are documented.

## What it checks
Whether Porter's app registrations have secrets at all, against what the documented version says of them.

## Why it matters
Since federation replaced it, a secret is a second way in that no document knows. Where the version still expects
one, it contradicts its own promise of access without static keys.

## Remediation
Delete the secret once Porter signs in by federation.

## Limits
A secret that has ended counts too: it should be gone.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.azure._common import (
    CREDENTIALS_PAGE,
    PORTER_CONNECT,
    application_subject,
    documented_applications,
    expectation,
    no_application,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per application."""
    found = False
    for application, page in documented_applications(ctx):
        found = True
        forbidden = page.secrets.client_secret == "forbidden"
        bad = forbidden and bool(application.secrets)
        note = " This contradicts the page's promise of access without static keys." if application.secrets else ""
        yield Outcome(
            subject=application_subject(application),
            result=Result.FAIL if bad else Result.PASS,
            message=f"{quote(application.name)} has {count(len(application.secrets), 'secret')}, and the documented "
            f"version forbids any: {page.secrets.reason}"
            if bad
            else f"{quote(application.name)} has {count(len(application.secrets), 'secret')}; the documented version "
            f"{'forbids' if forbidden else 'expects'} it.{'' if forbidden else note}",
            reason_code="SECRET_FORBIDDEN" if bad else "DOCUMENTED",
            porter_role=page.key,
            expected=expectation(ctx, page.secrets.client_secret, page.secrets.source),
            observed=ObservedValue(sorted(s.key_id for s in application.secrets)) if bad else None,
            evidence=tuple(s.evidence for s in application.secrets) or (application.evidence,),
        )
    if not found:
        yield no_application(ctx)


RULE = Rule(
    id="AZURE-SECRET-004",
    title="Porter's application has client secrets only where they are documented",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="secrets",
    requires=(kinds.APPLICATIONS,),
    check=check,
    remediation=Remediation(
        summary="Delete the secret once Porter signs in by federation.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(70,),
    cloud="azure",
)
