"""AZURE-REVOKED-006: The subscription is not delegated to Porter through Azure Lighthouse.

## What it checks
Every Lighthouse delegation of the subscription whose name, or the name of the tenant or of a principal in it, has a
word that begins with porter.

## Why it matters
A delegation gives people of another tenant roles here that stand in no role assignment of yours. Nothing that is done
to app registrations touches it.

## Remediation
Remove the delegation with the command of the finding.

## Limits
Porter's tenant is not published: a delegation under other names is listed by AZURE-REVOKED-008, for a person to judge.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/azure/lighthouse/concepts/architecture
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Severity, Subject
from scanner.model.inventory_azure import LighthouseAssignment
from scanner.rules.azure._common import LIGHTHOUSE_PAGE, PORTER_CONNECT, subscription_subject
from scanner.rules.azure_context import AzureContext, is_named_like_vendor
from scanner.rules.base import Rule
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per delegation to Porter, else one PASS for the subscription."""
    found = [one for one in ctx.account.lighthouse if is_vendor_delegation(ctx, one)]
    for one in found:
        yield left(
            delegation_subject(one),
            f"The subscription is delegated to tenant {quote(one.tenant_name or one.managing_tenant)} as "
            f"{quote(one.name or one.id)}.",
            severity=Severity.HIGH,
            evidence=(one.evidence,),
            steps=(command("az", "managedservices", "assignment", "delete", "--assignment", one.id),),
            summary="Remove the delegation to Porter.",
            observed={"tenant": one.managing_tenant},
        )
    if not found:
        read = count(len(ctx.account.lighthouse), "delegation")
        yield none_left(subscription_subject(ctx), f"{read} read: none has a name like Porter's.")


def is_vendor_delegation(ctx: AzureContext, one: LighthouseAssignment) -> bool:
    """Return whether a delegation names the vendor."""
    names = (one.name, one.tenant_name, *(name for _, _, name in one.authorizations))
    return any(is_named_like_vendor(name, ctx.baseline) for name in names)


def delegation_subject(one: LighthouseAssignment) -> Subject:
    """Return a delegation as a subject."""
    return Subject("azure.lighthouse", one.id, one.name or one.id)


RULE = Rule(
    id="AZURE-REVOKED-006",
    title="The subscription is not delegated to Porter through Azure Lighthouse",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.LIGHTHOUSE,),
    check=check,
    remediation=Remediation(
        summary="Remove the delegation to Porter.",
        cli="az managedservices assignment delete --assignment ID",
    ),
    references=(PORTER_CONNECT, LIGHTHOUSE_PAGE),
    claims=(74,),
    cloud="azure",
)
