"""AZURE-APP-003: The registration behind Porter's service principal is in this tenant.

## What it checks
Where the app registration of each of Porter's service principals is: the documents have the customer make it, so it
is in the customer's own tenant, where its secrets and federated credentials can be seen.

## Why it matters
A service principal of a foreign registration works with credentials that nobody here can list, limit or delete;
every rule about secrets then has nothing to look at.

## Remediation
Delete the service principal, and connect Porter by a registration of your own as documented.

## Limits
Registrations are searched by name: one whose name says nothing of Porter is not found and is reported as unread.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import EntraServicePrincipal
from scanner.rules.azure._common import CREDENTIALS_PAGE, PORTER_CONNECT, no_principal, principal_subject
from scanner.rules.azure_context import OF_APPLICATIONS, AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per service principal that stands for an app registration."""
    principals = [p for p in ctx.principals if p.kind in OF_APPLICATIONS]
    if not principals:
        yield no_principal(ctx)
    for principal in principals:
        yield _judge(ctx, principal)


def _judge(ctx: AzureContext, principal: EntraServicePrincipal) -> Outcome:
    name = quote(principal.name)
    here = any(a.app_id == principal.app_id for a in ctx.account.applications)
    foreign = bool(principal.owner_tenant and ctx.account.tenant_id) and principal.owner_tenant != ctx.account.tenant_id
    if here:
        result, code, said = Result.PASS, "OWN_REGISTRATION", f"The registration of {name} is in this tenant."
    elif foreign:
        result, code = Result.FAIL, "FOREIGN_REGISTRATION"
        where = quote(principal.owner_tenant)
        said = f"The registration of {name} is in tenant {where}: its credentials cannot be seen."
    else:
        result, code = Result.INCOMPLETE, "REGISTRATION_UNREAD"
        said = f"The registration of {name} was not found, so its credentials were not judged."
    return Outcome(
        subject=principal_subject(ctx, principal.object_id),
        result=result,
        message=said,
        reason_code=code,
        observed=ObservedValue(principal.owner_tenant) if foreign and not here else None,
        evidence=(principal.evidence,),
    )


RULE = Rule(
    id="AZURE-APP-003",
    title="The registration behind Porter's service principal is in this tenant",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.APPLICATIONS,
        kinds.SERVICE_PRINCIPALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Replace the service principal by one of your own registration.", owner="customer"
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(68,),
    cloud="azure",
)
