"""GCP-REVOKED-004: No workload identity pool or provider of Porter's is left.

## What it checks
Every pool and provider of the project, deleted ones too: pools of documented names, pools whose providers trust
Porter's AWS account, and such providers in pools of yours.

## Why it matters
The pool is the door through which Porter's AWS role becomes a service account, without any key. A deleted pool can be
restored for 30 days with all its providers.

## Remediation
Delete the pool, or the provider where the pool is yours. A deleted pool goes by itself after 30 days.

## Limits
No document prints Porter's AWS account. Give it with `--param porter_aws_account=...`; without it, a provider that
trusts some AWS account is for you to judge.

## References
- https://github.com/porter-dev/gcp-onboarding
- https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Severity, Subject
from scanner.model.inventory_gcp import GcpPool, GcpProvider
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_FEDERATION, PORTER_ONBOARDING, project_subject
from scanner.rules.gcp._revoked import pool_by_name, pool_id, provider_reason, vendor_aws_accounts, vendor_pools
from scanner.rules.gcp_context import GcpContext
from scanner.rules.revoked import command, left, look_alike, none_left
from scanner.rules.words import count, listed, quote

_DELETED = "DELETED"


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per pool or provider that is, or may be, Porter's, else one PASS for the project."""
    theirs, found = vendor_pools(ctx), False
    for outcome in _judged(ctx, theirs):
        found = True
        yield outcome
    if not found:
        providers = sum(len(pool.providers) for pool in ctx.project.pools)
        read = f"{count(len(ctx.project.pools), 'pool')} with {count(providers, 'provider')}"
        yield none_left(project_subject(ctx), f"{read} read, deleted ones too: none is Porter's.")


def _judged(ctx: GcpContext, theirs: frozenset[str]) -> Iterator[Outcome]:
    for pool in ctx.project.pools:
        if pool_id(pool) in theirs:
            yield _pool(ctx, pool)
            continue
        for provider in pool.providers:
            reason = provider_reason(ctx.baseline, provider)
            if reason:
                yield _provider(ctx, pool, provider, reason)
            elif provider.aws_account is not None and not vendor_aws_accounts(ctx.baseline):
                yield _unknown(provider)


def _pool(ctx: GcpContext, pool: GcpPool) -> Outcome:
    gone = pool.state == _DELETED
    named = "it has a documented name" if pool_by_name(ctx.baseline, pool_id(pool)) else ""
    trusts = next((r for p in pool.providers if (r := provider_reason(ctx.baseline, p))), "")
    why = "; ".join(filter(None, (named, trusts and f"of its provider: {trusts}")))
    state = "is deleted and can be restored for 30 days" if gone else "is left"
    delete = _gcloud(ctx, "delete", pool_id(pool))
    return left(
        Subject("gcp.workload_identity_pool", pool.name, pool_id(pool)),
        f"Pool {quote(pool_id(pool))} {state}: {why}.",
        severity=Severity.LOW if gone else Severity.CRITICAL,
        evidence=(pool.evidence, *(p.evidence for p in pool.providers)),
        steps=("Wait 30 days, or restore the pool and delete its providers first:", delete) if gone else (delete,),
        summary="Delete Porter's workload identity pools.",
        observed={"state": pool.state, "providers": [p.name for p in pool.providers]},
    )


def _provider(ctx: GcpContext, pool: GcpPool, provider: GcpProvider, reason: str) -> Outcome:
    gone = _DELETED in (provider.state, pool.state)
    return left(
        _provider_subject(provider),
        f"Provider {quote(_last(provider.name))} of pool {quote(pool_id(pool))} is {'deleted' if gone else 'left'}: "
        f"{reason}.",
        severity=Severity.LOW if gone else Severity.CRITICAL,
        evidence=(provider.evidence,),
        steps=(
            _gcloud(ctx, "providers", "delete", _last(provider.name), f"--workload-identity-pool={pool_id(pool)}"),
        ),
        summary="Delete the providers that trust Porter.",
        observed={"state": provider.state, "aws_account": provider.aws_account},
    )


def _unknown(provider: GcpProvider) -> Outcome:
    return look_alike(
        _provider_subject(provider),
        f"Provider {quote(_last(provider.name))} trusts AWS account {listed([provider.aws_account or ''])}. Say "
        "which is Porter's with --param porter_aws_account=..., and this is decided.",
        evidence=(provider.evidence,),
        severity=Severity.MEDIUM,
        code="ACCOUNT_UNKNOWN",
    )


def _provider_subject(provider: GcpProvider) -> Subject:
    return Subject("gcp.workload_identity_provider", provider.name, _last(provider.name))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _gcloud(ctx: GcpContext, *words: str) -> str:
    where = ("--location=global", f"--project={ctx.project.project_id}")
    return command("gcloud", "iam", "workload-identity-pools", *words, *where)


RULE = Rule(
    id="GCP-REVOKED-004",
    title="No workload identity pool or provider of Porter's is left",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.POOLS,),
    check=check,
    remediation=Remediation(
        summary="Delete Porter's workload identity pools.",
        cli="gcloud iam workload-identity-pools delete POOL --location=global --project=PROJECT",
    ),
    references=(PORTER_ONBOARDING, IAM_FEDERATION),
    claims=(61,),
    cloud="gcp",
)
