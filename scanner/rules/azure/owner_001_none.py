"""AZURE-OWNER-001: Nobody owns Porter's application.

## What it checks
Owners of Porter's app registrations and service principals.

## Why it matters
An owner may add a secret at any time and then act as Porter, with all of Porter's access.

## Remediation
Remove the owner; administrators of the tenant can manage the application without being owners.

## Limits
Administrators who may manage every application are not listed. Entra makes some people who register an application
its first owner, depending on how and with which role they do it: then the owner is whoever connected Porter, and a
waiver can say so.

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
    no_application,
    principal_subject,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per application and service principal."""
    if not ctx.applications and not ctx.principals:
        yield no_application(ctx)
    subjects = [(application_subject(a), a.owners, a.evidence) for a in ctx.applications]
    subjects += [(principal_subject(ctx, p.object_id), p.owners, p.evidence) for p in ctx.principals]
    for subject, owners, evidence in subjects:
        names = [owner.name or owner.object_id for owner in owners]
        yield Outcome(
            subject=subject,
            result=Result.FAIL if owners else Result.PASS,
            message=f"{quote(subject.name)} is owned by {listed(names)}, who may add credentials; none is documented."
            if owners
            else f"{quote(subject.name)} has no owner.",
            reason_code="OWNED" if owners else "NONE",
            observed=ObservedValue(sorted(owner.object_id for owner in owners)) if owners else None,
            evidence=(evidence,),
        )


RULE = Rule(
    id="AZURE-OWNER-001",
    title="Nobody owns Porter's application",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.APPLICATIONS,
        kinds.SERVICE_PRINCIPALS,
        kinds.OWNERS,
    ),
    check=check,
    remediation=Remediation(
        summary="Remove the owner.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(72,),
    cloud="azure",
)
