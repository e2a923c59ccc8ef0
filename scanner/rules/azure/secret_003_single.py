"""AZURE-SECRET-003: Porter's application has at most one live secret.

## What it checks
Secrets of Porter's app registrations that have not ended.

## Why it matters
A second live secret is either a rotation that was not finished, or somebody else's way in.

## Remediation
Delete every secret but the one that Porter uses.

## Limits
Which secret Porter uses is not visible.

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
        live = [s for s in application.secrets if s.ends is None or s.ends > ctx.as_of]
        several = len(live) > 1
        yield Outcome(
            subject=application_subject(application),
            result=Result.FAIL if several else Result.PASS,
            message=f"{quote(application.name)} has {count(len(live), 'live secret')}"
            f"{': ' + listed(s.key_id for s in live) if several else ''}.",
            reason_code="SEVERAL_SECRETS" if several else "AT_MOST_ONE",
            porter_role=page.key,
            observed=ObservedValue(sorted(s.key_id for s in live)) if several else None,
            evidence=tuple(s.evidence for s in live) or (application.evidence,),
        )
    if not found:
        yield no_application(ctx)


RULE = Rule(
    id="AZURE-SECRET-003",
    title="Porter's application has at most one live secret",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="secrets",
    requires=(kinds.APPLICATIONS,),
    check=check,
    remediation=Remediation(
        summary="Delete every secret but the one that Porter uses.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(70,),
    cloud="azure",
)
