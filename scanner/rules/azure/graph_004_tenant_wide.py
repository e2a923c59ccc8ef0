"""AZURE-GRAPH-004: Documented permissions do not lead to control over the whole tenant.

## What it checks
Granted application permissions that are documented, for those with which an application can make itself Global
Administrator or act as any other application.

## Why it matters
The documents ask for access to one subscription; these permissions reach the whole tenant, and stay when the role
on the subscription is removed.

## Remediation
Ask Porter which of them it still needs; grant them for the time of set-up only.

## Limits
A fixed list of permissions, read in the permissions reference; conditional access and monitoring are not weighed.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.azure._common import (
    GRAPH_PERMISSIONS_PAGE,
    PORTER_CONNECT,
    documented_principals,
    no_principal,
    principal_subject,
)
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import quote

_TENANT_WIDE = {
    "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8": "can make itself Global Administrator",
    "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9": "can add credentials to any application and act as it",
    "19dbc75e-c2e2-444c-a770-ec69d8559fc7": "can change users, groups and most of the directory",
    "62a82d76-70ea-41e2-9197-370581804d09": "can join any group that gives access",
}


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per principal."""
    if not ctx.principals:
        yield no_principal(ctx)
        return
    for principal, page in documented_principals(ctx):
        names = {claim.id: claim.value for claim in page.app_roles}
        held = sorted(role.id for role in principal.app_roles if role.id in names and role.id in _TENANT_WIDE)
        said = "; ".join(f"{names[role]} {_TENANT_WIDE[role]}" for role in held)
        yield Outcome(
            subject=principal_subject(ctx, principal.object_id),
            result=Result.FAIL if held else Result.PASS,
            message=f"{quote(principal.name)}, as documented: {said}."
            if held
            else f"{quote(principal.name)} holds no documented permission over the whole tenant.",
            reason_code="TENANT_WIDE" if held else "NONE",
            porter_role=page.key,
            observed=ObservedValue([names[role] for role in held]) if held else None,
            evidence=tuple(role.evidence for role in principal.app_roles if role.id in held),
        )


RULE = Rule(
    id="AZURE-GRAPH-004",
    title="Documented permissions do not lead to control over the whole tenant",
    severity=Severity.CRITICAL,
    axis=Axis.POSTURE,
    family="escalation",
    requires=(
        kinds.SERVICE_PRINCIPALS,
        kinds.APP_ROLE_ASSIGNMENTS,
    ),
    check=check,
    remediation=Remediation(
        summary="Ask Porter which of these permissions it still needs.",
        owner="porter",
    ),
    references=(
        PORTER_CONNECT,
        GRAPH_PERMISSIONS_PAGE,
    ),
    claims=(69,),
    cloud="azure",
)
