"""AZURE-GRAPH-002: What Porter's registration requests is what was consented to.

## What it checks
Application permissions declared in the app registration against those granted to its service principal.

## Why it matters
A permission that is requested and not granted waits for a click; one that is granted and not requested does not
show in the registration, where people look.

## Remediation
Make both lists the documented one.

## Limits
Application permissions only; delegated ones are judged by AZURE-GRAPH-003.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records_azure import DocumentedApplication
from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import (
    EntraApplication,
    EntraServicePrincipal,
)
from scanner.rules.azure._common import (
    GRAPH_PERMISSIONS_PAGE,
    PORTER_CONNECT,
    application_subject,
    documented_applications,
    no_application,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield up to two FAILs per application, else one PASS."""
    found = False
    for application, page in documented_applications(ctx):
        principal = next((p for p in ctx.principals if p.app_id == application.app_id), None)
        if principal is not None:
            found = True
            yield from _judge(application, principal, page)
    if not found:
        yield no_application(ctx)


def _judge(
    application: EntraApplication, principal: EntraServicePrincipal, page: DocumentedApplication
) -> Iterator[Outcome]:
    names = {claim.id: claim.value for claim in page.app_roles}
    requested = {role for _, role, kind in application.requested if kind == "Role"}
    granted = {role.id for role in principal.app_roles}
    pairs = (
        ("requested", requested - granted, "requests, without consent,", "ABSENT_CONSENT", Severity.INFO),
        ("granted", granted - requested, "was granted, without requesting,", "NOT_REQUESTED", Severity.LOW),
    )
    for discriminator, roles, words, code, severity in pairs:
        if roles:
            shown = sorted(names.get(role, role) for role in roles)
            yield Outcome(
                subject=application_subject(application),
                result=Result.FAIL,
                message=f"{quote(application.name)} {words} {listed(shown, 8)}.",
                reason_code=code,
                discriminator=discriminator,
                severity=severity,
                porter_role=page.key,
                observed=ObservedValue(shown),
                evidence=(application.evidence, principal.evidence),
            )
    if requested == granted:
        said = f"{quote(application.name)} requests what was granted: {count(len(granted), 'permission')}."
        yield Outcome(application_subject(application), Result.PASS, said, "EQUAL", porter_role=page.key)


RULE = Rule(
    id="AZURE-GRAPH-002",
    title="What Porter's registration requests is what was consented to",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="drift",
    requires=(
        kinds.APPLICATIONS,
        kinds.SERVICE_PRINCIPALS,
        kinds.APP_ROLE_ASSIGNMENTS,
    ),
    check=check,
    remediation=Remediation(
        summary="Make both lists the documented one.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        GRAPH_PERMISSIONS_PAGE,
    ),
    claims=(69,),
    cloud="azure",
)
