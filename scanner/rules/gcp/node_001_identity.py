"""GCP-NODE-001: No node pool runs as Porter's or as the default service account.

## What it checks
The service account of every GKE node pool, and whether pods are kept from it by the metadata server of GKE.

## Why it matters
Every pod of a node can become the node's service account unless the metadata server stands in between. If that is
Porter's account, every workload in the cluster controls the project.

## Remediation
Give node pools an account of their own with the few roles nodes need, and turn workload identity on.

## Limits
Autopilot clusters list no node pools of their own. A proposed page says that Porter's nodes run as Porter's account
by default: then this is documented, and still a risk.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/kubernetes-engine/docs/how-to/service-accounts
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_gcp import GcpNodePool
from scanner.rules.base import Rule
from scanner.rules.gcp._common import GKE_IDENTITY, PORTER_CONNECT, not_applicable
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per node pool."""
    if not ctx.project.node_pools:
        yield not_applicable(ctx, "No GKE node pool in the project.")
    for pool in ctx.project.node_pools:
        yield _judge(ctx, pool)


def _judge(ctx: GcpContext, pool: GcpNodePool) -> Outcome:
    vendors = any(a.email == pool.service_account for a in ctx.porter_accounts)
    default = pool.service_account == "default" or pool.service_account.endswith(
        "-compute@developer.gserviceaccount.com"
    )
    kept = "" if pool.metadata_mode == "GKE_METADATA" else ", and pods are not kept from it"
    who = "Porter's service account" if vendors else "the default account" if default else quote(pool.service_account)
    name = f"{pool.cluster}/{pool.name}"
    bad = vendors or default
    return Outcome(
        Subject("gcp.gke.node_pool", f"{pool.location}/{name}", name),
        Result.FAIL if bad else Result.PASS,
        f"The nodes run as {who}{kept}.",
        reason_code="PORTERS_ACCOUNT" if vendors else "DEFAULT_ACCOUNT" if default else "OWN_ACCOUNT",
        severity=None if vendors else Severity.MEDIUM if bad else None,
        region=pool.location,
        observed=ObservedValue(pool.service_account, name) if bad else None,
        evidence=(pool.evidence,),
    )


RULE = Rule(
    id="GCP-NODE-001",
    title="No node pool runs as Porter's or as the default service account",
    severity=Severity.HIGH,
    axis=Axis.POSTURE,
    family="escalation",
    requires=(kinds.SERVICE_ACCOUNTS,),
    supplementary=(kinds.NODES,),
    check=check,
    remediation=Remediation(
        summary="Give the node pool its own service account.",
    ),
    references=(
        PORTER_CONNECT,
        GKE_IDENTITY,
    ),
    claims=(89,),
    cloud="gcp",
)
