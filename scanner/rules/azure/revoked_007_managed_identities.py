"""AZURE-REVOKED-007: No managed identity takes Porter's tokens.

## What it checks
The federated credentials of every user-assigned managed identity of the subscription, whatever the identity's name.

## Why it matters
A federated credential lets whoever issues the token act as the identity, with all its roles and without any secret.
It is access made again under another name.

## Remediation
Delete the credential, or the identity if it was made for Porter.

## Limits
Compared with the subjects that Porter's documents print. Credentials of clusters that Porter made name the cluster,
not Porter.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/workload-id/workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_azure as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_azure import AzureManagedIdentity
from scanner.rules.azure._common import FEDERATION_PAGE, PORTER_CONNECT, subscription_subject
from scanner.rules.azure._revoked import credential_reason, identity_reason
from scanner.rules.azure_context import AzureContext
from scanner.rules.base import Rule
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, quote


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per identity that Porter can use, one INCOMPLETE per unread one, else one PASS."""
    found = False
    for identity in ctx.account.identities:
        reason = identity_reason(ctx, identity)
        if reason:
            found = True
            yield _left(ctx, identity, reason)
        elif isinstance(identity.credentials, NotObserved):
            found = True
            said = f"Whether {quote(identity.name)} takes Porter's tokens is not known: {identity.credentials.reason}."
            subject, evidence = identity_subject(identity), (identity.evidence,)
            yield Outcome(subject, Result.INCOMPLETE, said, "CREDENTIALS_UNREAD", evidence=evidence)
    if not found:
        read = count(len(ctx.account.identities), "managed identity", "managed identities")
        yield none_left(subscription_subject(ctx), f"{read} with federated credentials read: none takes Porter's.")


def identity_subject(identity: AzureManagedIdentity) -> Subject:
    """Return a managed identity as a subject."""
    return Subject("azure.managed_identity", identity.id, identity.name)


def _left(ctx: AzureContext, identity: AzureManagedIdentity, reason: str) -> Outcome:
    own = () if isinstance(identity.credentials, NotObserved) else identity.credentials
    where = ("--identity-name", identity.name, "--resource-group", identity.resource_group)
    return left(
        identity_subject(identity),
        f"Managed identity {quote(identity.name)} can be used by Porter: {reason}.",
        severity=Severity.HIGH,
        evidence=(identity.evidence,),
        steps=tuple(
            command("az", "identity", "federated-credential", "delete", "--name", credential.name, *where)
            for credential in own
            if credential_reason(ctx.baseline, credential)
        ),
        summary="Delete the federated credentials that take Porter's tokens.",
    )


RULE = Rule(
    id="AZURE-REVOKED-007",
    title="No managed identity takes Porter's tokens",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.MANAGED_IDENTITIES,),
    check=check,
    remediation=Remediation(
        summary="Delete the federated credentials that take Porter's tokens.",
        cli="az identity federated-credential delete --name NAME --identity-name IDENTITY --resource-group GROUP",
    ),
    references=(PORTER_CONNECT, FEDERATION_PAGE),
    claims=(74,),
    cloud="azure",
)
