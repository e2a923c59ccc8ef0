"""GCP-REVOKED-006: Nothing else has a name like Porter's.

## What it checks
Service accounts, pools, custom roles and deleted members of bindings whose names begin like Porter's although nothing
else says that they are.

## Why it matters
They may be what Porter left under a name nobody documented, or your own. Only a person can tell. Nothing says that
they let Porter in, so they do not count against "nothing is left".

## Remediation
Find out whose each one is; delete what nobody claims.

## Limits
Names only. Buckets and secrets, which Porter leaves behind too, are not read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Severity, Subject
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_PRINCIPALS, PORTER_CONNECT, account_subject, project_subject
from scanner.rules.gcp._revoked import (
    all_bindings,
    email_of,
    is_deleted,
    is_vendor_member,
    looks_like_vendor,
    pool_id,
    vendor_emails,
    vendor_pools,
)
from scanner.rules.gcp.revoked_005_custom_roles import is_vendor_role, role_name, role_subject
from scanner.rules.gcp_context import GcpContext
from scanner.rules.revoked import look_alike, none_left
from scanner.rules.words import quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one MANUAL per look-alike, else one PASS for the project."""
    found = False
    for outcome in (*_accounts(ctx), *_pools(ctx), *_roles(ctx), *_members(ctx)):
        found = True
        yield outcome
    if not found:
        yield none_left(project_subject(ctx), "No account, pool, role or deleted member has a name like Porter's.")


def _accounts(ctx: GcpContext) -> Iterator[Outcome]:
    theirs = vendor_emails(ctx)
    for account in sorted(ctx.project.service_accounts, key=lambda a: a.email):
        if looks_like_vendor(ctx, account.account_id) and account.email.lower() not in theirs:
            words = f"{quote(account.email)} is named like Porter's, and is not documented."
            yield look_alike(account_subject(account), words, evidence=(account.evidence,))


def _pools(ctx: GcpContext) -> Iterator[Outcome]:
    theirs = vendor_pools(ctx)
    for pool in ctx.project.pools:
        if looks_like_vendor(ctx, pool_id(pool)) and pool_id(pool) not in theirs:
            subject = Subject("gcp.workload_identity_pool", pool.name, pool_id(pool))
            words = f"Pool {quote(pool_id(pool))} is named like Porter's, and is not documented."
            yield look_alike(subject, words, evidence=(pool.evidence,))


def _roles(ctx: GcpContext) -> Iterator[Outcome]:
    for role in ctx.project.custom_roles:
        if looks_like_vendor(ctx, role_name(role)) and not is_vendor_role(ctx, role):
            words = f"Custom role {quote(role_name(role))} is named like Porter's, and none of its material names it."
            yield look_alike(role_subject(role), words, evidence=(role.evidence,))


def _members(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per deleted member, however many bindings keep it."""
    theirs = vendor_emails(ctx)
    found: dict[str, Outcome] = {}
    for binding in all_bindings(ctx):
        for member in binding.members:
            like = is_deleted(member) and looks_like_vendor(ctx, email_of(member))
            if like and not is_vendor_member(ctx, theirs, member):
                words = f"{quote(binding.role)} on {quote(binding.node)} keeps {quote(member)}, named like Porter's."
                subject = Subject("gcp.binding", member, member)
                found.setdefault(member, look_alike(subject, words, evidence=(binding.evidence,)))
    yield from found.values()


RULE = Rule(
    id="GCP-REVOKED-006",
    title="Nothing else has a name like Porter's",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="revocation",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.SERVICE_ACCOUNT_POLICIES,
        kinds.PROJECT_POLICY,
        kinds.ANCESTORS,
        kinds.POOLS,
        kinds.CUSTOM_ROLES,
    ),
    check=check,
    remediation=Remediation(
        summary="Find out whose each look-alike is; delete what nobody claims.",
        cli="gcloud iam service-accounts describe EMAIL",
    ),
    references=(PORTER_CONNECT, IAM_PRINCIPALS),
    claims=(61,),
    cloud="gcp",
)
