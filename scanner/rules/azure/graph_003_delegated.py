"""AZURE-GRAPH-003: Porter holds no delegated permission.

## What it checks
Delegated permission grants of Porter's service principals, for all users or for single ones.

## Why it matters
With a delegated permission the application acts as a signed-in user; none is documented.

## Remediation
Revoke the grant.

## Limits
Grants only; whether a user ever signed in is not read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/graph/permissions-reference
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.azure._common import GRAPH_PERMISSIONS_PAGE, PORTER_CONNECT, no_principal, principal_subject
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one outcome per principal."""
    if not ctx.principals:
        yield no_principal(ctx)
        return
    for principal in ctx.principals:
        scopes = sorted({scope for grant in principal.grants for scope in grant.scopes})
        everyone = any(grant.consent == "AllPrincipals" for grant in principal.grants)
        yield Outcome(
            subject=principal_subject(ctx, principal.object_id),
            result=Result.FAIL if principal.grants else Result.PASS,
            message=f"{quote(principal.name)} was granted {listed(scopes) or 'no scope'} for "
            f"{'all' if everyone else 'single'} users; no delegated permission is documented."
            if principal.grants
            else f"{quote(principal.name)} holds no delegated permission.",
            reason_code="DELEGATED" if principal.grants else "NONE",
            observed=ObservedValue(scopes) if principal.grants else None,
            evidence=tuple(grant.evidence for grant in principal.grants),
        )


RULE = Rule(
    id="AZURE-GRAPH-003",
    title="Porter holds no delegated permission",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(
        kinds.SERVICE_PRINCIPALS,
        kinds.DELEGATED_GRANTS,
    ),
    check=check,
    remediation=Remediation(
        summary="Revoke the delegated grant.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        GRAPH_PERMISSIONS_PAGE,
    ),
    claims=(69,),
    cloud="azure",
)
