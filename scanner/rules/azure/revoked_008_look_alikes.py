"""AZURE-REVOKED-008: Nothing else has a name like Porter's.

## What it checks
App registrations, service principals, deleted items, custom role definitions, managed identities and AKS clusters
with a word in their name that begins with porter although nothing else says that they are Porter's, delegations to
other tenants under names that say nothing, and custom roles that say what Porter's documented role says under another
name.

## Why it matters
They may be what Porter left under a name nobody documented, or your own. Only a person can tell. Nothing says that
they let Porter in, so they do not count against "nothing is left".

## Remediation
Find out whose each one is; delete what nobody claims.

## Limits
Names, and for roles permissions, only. Resource groups, which AKS and Porter leave behind, are not read; nor is
what runs inside a cluster, where Porter's agent is.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.common import EvidencePointer
from scanner.model.finding import Axis, Outcome, Remediation, Severity, Subject
from scanner.rules.azure._common import (
    CREDENTIALS_PAGE,
    PORTER_CONNECT,
    application_subject,
    definition_subject,
    principal_subject,
    subscription_subject,
)
from scanner.rules.azure._revoked import (
    application_by_name,
    application_reason,
    definition_by_name,
    identity_reason,
    principal_reason,
)
from scanner.rules.azure.revoked_003_deleted_items import deleted_subject
from scanner.rules.azure.revoked_006_delegations import delegation_subject, is_vendor_delegation
from scanner.rules.azure.revoked_007_managed_identities import identity_subject
from scanner.rules.azure_context import AzureContext, is_named_like_vendor
from scanner.rules.base import Rule
from scanner.rules.revoked import look_alike, none_left
from scanner.rules.words import quote

_KINDS = {
    "entra.application": "App registration",
    "entra.service_principal": "Service principal",
    "entra.deleted_application": "Deleted app registration",
    "entra.deleted_service_principal": "Deleted service principal",
    "azure.role_definition": "Role definition",
    "azure.managed_identity": "Managed identity",
    "azure.aks_cluster": "AKS cluster",
}


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one MANUAL per look-alike or unexplained delegation, else one PASS for the subscription."""
    found = False
    for subject, evidence in _named(ctx):
        if is_named_like_vendor(subject.name, ctx.baseline):
            found = True
            words = f"{_KINDS[subject.type]} {quote(subject.name)} is named like Porter's, and is not documented."
            yield look_alike(subject, words, evidence=(evidence,))
    for definition in ctx.account.definitions:
        page = ctx.double_of(definition)
        if page is not None:
            found = True
            yield look_alike(
                definition_subject(definition),
                f"Role definition {quote(definition.name)} says what Porter's {quote(page.key)} says: see whose it is.",
                evidence=(definition.evidence,),
                severity=Severity.MEDIUM,
                code="SAME_PERMISSIONS",
            )
    for one in ctx.account.lighthouse:
        if not is_vendor_delegation(ctx, one):
            found = True
            yield look_alike(
                delegation_subject(one),
                f"The subscription is delegated to tenant {quote(one.tenant_name or one.managing_tenant)} as "
                f"{quote(one.name or one.id)}: see whether that is Porter.",
                evidence=(one.evidence,),
                code="DELEGATED_ELSEWHERE",
            )
    if not found:
        yield none_left(subscription_subject(ctx), "No application, role or identity has a name like Porter's.")


def _named(ctx: AzureContext) -> Iterator[tuple[Subject, EvidencePointer]]:
    """Yield what was read and is not the vendor's by anything but perhaps its name."""
    account = ctx.account
    for application in account.applications:
        if not application_reason(ctx, application):
            yield application_subject(application), application.evidence
    for principal in account.principals:
        if not principal_reason(ctx, principal):
            yield principal_subject(ctx, principal.object_id), principal.evidence
    for one in account.deleted:
        if not application_by_name(ctx.baseline, one.name):
            yield deleted_subject(one), one.evidence
    for definition in account.definitions:
        if definition.kind != "BuiltInRole" and not definition_by_name(ctx.baseline, definition):
            yield definition_subject(definition), definition.evidence
    for identity in account.identities:
        if not identity_reason(ctx, identity):
            yield identity_subject(identity), identity.evidence
    for cluster in account.clusters:
        yield Subject("azure.aks_cluster", cluster.id, cluster.name), cluster.evidence


RULE = Rule(
    id="AZURE-REVOKED-008",
    title="Nothing else has a name like Porter's",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="revocation",
    requires=(
        kinds.APPLICATIONS,
        kinds.FEDERATED_CREDENTIALS,
        kinds.SERVICE_PRINCIPALS,
        kinds.DELETED_ITEMS,
        kinds.ROLE_DEFINITIONS,
        kinds.ROLE_ASSIGNMENTS,
        kinds.MANAGED_IDENTITIES,
        kinds.AKS_CLUSTERS,
        kinds.LIGHTHOUSE,
    ),
    check=check,
    remediation=Remediation(
        summary="Find out whose each look-alike is; delete what nobody claims.",
        cli="az ad sp show --id OBJECT-ID",
    ),
    references=(PORTER_CONNECT, CREDENTIALS_PAGE),
    claims=(74,),
    cloud="azure",
)
