"""AZURE-SECRET-006: No credential of Porter's appeared since the previous run.

## What it checks
Key ids of all secrets and certificates of Porter's applications and service principals, against those of the
previous run.

## Why it matters
A new credential is a rotation, or somebody's way in; the day it appears is the day to ask.

## Remediation
Confirm the rotation with whoever made it; remove the credential otherwise.

## Limits
Needs a previous run to compare with.

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
    count,
    listed,
    no_application,
    not_applicable,
    principal_subject,
    quote,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per application and service principal."""
    if not ctx.settings.has_previous:
        yield not_applicable(ctx, "There is no previous run to compare with.", "NO_PREVIOUS")
        return
    if not ctx.applications and not ctx.principals:
        yield no_application(ctx)
    for application in ctx.applications:
        yield _judge(ctx, application_subject(application), (*application.secrets, *application.certificates))
    for principal in ctx.principals:
        held = (*principal.secrets, *principal.certificates)
        yield _judge(ctx, principal_subject(ctx, principal.object_id), held)


def _judge(ctx: AzureContext, subject: Subject, held: tuple[EntraCredential, ...]) -> Outcome:
    new = [c for c in held if c.key_id not in ctx.settings.previous_credentials]
    return Outcome(
        subject=subject,
        result=Result.FAIL if new else Result.PASS,
        message=f"{quote(subject.name)} got {count(len(new), 'new credential')} since the previous run: "
        f"{listed(c.key_id for c in new)}."
        if new
        else f"{quote(subject.name)} has no credential that the previous run did not see.",
        reason_code="NEW_CREDENTIAL" if new else "UNCHANGED",
        observed=ObservedValue(sorted(c.key_id for c in new)) if new else None,
        evidence=tuple(c.evidence for c in new),
    )


RULE = Rule(
    id="AZURE-SECRET-006",
    title="No credential of Porter's appeared since the previous run",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="drift",
    requires=(
        kinds.APPLICATIONS,
        kinds.SERVICE_PRINCIPALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Confirm the rotation, or remove the credential.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(
        70,
        71,
    ),
    cloud="azure",
)
