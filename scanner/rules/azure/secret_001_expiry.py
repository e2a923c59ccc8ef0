"""AZURE-SECRET-001: Porter's client secrets are neither expired nor about to expire.

## What it checks
The end dates of the secrets of Porter's app registrations: expired, or ending within 30, 14 or 7 days, with rising
severity.

## Why it matters
When the secret ends, Porter can no longer reach the subscription; a secret that has ended should be gone.

## Remediation
Make a new secret, hand it to Porter, and delete the old one.

## Limits
Whether Porter uses the secret that lasts longest is not visible.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import (
    EntraApplication,
    EntraCredential,
)
from scanner.rules.azure._common import CREDENTIALS_PAGE, PORTER_CONNECT, application_subject, no_application
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield at most two FAILs per application (expired, expiring), else one PASS."""
    if not ctx.applications:
        yield no_application(ctx)
    for application in ctx.applications:
        yield from _judge(ctx, application)


def _judge(ctx: AzureContext, application: EntraApplication) -> Iterator[Outcome]:
    subject = application_subject(application)
    ended = [s for s in application.secrets if s.ends is not None and s.ends <= ctx.as_of]
    live = [s for s in application.secrets if s.ends is None or s.ends > ctx.as_of]
    soon = [s for s in live if s.ends is not None and s.ends - ctx.as_of <= timedelta(days=max(_days(ctx)))]
    if ended:
        yield _found(application, ended, "expired", Severity.LOW if live else Severity.MEDIUM, "has expired")
    last = max((s.ends for s in live if s.ends is not None), default=None)
    if soon and last is not None and all(s in soon for s in live):
        left = (last - ctx.as_of).days
        _, medium, high = _days(ctx)
        severity = Severity.HIGH if left <= high else Severity.MEDIUM if left <= medium else Severity.LOW
        yield _found(application, soon, "expiring", severity, f"ends in {count(left, 'day')}")
    elif not ended:
        said = f"{count(len(live), 'secret')} of {quote(application.name)}, none about to end."
        yield Outcome(subject, Result.PASS, said, "VALID", evidence=(application.evidence,))


def _days(ctx: AzureContext) -> tuple[int, int, int]:
    low, medium, high = sorted(ctx.settings.secret_expiry_days, reverse=True)
    return low, medium, high


def _found(
    application: EntraApplication, secrets: list[EntraCredential], code: str, severity: Severity, words: str
) -> Outcome:
    shown = {s.key_id: s.ends.date().isoformat() if s.ends else None for s in secrets}
    return Outcome(
        subject=application_subject(application),
        result=Result.FAIL,
        message=f"{count(len(secrets), 'secret')} of {quote(application.name)}: {listed(shown)} {words}.",
        reason_code=code.upper(),
        discriminator=code,
        severity=severity,
        observed=ObservedValue(shown),
        evidence=tuple(s.evidence for s in secrets),
    )


RULE = Rule(
    id="AZURE-SECRET-001",
    title="Porter's client secrets are neither expired nor about to expire",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="secrets",
    requires=(kinds.APPLICATIONS,),
    check=check,
    remediation=Remediation(
        summary="Make a new secret, hand it to Porter, delete the old one.",
        owner="customer",
        cli="az ad app credential list --id APP-ID",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(70,),
    cloud="azure",
)
