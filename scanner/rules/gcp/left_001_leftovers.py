"""GCP-LEFT-001: Nothing is left of a deleted account or pool of Porter's.

## What it checks
Bindings whose member is a deleted service account of Porter's name, and workload identity pools of Porter's name that
are deleted but can still be restored.

## Why it matters
A deleted account can be restored for 30 days, and its bindings then work again at once. They also show an
off-boarding that was not finished.

## Remediation
Remove the bindings. A deleted pool goes by itself after 30 days.

## Limits
Buckets and secrets that Porter leaves behind are not read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpPolicy
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_PRINCIPALS, PORTER_CONNECT, evidence_of, project_subject
from scanner.rules.gcp_context import GcpContext, named_like_vendor
from scanner.rules.words import listed


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome for bindings, and one per deleted pool."""
    policies = [*ctx.policies(), *(a.policy for a in ctx.project.service_accounts if isinstance(a.policy, GcpPolicy))]
    hit = [b for p in policies for b in p.bindings if any(_is_left(ctx, m) for m in b.members)]
    named = [f"{m} ({b.role} on {b.node})" for b in hit for m in b.members if _is_left(ctx, m)]
    yield Outcome(
        project_subject(ctx),
        Result.FAIL if hit else Result.PASS,
        f"Bindings of deleted accounts: {listed(named)}." if hit else "No binding names a deleted account of Porter's.",
        reason_code="DELETED_MEMBER" if hit else "NONE",
        observed=ObservedValue(sorted(named), "bindings") if hit else None,
        evidence=evidence_of(hit),
    )
    for pool in ctx.project.pools:
        own = pool.name.rpartition("/")[2]
        if pool.state == "DELETED" and named_like_vendor(own, ctx.baseline):
            yield Outcome(
                project_subject(ctx),
                Result.FAIL,
                f"Pool {listed([own])} is deleted and can be restored for 30 days.",
                reason_code="DELETED_POOL",
                discriminator=own,
                severity=Severity.LOW,
                evidence=(pool.evidence,),
            )


def _is_left(ctx: GcpContext, member: str) -> bool:
    """Return whether a member is a deleted service account of the vendor's name."""
    deleted, _, name = member.partition("serviceAccount:")
    return deleted == "deleted:" and named_like_vendor(name.partition("@")[0], ctx.baseline)


RULE = Rule(
    id="GCP-LEFT-001",
    title="Nothing is left of a deleted account or pool of Porter's",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="revocation",
    requires=(
        kinds.PROJECT_POLICY,
        kinds.POOLS,
    ),
    supplementary=(kinds.ANCESTORS,),
    check=check,
    remediation=Remediation(
        summary="Remove the bindings of deleted accounts.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_PRINCIPALS,
    ),
    claims=(61,),
    cloud="gcp",
)
