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
    no_application,
    principal_subject,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per application and service principal."""
    if not ctx.applications and not ctx.principals:
        yield no_application(ctx)
    for application in ctx.applications:
        yield _judge(ctx, application_subject(application), (*application.secrets, *application.certificates))
    for principal in ctx.principals:
        held = (*principal.secrets, *principal.certificates)
        yield _judge(ctx, principal_subject(ctx, principal.object_id), held)


def _judge(ctx: AzureContext, subject: Subject, held: tuple[EntraCredential, ...]) -> Outcome:
    before = dict(ctx.settings.previous_credentials).get(subject.key)
    new = [c for c in held if before is not None and c.key_id not in before]
    result, reason, message = _said(ctx, subject, held, before, new)
    return Outcome(
        subject=subject,
        result=result,
        message=message,
        reason_code=reason,
        # What is there tonight is what the next run compares with.
        observed=ObservedValue(sorted(c.key_id for c in held)),
        evidence=tuple(c.evidence for c in (new or held)),
    )


def _said(
    ctx: AzureContext,
    subject: Subject,
    held: tuple[EntraCredential, ...],
    before: tuple[str, ...] | None,
    new: list[EntraCredential],
) -> tuple[Result, str, str]:
    name = quote(subject.name)
    if new:
        ids = listed(c.key_id for c in new)
        told = f"{name} got {count(len(new), 'new credential')} since the previous run: {ids}."
        return Result.FAIL, "NEW_CREDENTIAL", told
    if before is not None:
        return Result.PASS, "UNCHANGED", f"{name} has no credential that the previous run did not see."
    if not ctx.settings.has_previous:
        return Result.NOT_APPLICABLE, "NO_PREVIOUS", "There is no previous run to compare with."
    if not held:
        return Result.PASS, "NO_CREDENTIAL", f"{name} has no credential."
    ids = listed(c.key_id for c in held)
    return Result.MANUAL, "NO_EARLIER", f"No earlier run saw the credentials of {name}: {ids}. Ask where they are from."


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
