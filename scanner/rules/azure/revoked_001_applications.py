"""AZURE-REVOKED-001: No app registration of Porter's is left.

## What it checks
App registrations of documented names, and those of any name with a federated credential that takes Porter's tokens.
Secrets, certificates and federated credentials are counted.

## Why it matters
The registration holds the credentials. While it exists, its secrets work in every subscription of the tenant, and
permissions on Microsoft Graph reach the whole directory.

## Remediation
Delete the registration; its service principal goes with it. Then look into the deleted items (AZURE-REVOKED-003).

## Limits
Registrations are searched by names with a word that begins with porter. One of another name is not read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Severity
from scanner.model.inventory_azure import EntraApplication
from scanner.rules.azure._common import CREDENTIALS_PAGE, PORTER_CONNECT, application_subject, subscription_subject
from scanner.rules.azure._revoked import application_reason
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per registration that is left, else one PASS for the subscription."""
    found = False
    for application in ctx.account.applications:
        reason = application_reason(ctx, application)
        if reason:
            found = True
            yield _left(application, reason)
    if not found:
        read = count(len(ctx.account.applications), "app registration")
        yield none_left(subscription_subject(ctx), f"{read} with a name like Porter's read: none is Porter's.")


def _left(application: EntraApplication, reason: str) -> Outcome:
    held = (
        count(len(application.secrets), "secret"),
        count(len(application.certificates), "certificate"),
        count(len(application.federated), "federated credential"),
    )
    return left(
        application_subject(application),
        f"{quote(application.name)} is left: {reason}. It has {held[0]}, {held[1]} and {held[2]}.",
        severity=Severity.CRITICAL,
        evidence=(application.evidence,),
        steps=(command("az", "ad", "app", "delete", "--id", application.object_id),),
        summary="Delete Porter's app registrations.",
        observed={"app_id": application.app_id, "secrets": [s.key_id for s in application.secrets]},
    )


RULE = Rule(
    id="AZURE-REVOKED-001",
    title="No app registration of Porter's is left",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.APPLICATIONS, kinds.FEDERATED_CREDENTIALS),
    check=check,
    remediation=Remediation(
        summary="Delete Porter's app registrations.",
        cli="az ad app delete --id OBJECT-ID",
    ),
    references=(PORTER_CONNECT, CREDENTIALS_PAGE),
    claims=(74,),
    cloud="azure",
)
