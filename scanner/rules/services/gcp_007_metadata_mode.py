"""SVC-GCP-007: Node pools serve workload identity, not the nodes' own account.

## What it checks
The metadata mode of every GKE node pool of the project, where a service declares a service account.

## Why it matters
In another mode, pods reach the account of their node instead of the one bound to them: the connection does nothing, and
the node's account is every pod's.

## Remediation
Turn on workload identity for the node group, after making sure that nothing on it relies on the node's account.

## Limits
Which node pool a service runs on is not in porter.yaml; every pool of the project is shown.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_gcp import GcpNodePool
from scanner.model.kinds_gcp import NODES
from scanner.model.porter_yaml import GcpServiceAccountConnection
from scanner.rules.base import Rule
from scanner.rules.services._common import GKE_WORKLOADS, PORTER_WORKLOADS, expected, nothing, scope_outcome
from scanner.rules.services_context import GcpServices
from scanner.rules.words import quote


def check(ctx: GcpServices) -> Iterator[Outcome]:
    """Yield one outcome per node pool, or one for the project."""
    if not any(isinstance(d.connection, GcpServiceAccountConnection) for d in ctx.connections):
        yield nothing(ctx, "No porter.yaml declares a service account that pods become.")
        return
    for pool in ctx.project.node_pools:
        yield _judge(ctx, pool)
    if not ctx.project.node_pools:
        yield scope_outcome(ctx, Result.NOT_APPLICABLE, "The project has no GKE node pool.", "NO_SUBJECT")


def _judge(ctx: GcpServices, pool: GcpNodePool) -> Outcome:
    claim = ctx.baseline.gcp
    serves = pool.metadata_mode == claim.metadata_mode
    name = quote(f"{pool.cluster}/{pool.name}")
    shown = quote(pool.metadata_mode) if pool.metadata_mode else "no mode"
    said = f"{name} has {shown}: its pods reach the account of the node, {quote(pool.service_account)}."
    return Outcome(
        subject=Subject("gcp.node_pool", f"{pool.location}/{pool.cluster}/{pool.name}", f"{pool.cluster}/{pool.name}"),
        result=Result.PASS if serves else Result.FAIL,
        message=f"{name} serves workload identity." if serves else said,
        reason_code="SERVED" if serves else "NODE_ACCOUNT",
        region=pool.location or "global",
        expected=expected(ctx.baseline, claim.metadata_mode, claim.nodes),
        observed=ObservedValue(pool.metadata_mode or None),
        evidence=(pool.evidence,),
    )


RULE = Rule(
    id="SVC-GCP-007",
    title="Node pools serve workload identity, not the nodes' own account",
    severity=Severity.INFO,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(NODES,),
    check=check,
    remediation=Remediation(
        summary="Turn on workload identity for the node group.",
        cli="gcloud container node-pools update POOL --cluster CLUSTER --workload-metadata=GKE_METADATA",
        risk_of_change="Pods that rely on the node's own account lose access.",
    ),
    references=(PORTER_WORKLOADS, GKE_WORKLOADS),
    claims=(89,),
    cloud="gcp",
    services=True,
)
