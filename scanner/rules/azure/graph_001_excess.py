"""AZURE-GRAPH-001: Porter holds only the documented application permissions.

## What it checks
Application permissions with admin consent (app role assignments) of Porter's service principals, by id, against the
documented ones.

## Why it matters
An application permission acts on the whole tenant, without a user; what was declared in the registration does not
count, what was consented to does.

## Remediation
Revoke the permission that is not documented.

## Limits
Permissions are compared by id, their API by the name it shows; two APIs of one name are reported. The name of a
permission that is not documented is not looked up.

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
    EntraServicePrincipal,
)
from scanner.rules.azure._common import (
    GRAPH_PERMISSIONS_PAGE,
    PORTER_CONNECT,
    documented_principals,
    expectation,
    no_principal,
    principal_subject,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import count, quote

# Ids as in the permissions reference: with each of these an application can give itself every other.
ESCALATING = {
    "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": "RoleManagement.ReadWrite.Directory",
    "06b708a9-e830-4db3-a914-8e69da51d44f": "AppRoleAssignment.ReadWrite.All",
    "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": "Application.ReadWrite.All",
}


_GRAPH = ("", "microsoft graph")


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per permission that is not documented, else one PASS per principal."""
    if not ctx.principals:
        yield no_principal(ctx)
        return
    for principal, page in documented_principals(ctx):
        yield from _judge(ctx, principal, page)


def _judge(ctx: AzureContext, principal: EntraServicePrincipal, page: DocumentedApplication) -> Iterator[Outcome]:
    documented = {(claim.id, claim.resource.lower()) for claim in page.app_roles}
    documented |= {(claim.id, "") for claim in page.app_roles}
    subject = principal_subject(ctx, principal.object_id)
    expected = expectation(ctx, [c.value for c in page.app_roles], page.app_roles[0].source if page.app_roles else None)
    extra = {(r.id, r.resource): r for r in principal.app_roles if (r.id, r.resource.lower()) not in documented}
    for (role_id, resource), role in sorted(extra.items()):
        name = ESCALATING.get(role_id, role_id)
        yield Outcome(
            subject=subject,
            result=Result.FAIL,
            message=f"{quote(principal.name)} holds the permission {quote(name)} of {quote(role.resource)}, which is "
            "not documented.",
            reason_code="EXCESS_PERMISSION",
            discriminator=role_id if resource.lower() in _GRAPH else f"{role_id} of {resource}",
            severity=Severity.CRITICAL if role_id in ESCALATING else Severity.HIGH,
            severity_reason="it gives every other permission" if role_id in ESCALATING else "",
            porter_role=page.key,
            expected=expected,
            observed=ObservedValue(role_id, role.resource),
            evidence=(role.evidence,),
        )
    fit = [r for r in principal.app_roles if (r.id, r.resource.lower()) in documented and r.resource_id]
    twins = {(r.resource.lower(), r.resource_id) for r in fit}
    names = sorted({r.resource for r in fit if sum(name == r.resource.lower() for name, _ in twins) > 1})
    if names:
        yield Outcome(
            subject=subject,
            result=Result.FAIL,
            message=f"{quote(principal.name)} holds documented permissions of two applications that call themselves "
            f"{quote(names[0])}: one of them is not.",
            reason_code="RESOURCE_TWICE",
            discriminator="resource",
            severity=Severity.MEDIUM,
            porter_role=page.key,
            expected=expected,
            observed=ObservedValue(sorted(resource_id for _, resource_id in twins)),
            evidence=tuple(r.evidence for r in fit),
        )
    if not extra and not names:
        said = f"{quote(principal.name)} holds {count(len(principal.app_roles), 'permission')}, all documented."
        yield Outcome(subject, Result.PASS, said, "CONTAINED", porter_role=page.key, expected=expected)


RULE = Rule(
    id="AZURE-GRAPH-001",
    title="Porter holds only the documented application permissions",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(
        kinds.SERVICE_PRINCIPALS,
        kinds.APP_ROLE_ASSIGNMENTS,
    ),
    check=check,
    remediation=Remediation(
        summary="Revoke the permission that is not documented.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        GRAPH_PERMISSIONS_PAGE,
    ),
    claims=(69,),
    cloud="azure",
)
