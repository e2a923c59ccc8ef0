"""AZURE-REVOKED-004: No role is assigned to Porter, and Porter's role to nobody.

## What it checks
Active and eligible role assignments at, above and below the subscription: those of Porter's service principals, alive
or in the deleted items, and those of role definitions with a documented name, whoever holds them. What an identity
holds that is only named like Porter's is for a person to judge.

## Why it matters
An assignment survives its principal. Restored, the principal has the role again; and as long as Porter's role is
assigned, its definition cannot be deleted.

## Remediation
Delete the assignments with the commands of the finding.

## Limits
An assignment of a built-in role to a principal that was deleted for good names nothing but an id; it is not
recognised as Porter's.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/role-based-access-control/role-assignments
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Severity, Subject
from scanner.model.inventory_azure import AzureRoleAssignment
from scanner.rules.azure._assignments import role_name
from scanner.rules.azure._common import PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE, principal_subject, subscription_subject
from scanner.rules.azure._revoked import vendor_principals, vendor_roles
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.revoked import command, left, look_alike, none_left
from scanner.rules.words import count, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per assignment that is left, one MANUAL per look-alike's, else one PASS for the subscription."""
    principals, roles, found = vendor_principals(ctx), vendor_roles(ctx), False
    for one in sorted(ctx.account.assignments, key=lambda a: a.id):
        if one.principal_id in principals or one.role_id in roles:
            found = True
            yield _left(ctx, one, principals.get(one.principal_id))
        elif one.principal_id in ctx.principal_ids:
            found = True
            yield _alike(ctx, one)
    if not found:
        read = count(len(ctx.account.assignments), "role assignment")
        yield none_left(subscription_subject(ctx), f"{read} read: none is Porter's or of its role.")


def _left(ctx: AzureContext, one: AzureRoleAssignment, holder: str | None) -> Outcome:
    alive = any(p.object_id == one.principal_id for p in ctx.account.principals)
    gone = one.principal_id in ctx.account.gone
    who = holder or f"{quote(one.principal_id)}{', which no longer exists' if gone else ''}"
    kind = "is eligible to" if one.eligible else "is assigned to"
    return left(
        Subject("azure.role_assignment", one.id, role_name(ctx, one)),
        f"{quote(role_name(ctx, one))} at {quote(one.scope)} {kind} {who}.",
        severity=Severity.HIGH if alive and holder else Severity.LOW if gone and not holder else Severity.MEDIUM,
        evidence=(one.evidence,),
        steps=_steps(one),
        summary="Delete the role assignments that are left.",
        code="ORPHAN" if gone else "LEFT",
        observed={"principal": one.principal_id, "scope": one.scope},
    )


def _alike(ctx: AzureContext, one: AzureRoleAssignment) -> Outcome:
    who = quote(principal_subject(ctx, one.principal_id).name)
    held = "may be activated" if one.eligible else "is held"
    return look_alike(
        Subject("azure.role_assignment", one.id, role_name(ctx, one)),
        f"{quote(role_name(ctx, one))} at {quote(one.scope)} {held} by {who}, which is named like Porter's: see whose "
        "it is.",
        evidence=(one.evidence,),
        severity=Severity.MEDIUM,
    )


def _steps(one: AzureRoleAssignment) -> tuple[str, ...]:
    if not one.eligible:
        return (command("az", "role", "assignment", "delete", "--ids", one.id),)
    url = f"https://management.azure.com{one.id}?api-version=2020-10-01"
    return (
        "Remove the eligible assignment in Privileged Identity Management; it is this schedule:",
        command("az", "rest", "--method", "get", "--url", url),
    )


RULE = Rule(
    id="AZURE-REVOKED-004",
    title="No role is assigned to Porter, and Porter's role to nobody",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(
        kinds.ROLE_ASSIGNMENTS,
        kinds.ELIGIBLE_ASSIGNMENTS,
        kinds.ROLE_DEFINITIONS,
        kinds.SERVICE_PRINCIPALS,
        kinds.APPLICATIONS,
        kinds.FEDERATED_CREDENTIALS,
        kinds.DELETED_ITEMS,
        kinds.MANAGED_IDENTITIES,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete the role assignments that are left.",
        cli="az role assignment delete --ids ID",
    ),
    references=(PORTER_CONNECT, ROLE_ASSIGNMENTS_PAGE),
    claims=(74,),
    cloud="azure",
)
