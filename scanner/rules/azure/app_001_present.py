"""AZURE-APP-001: Porter's application exists where it is expected, and only there.

## What it checks
Service principals with the documented name. A tenant that the operator declares free of Porter must have none;
deleted registrations that can still be restored are named.

## Why it matters
A missing application shows another installation than documented; one that should be gone is access somebody forgot.

## Remediation
Delete the app registration, its service principal and the role assignments where Porter should be absent.

## Limits
Names only: what the application may do is judged by the other rules.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.rules.azure._common import (
    CREDENTIALS_PAGE,
    PORTER_CONNECT,
    expectation,
    not_applicable,
    subscription_subject,
)
from scanner.rules.azure_context import AzureContext, is_named_like_vendor
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per documented application; one where Porter is not, or should not be, there."""
    presence = ctx.account.scope.presence
    present = [*ctx.principals]
    if presence == "absent" and (present or ctx.applications):
        names = [p.name for p in present] or [a.name for a in ctx.applications]
        said = f"Porter is declared absent, yet {listed(names)} exists."
        evidence = tuple(p.evidence for p in present) or tuple(a.evidence for a in ctx.applications)
        yield Outcome(
            subscription_subject(ctx),
            Result.FAIL,
            said,
            "NOT_ABSENT",
            discriminator="absent",
            severity=Severity.HIGH,
            observed=ObservedValue(names),
            evidence=evidence,
        )
        return
    if presence != "expected" and not present and not ctx.applications:
        bin_note = [d.name for d in ctx.account.deleted if is_named_like_vendor(d.name, ctx.baseline)]
        said = f" A deleted registration can still be restored: {listed(bin_note)}." if bin_note else ""
        yield not_applicable(ctx, f"No Porter access found.{said}", "NO_PORTER_ACCESS")
        return
    for page in ctx.baseline.applications:
        live = [p for p in present if ctx.documented_application(p.name) == page]
        yield Outcome(
            subject=Subject("entra.application", f"{ctx.account.tenant_id}/{page.key}", page.key),
            result=Result.PASS if live else Result.NOT_APPLICABLE if page.optional else Result.FAIL,
            message=f"Present: {listed(p.name for p in live)}." if live else f"{quote(page.key)} does not exist here.",
            reason_code="PRESENT" if live else "ABSENT",
            porter_role=page.key,
            expected=expectation(ctx, page.name_pattern, page.source),
            evidence=tuple(p.evidence for p in live),
        )


RULE = Rule(
    id="AZURE-APP-001",
    title="Porter's application exists where it is expected, and only there",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(
        kinds.APPLICATIONS,
        kinds.SERVICE_PRINCIPALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete what should not be there; nothing to do for security otherwise.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(
        68,
        74,
    ),
    supplementary=(kinds.DELETED_ITEMS,),
    cloud="azure",
)
