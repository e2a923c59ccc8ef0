"""GCP-WIF-002: Porter's pools hold no other provider, and there is no other pool of Porter's name.

## What it checks
Every workload identity pool that is documented, carries Porter's name or has a provider for Porter's AWS account, of
Porter's name, or whose condition or issuer names Porter, and every provider in it beyond the documented one.

## Why it matters
A second provider lets other identities into the same pool; bindings that name the pool or an attribute of it then
admit them as if they were Porter.

## Remediation
Disable the provider, find out in the audit log who made it, and delete it.

## Limits
Porter's AWS account is known only where the parameter porter_aws_account is given; without it, a pool whose name,
providers and conditions do not name Porter is not looked at. Deleted pools can be restored for 30 days and are named by
GCP-LEFT-001.

## References
- https://github.com/porter-dev/gcp-onboarding
- https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_gcp import GcpPool
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_FEDERATION, PORTER_ONBOARDING, not_applicable
from scanner.rules.gcp._members import vendors_pools
from scanner.rules.gcp_context import GcpContext, name_matches
from scanner.rules.words import quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per pool that is Porter's, and one per provider too many."""
    claims = [page.federation for page in ctx.baseline.service_accounts if page.federation]
    patterns = {claim.pool_pattern: claim.provider_pattern for claim in claims}
    mine = vendors_pools(ctx)
    empty = True
    for pool in ctx.project.pools:
        own = pool.name.rpartition("/")[2]
        pattern = next((p for p in patterns if name_matches(p, own)), None)
        if pool.state == "DELETED" or (pattern is None and own not in mine):
            continue
        empty = False
        yield from _pool(pool, own, patterns.get(pattern or ""), mine.get(own, ""))
    if empty:
        yield not_applicable(ctx, "No workload identity pool of Porter's in the project.")


def _pool(pool: GcpPool, own: str, documented: str | None, why: str) -> Iterator[Outcome]:
    subject = Subject("gcp.workload_identity_pool", pool.name, own)
    if documented is None:
        yield Outcome(
            subject,
            Result.FAIL,
            f"A pool that no document names: {why}.",
            reason_code="NOT_DOCUMENTED",
            observed=ObservedValue(own, "pool"),
            evidence=(pool.evidence,),
        )
        return
    names = [(p, p.name.rpartition("/")[2]) for p in pool.providers if p.state != "DELETED"]
    extra = [(p, name) for p, name in names if not name_matches(documented, name)]
    for provider, name in extra:
        kind = (
            f"AWS account {quote(provider.aws_account)}"
            if provider.aws_account
            else quote(provider.issuer or "unknown")
        )
        yield Outcome(
            subject,
            Result.FAIL,
            f"Provider {quote(name)} ({kind}) is not documented.",
            reason_code="EXTRA_PROVIDER",
            discriminator=name,
            observed=ObservedValue(name, "provider"),
            evidence=(provider.evidence,),
        )
    if not extra:
        message = "Only the documented provider is in the pool."
        yield Outcome(subject, Result.PASS, message, reason_code="AS_DOCUMENTED", evidence=(pool.evidence,))


RULE = Rule(
    id="GCP-WIF-002",
    title="Porter's pools hold no other provider, and there is no other pool of Porter's name",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(kinds.POOLS,),
    check=check,
    remediation=Remediation(
        summary="Disable what is not documented.",
    ),
    references=(
        PORTER_ONBOARDING,
        IAM_FEDERATION,
    ),
    claims=(
        60,
        61,
    ),
    cloud="gcp",
)
