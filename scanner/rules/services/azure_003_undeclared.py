"""SVC-AZURE-003: Every identity that trusts an AKS cluster is declared by a service.

## What it checks
Each user-assigned identity with a federated credential whose issuer is an AKS cluster of the subscription: a
porter.yaml that was given declares it.

## Why it matters
A connection that was taken out of porter.yaml, or made in the dashboard only, leaves its credential behind: pods keep
an identity that no file in review speaks of.

## Remediation
Give the porter.yaml that declares the identity, or delete the credential.

## Limits
Whether Porter made a credential rests on names that are not documented, so what is not declared is for a person. Give
all porter.yaml files of the cluster; workloads that do not run on Porter have credentials too.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://learn.microsoft.com/en-us/azure/aks/workload-identity-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.kinds_azure import AKS_CLUSTERS, MANAGED_IDENTITIES
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    AKS_WORKLOADS,
    PORTER_WORKLOADS,
    expected,
    identity_subject,
    scope_outcome,
)
from scanner.rules.services._federation import credentials_of, is_cluster_issuer
from scanner.rules.services_context import AzureServices
from scanner.rules.words import count, listed, quote


def check(ctx: AzureServices) -> Iterator[Outcome]:
    """Yield one outcome per identity that nobody declares, and one for the scope where that is not all."""
    declared = {identity.id for identity, _ in ctx.identities()}
    found, unread = False, []
    for identity in sorted(ctx.account.identities, key=lambda one: one.id.lower()):
        if identity.id in declared:
            continue
        if isinstance(identity.credentials, NotObserved):
            unread.append(identity.name)
            continue
        mine = [c for c in credentials_of(identity) if is_cluster_issuer(ctx, c.issuer)]
        if mine:
            found = True
            pods = listed(c.subject or c.expression for c in mine)
            yield Outcome(
                subject=identity_subject(identity),
                result=Result.MANUAL,
                message=f"{pods} may become {quote(identity.name)}, which no porter.yaml that was given declares.",
                reason_code="NOT_DECLARED",
                expected=expected(ctx.baseline, "credentials of declared services", ctx.baseline.azure.source),
                observed=ObservedValue([c.subject or c.expression for c in mine]),
                evidence=(identity.evidence, *(c.evidence for c in mine)),
            )
    if unread:
        said = f"Federated credentials of {count(len(unread), 'identity', 'identities')} not read: {listed(unread, 3)}."
        yield scope_outcome(ctx, Result.INCOMPLETE, said, "CREDENTIALS_UNREAD")
    elif not found:
        yield scope_outcome(ctx, Result.PASS, "No identity trusts a cluster without a declaration.", "ALL_DECLARED")


RULE = Rule(
    id="SVC-AZURE-003",
    title="Every identity that trusts an AKS cluster is declared by a service",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(MANAGED_IDENTITIES, AKS_CLUSTERS),
    check=check,
    remediation=Remediation(
        summary="Give the porter.yaml that declares the identity, or delete the credential.",
        cli="az identity federated-credential delete --name NAME --identity-name IDENTITY --resource-group GROUP",
        risk_of_change="Pods of the service account lose the identity.",
    ),
    references=(PORTER_WORKLOADS, AKS_WORKLOADS),
    claims=(88,),
    cloud="azure",
    services=True,
)
