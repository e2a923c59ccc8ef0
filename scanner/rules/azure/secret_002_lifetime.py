"""AZURE-SECRET-002: Porter's client secrets live no longer than documented.

## What it checks
Start and end of every secret of Porter's app registrations: at most the documented 365 days, one more where the
year has a leap day.

## Why it matters
A secret that lives for years is a secret that nobody renews; whoever finds it can use it as long.

## Remediation
Replace the secret by one that ends within 365 days.

## Limits
365 days is what the page asks for; Azure itself allows more.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

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
from scanner.rules.words import count, listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per application."""
    found = False
    for application, page in documented_applications(ctx):
        found = True
        limit = page.secrets.max_age_days or 365
        endless = [s for s in application.secrets if s.ends is None]
        unknown = [s for s in application.secrets if s.ends is not None and s.starts is None]
        # A secret made for one year over a leap day lives 366 days.
        long = [s for s in application.secrets if s.ends and s.starts and s.ends - s.starts > timedelta(days=limit + 1)]
        bad = [*endless, *long]
        days = {s.key_id: (s.ends - s.starts).days if s.ends and s.starts else None for s in bad}
        said = "has no end date" if endless else f"lives longer than {limit} days"
        fine = f"{count(len(application.secrets), 'secret')} of {quote(application.name)}, none above {limit} days."
        result = Result.FAIL if bad else Result.INCOMPLETE if unknown else Result.PASS
        yield Outcome(
            subject=application_subject(application),
            result=result,
            message=f"{count(len(bad), 'secret')} of {quote(application.name)}: {listed(days)} {said}."
            if bad
            else f"The start of {listed(s.key_id for s in unknown)} is not known."
            if unknown
            else fine,
            reason_code=("NO_EXPIRY" if endless else "LONG_LIVED") if bad else "UNKNOWN" if unknown else "WITHIN",
            severity=Severity.HIGH if endless or any(d and d > 2 * limit for d in days.values()) else Severity.MEDIUM,
            porter_role=page.key,
            expected=expectation(ctx, limit, page.secrets.source),
            observed=ObservedValue(days) if bad else None,
            evidence=tuple(s.evidence for s in bad) or (application.evidence,),
        )
    if not found:
        yield no_application(ctx)


RULE = Rule(
    id="AZURE-SECRET-002",
    title="Porter's client secrets live no longer than documented",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="secrets",
    requires=(kinds.APPLICATIONS,),
    check=check,
    remediation=Remediation(
        summary="Replace the secret by one that ends within 365 days.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(70,),
    cloud="azure",
)
