"""AZURE-REVOKED-003: Nothing of Porter's can be restored from the deleted items.

## What it checks
Deleted app registrations and service principals of documented names that the tenant still keeps.

## Why it matters
For 30 days whoever may restore them brings them back with their secrets, federated credentials and permissions.

## Remediation
Delete them for good, or wait 30 days.

## Limits
Names only. What was deleted longer ago is gone and cannot be listed.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/graph/api/directory-deleteditems-list
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Reference, Remediation, Severity, Subject
from scanner.model.inventory_azure import DeletedApplication
from scanner.rules.azure._common import PORTER_CONNECT, subscription_subject
from scanner.rules.azure._revoked import application_by_name
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, quote

_GRAPH = "https://graph.microsoft.com/v1.0/directory/deletedItems/"


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per deleted item that can be restored, else one PASS for the subscription."""
    found = False
    for one in ctx.account.deleted:
        if application_by_name(ctx.baseline, one.name):
            found = True
            yield _left(one)
    if not found:
        read = count(len(ctx.account.deleted), "deleted item")
        yield none_left(subscription_subject(ctx), f"{read} read: none has a documented name.")


def deleted_subject(one: DeletedApplication) -> Subject:
    """Return a deleted item as a subject."""
    kind = "entra.deleted_service_principal" if one.is_principal else "entra.deleted_application"
    return Subject(kind, one.object_id, one.name)


def _left(one: DeletedApplication) -> Outcome:
    what = "service principal" if one.is_principal else "app registration"
    when = f" on {one.deleted_at:%Y-%m-%d}" if one.deleted_at else ""
    return left(
        deleted_subject(one),
        f"The {what} {quote(one.name)} was deleted{when} and can be restored for 30 days.",
        severity=Severity.LOW,
        evidence=(one.evidence,),
        steps=(command("az", "rest", "--method", "delete", "--url", _GRAPH + one.object_id),),
        summary="Delete for good what can be restored.",
    )


RULE = Rule(
    id="AZURE-REVOKED-003",
    title="Nothing of Porter's can be restored from the deleted items",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.DELETED_ITEMS,),
    check=check,
    remediation=Remediation(
        summary="Delete for good what can be restored.",
        cli=f"az rest --method delete --url {_GRAPH}OBJECT-ID",
    ),
    references=(
        PORTER_CONNECT,
        Reference("Microsoft Graph: deleted items", "https://learn.microsoft.com/graph/api/directory-deleteditems-list"),
    ),
    claims=(74,),
    cloud="azure",
)
