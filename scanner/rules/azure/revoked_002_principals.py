"""AZURE-REVOKED-002: No service principal of Porter's is left.

## What it checks
Service principals of documented names, those of Porter's app registrations, and those that hold a role definition of
a documented name, disabled ones too. The application permissions they have on Microsoft Graph are counted. One that is
only named like Porter's and has permissions is for a person to judge.

## Why it matters
The service principal is what holds the roles and permissions. One whose registration is gone can still be signed in
to by a registration in another tenant.

## Remediation
Delete the service principal; its consents go with it.

## Limits
Searched by names with a word that begins with porter, and among the holders of Porter's role.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Severity
from scanner.model.inventory_azure import EntraServicePrincipal
from scanner.rules.azure._common import GRAPH_PERMISSIONS_PAGE, PORTER_CONNECT, principal_subject, subscription_subject
from scanner.rules.azure._revoked import principal_reason
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.revoked import command, left, look_alike, none_left
from scanner.rules.words import count, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per service principal that is left, one MANUAL per look-alike with permissions, else one PASS."""
    found = False
    for principal in ctx.account.principals:
        reason = principal_reason(ctx, principal)
        if reason:
            found = True
            yield _left(ctx, principal, reason)
        elif principal in ctx.principals and (principal.app_roles or principal.grants):
            found = True
            held = count(len(principal.app_roles) + len(principal.grants), "permission")
            said = f"{quote(principal.name)}, named like Porter's, has {held} on other applications: see whose it is."
            evidence = (principal.evidence,)
            yield look_alike(principal_subject(ctx, principal.object_id), said, evidence=evidence)
    if not found:
        read = count(len(ctx.account.principals), "service principal")
        yield none_left(subscription_subject(ctx), f"{read} with a name like Porter's or its role: none is Porter's.")


def _left(ctx: AzureContext, principal: EntraServicePrincipal, reason: str) -> Outcome:
    state = "is left" if principal.enabled else "is disabled, and whoever enables it has its access back"
    permissions = count(len(principal.app_roles) + len(principal.grants), "permission")
    return left(
        principal_subject(ctx, principal.object_id),
        f"{quote(principal.name)} {state}: {reason}. It has {permissions} on other applications.",
        severity=Severity.CRITICAL if principal.enabled else Severity.MEDIUM,
        evidence=(principal.evidence,),
        steps=(command("az", "ad", "sp", "delete", "--id", principal.object_id),),
        summary="Delete Porter's service principals.",
        observed={"app_id": principal.app_id, "enabled": principal.enabled},
    )


RULE = Rule(
    id="AZURE-REVOKED-002",
    title="No service principal of Porter's is left",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(
        kinds.SERVICE_PRINCIPALS,
        kinds.APPLICATIONS,
        kinds.FEDERATED_CREDENTIALS,
        kinds.ROLE_DEFINITIONS,
        kinds.ROLE_ASSIGNMENTS,
        kinds.APP_ROLE_ASSIGNMENTS,
        kinds.DELEGATED_GRANTS,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete Porter's service principals.",
        cli="az ad sp delete --id OBJECT-ID",
    ),
    references=(PORTER_CONNECT, GRAPH_PERMISSIONS_PAGE),
    claims=(74,),
    cloud="azure",
)
