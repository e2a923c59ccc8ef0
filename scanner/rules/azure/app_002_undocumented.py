"""AZURE-APP-002: No other identity is named like Porter's, or holds its role.

## What it checks
Service principals, app registrations and managed identities whose names have a word that begins with porter, and
that no documented name covers.

## Why it matters
A second identity of Porter has access that nobody documented; one made by somebody else in its name is worse.

## Remediation
Find out whose it is. Delete it, or add it to the documented version you judge by.

## Limits
Names only. An identity with an unsuspicious name shows when it holds Porter's role: AZURE-ASSIGN-002.

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
    application_subject,
    principal_subject,
    quote,
    subscription_subject,
)
from scanner.rules.azure_context import AzureContext, is_named_like_vendor
from scanner.rules.base import Rule


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per undocumented identity, else one PASS."""
    found: dict[str, Outcome] = {}
    clients = {p.app_id for p in ctx.principals}
    things = [(principal_subject(ctx, p.object_id), p.evidence) for p in ctx.principals]
    things += [(application_subject(a), a.evidence) for a in ctx.applications if a.app_id not in clients]
    for identity in ctx.account.identities:
        if is_named_like_vendor(identity.name, ctx.baseline):
            things.append((Subject("azure.managed_identity", identity.id, identity.name), identity.evidence))
    for subject, evidence in things:
        managed = subject.type == "azure.managed_identity"
        if not managed and ctx.documented_application(subject.name) is not None:
            continue
        known = next((x for x in ctx.baseline.known_extras if x.name_pattern.lower() == subject.name.lower()), None)
        found[subject.key] = Outcome(
            subject=subject,
            result=Result.FAIL,
            message=f"{quote(subject.name)} is not documented.{' ' + known.reason if known else ''}",
            reason_code="KNOWN_EXTRA" if known else "NOT_DOCUMENTED",
            severity=Severity(known.severity) if known else None,
            observed=ObservedValue(subject.name),
            evidence=(evidence,),
        )
    yield from found.values()
    if not found:
        yield Outcome(
            subscription_subject(ctx), Result.PASS, "Every identity named like Porter's is documented.", "NONE"
        )


RULE = Rule(
    id="AZURE-APP-002",
    title="No other identity is named like Porter's, or holds its role",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.APPLICATIONS,
        kinds.SERVICE_PRINCIPALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Find out whose identity it is; delete it, or document it.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(68,),
    supplementary=(kinds.MANAGED_IDENTITIES,),
    cloud="azure",
)
