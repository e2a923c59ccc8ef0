"""Federated credentials of services' managed identities: which are as documented, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.inventory_azure import AzureManagedIdentity, FederatedCredential
from scanner.rules.services._common import Account, shape
from scanner.rules.services_context import AzureServices
from scanner.rules.words import listed, quote

# https://learn.microsoft.com/azure/aks/use-oidc-issuer
_AKS_DOMAIN = ".oic.prod-aks.azure."


def credentials_of(identity: AzureManagedIdentity) -> tuple[FederatedCredential, ...]:
    """Return the credentials that were read."""
    return identity.credentials if isinstance(identity.credentials, tuple) else ()


def is_cluster_issuer(ctx: AzureServices, issuer: str) -> bool:
    """Return whether an issuer is that of an AKS cluster of the subscription."""
    known = {_folded(cluster.issuer) for cluster in ctx.account.clusters if cluster.issuer}
    return _folded(issuer) in known


def account_in(ctx: AzureServices, credential: FederatedCredential) -> Account | None:
    """Return the Kubernetes service account whose tokens a credential takes, if its subject has the documented form."""
    found = shape(ctx.baseline.azure.subject, {}).fullmatch(credential.subject)
    return (found["namespace"], found["service_account"]) if found else None


def faults(ctx: AzureServices, identity: AzureManagedIdentity) -> Iterator[tuple[str, str, bool]]:
    """Yield what is not as documented: code, words, and whether somebody outside of the clusters is let in."""
    for credential in credentials_of(identity):
        name, issuer = quote(credential.name), credential.issuer
        if not is_cluster_issuer(ctx, issuer):
            aks = _AKS_DOMAIN in issuer.lower()
            code = "ABSENT_CLUSTER" if aks else "FOREIGN_ISSUER"
            what = "of a cluster that is not in this subscription" if aks else "not that of an AKS cluster"
            yield code, f"{name} takes tokens of {quote(issuer)}, which is {what}", not aks
        elif credential.expression or account_in(ctx, credential) is None:
            what = quote(credential.expression or credential.subject)
            yield "OTHER_SUBJECT", f"{name} takes the subject {what}, not one service account", True
        if credential.audiences != (ctx.baseline.azure.audience,):
            heard = listed(credential.audiences) or "no audience"
            yield "OTHER_AUDIENCE", f"{name} takes tokens made for {heard}", False
        for other in _same(ctx, identity, credential):
            yield "SUBJECT_TWICE", f"{quote(other)} takes tokens of the same service account as {name}", False


def _same(ctx: AzureServices, identity: AzureManagedIdentity, credential: FederatedCredential) -> Iterator[str]:
    """Yield the other identities that the same subject of the same issuer may become."""
    if not credential.subject:
        return
    for other in ctx.account.identities:
        if other.id != identity.id and any(
            c.subject == credential.subject and _folded(c.issuer) == _folded(credential.issuer)
            for c in credentials_of(other)
        ):
            yield other.name


def _folded(issuer: str | None) -> str:
    return (issuer or "").rstrip("/").lower()
