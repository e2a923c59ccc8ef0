"""SVC-AZURE-002: A service's identity takes tokens of its AKS service account and of nobody else.

## What it checks
The federated credentials of each declared identity: the issuer is that of an AKS cluster of the subscription, the
subject names one service account, the audience is the one of Azure's token exchange, no expression stands in place of
the subject, no other identity takes the same subject, and there is one credential for the service.

## Why it matters
Whoever can get a token with that issuer, subject and audience is the identity. A credential of another issuer is a way
in from outside of the cluster, without any secret that could be found.

## Remediation
Delete the credential; Porter makes the one the service needs at the next deployment.

## Limits
How Porter names Kubernetes service accounts is not documented. Where it is the name alone that says whose account it
is, the result is for a person. The audience is Azure's; Porter's page does not print it.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://learn.microsoft.com/en-us/azure/aks/workload-identity-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Confidence, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_azure import AzureManagedIdentity
from scanner.model.kinds_azure import AKS_CLUSTERS, MANAGED_IDENTITIES
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    AKS_WORKLOADS,
    PORTER_WORKLOADS,
    expected,
    identity_subject,
    named,
    nothing,
    per_service,
    whose,
)
from scanner.rules.services._federation import account_in, credentials_of, faults
from scanner.rules.services_context import AzureServices, Declared
from scanner.rules.words import quote


def check(ctx: AzureServices) -> Iterator[Outcome]:
    """Yield one outcome per declared identity that exists."""
    found = False
    for identity, connections in ctx.identities():
        found = True
        yield _judge(ctx, identity, connections)
    if not found:
        yield nothing(ctx, "No declared managed identity exists in this subscription.")


def _judge(ctx: AzureServices, identity: AzureManagedIdentity, connections: Sequence[Declared]) -> Outcome:
    result, code, said, severity = _answer(ctx, identity, connections)
    claim = ctx.baseline.azure
    held = credentials_of(identity)
    seen = [{"issuer": c.issuer, "subject": c.subject or c.expression, "audiences": list(c.audiences)} for c in held]
    return Outcome(
        subject=identity_subject(identity),
        result=result,
        message=f"{said} Declared by {named(connections)}.",
        reason_code=code,
        severity=severity,
        expected=expected(ctx.baseline, {"subject": claim.subject, "audience": claim.audience}, claim.source),
        observed=ObservedValue(seen) if seen else None,
        confidence=Confidence.LIKELY if code == "AS_DOCUMENTED" else Confidence.CERTAIN,
        evidence=(identity.evidence, *(c.evidence for c in held), *per_service(connections)),
    )


def _answer(
    ctx: AzureServices, identity: AzureManagedIdentity, connections: Sequence[Declared]
) -> tuple[Result, str, str, Severity | None]:
    name = quote(identity.name)
    if isinstance(identity.credentials, NotObserved):
        return Result.INCOMPLETE, "CREDENTIALS_UNREAD", f"{name}: {identity.credentials.reason}.", None
    wrong = list(faults(ctx, identity))
    if wrong:
        outside = any(foreign for _, _, foreign in wrong)
        # A claim that a cluster is not there is worth nothing where the clusters were not read.
        code = next((c for c, _, _ in wrong if not c.startswith("ABSENT")), wrong[0][0])
        said = "; ".join(words for _, words, _ in wrong[:3])
        return Result.FAIL, code, f"{name}: {said}.", Severity.HIGH if outside else None
    if not identity.credentials:
        return Result.FAIL, "ABSENT_CREDENTIAL", f"{name} has no federated credential.", None
    accounts = [account for c in identity.credentials if (account := account_in(ctx, c)) is not None]
    result, code, words = whose(connections, accounts)
    return result, code, f"{name}: {words}.", None


RULE = Rule(
    id="SVC-AZURE-002",
    title="A service's identity takes tokens of its AKS service account and of nobody else",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(MANAGED_IDENTITIES, AKS_CLUSTERS),
    check=check,
    remediation=Remediation(
        summary="Delete the credential; Porter makes the one the service needs at the next deployment.",
        cli="az identity federated-credential list --identity-name NAME --resource-group GROUP",
        risk_of_change="Whoever signs in by the credential loses the identity.",
    ),
    references=(PORTER_WORKLOADS, AKS_WORKLOADS),
    claims=(80, 88),
    cloud="azure",
    services=True,
)
