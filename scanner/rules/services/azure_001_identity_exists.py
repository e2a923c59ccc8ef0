"""SVC-AZURE-001: Every managed identity that a service declares exists in the cluster's subscription.

## What it checks
Each `azureManagedIdentity` connection: a user-assigned identity of that name is in that resource group of the
subscription that was read, and an AKS cluster is there too.

## Why it matters
Porter makes no identity, and the page asks for it in the cluster's own subscription. A connection to one that is not
there gives the service nothing.

## Remediation
Create the identity in the subscription of the AKS cluster, or correct name and resource group.

## Limits
Which cluster the service runs on is not in porter.yaml; any AKS cluster of the subscription counts.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.porter.run/applications/configuration-as-code/services/connections
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.kinds_azure import AKS_CLUSTERS, MANAGED_IDENTITIES
from scanner.model.porter_yaml import AzureIdentityConnection
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    PORTER_CONNECTIONS,
    PORTER_WORKLOADS,
    connection_subject,
    expected,
    nothing,
    place_of,
    plain,
)
from scanner.rules.services_context import AzureServices, Declared
from scanner.rules.words import quote


def check(ctx: AzureServices) -> Iterator[Outcome]:
    """Yield one outcome per declared identity."""
    for declared in ctx.connections:
        yield _judge(ctx, declared)
    if not ctx.connections:
        yield nothing(ctx, "No porter.yaml declares a managed identity.")


def _judge(ctx: AzureServices, declared: Declared) -> Outcome:
    identity = ctx.identity(declared)
    subscription = ctx.account.subscription_id
    if identity is None:
        result, code = Result.FAIL, "ABSENT_IDENTITY"
        said = f"{_wanted(declared)} does not exist in subscription {subscription}."
    elif not ctx.account.clusters:
        result, code = Result.FAIL, "ABSENT_CLUSTER"
        said = f"{quote(identity.name)} exists, but subscription {subscription} has no AKS cluster."
    else:
        result, code, said = Result.PASS, "EXISTS", f"{quote(identity.id)} exists."
    return Outcome(
        subject=connection_subject(declared),
        result=result,
        message=f"{plain(declared.where)}: {said}",
        reason_code=code,
        expected=expected(ctx.baseline, "in the cluster's subscription", ctx.baseline.azure.same_subscription),
        evidence=(place_of(declared), *((identity.evidence,) if identity else ())),
    )


def _wanted(declared: Declared) -> str:
    connection = declared.connection
    if not isinstance(connection, AzureIdentityConnection):
        return "the identity"
    return f"{quote(connection.identity_name)} in resource group {quote(connection.resource_group)}"


RULE = Rule(
    id="SVC-AZURE-001",
    title="Every managed identity that a service declares exists in the cluster's subscription",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(MANAGED_IDENTITIES, AKS_CLUSTERS),
    check=check,
    remediation=Remediation(
        summary="Create the identity in the subscription of the AKS cluster, or correct name and resource group.",
        cli="az identity show --name NAME --resource-group GROUP",
    ),
    references=(PORTER_WORKLOADS, PORTER_CONNECTIONS),
    claims=(81, 88),
    cloud="azure",
    services=True,
)
