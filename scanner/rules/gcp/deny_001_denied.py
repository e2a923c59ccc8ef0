"""GCP-DENY-001: Deny policies take nothing from Porter that its documents grant.

## What it checks
Deny policies of the project and of what stands above it, held against the permissions behind the roles of Porter's
accounts.

## Why it matters
A deny rule beats every grant. One that takes documented access may break Porter; one that takes SetIamPolicy protects
the project and is worth knowing.

## Remediation
Add an exception for Porter's account, or accept that this part of Porter does not work.

## Limits
Denying only the permissions with which an account raises its own access counts as protection and passes. Rules for
groups and rules with conditions may apply or not (MANUAL).

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/deny-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.gcp.deny import denied_at
from scanner.access.gcp.document import parse_gcp
from scanner.access.records import NamedDocument
from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_DENY, PORTER_CONNECT, account_subject, key_of, not_applicable, permissions_of
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import listed

_PROTECTING = ("setIamPolicy", "roles.update", "roles.create", "serviceAccountKeys.create", "getAccessToken", "actAs")


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        yield _judge(ctx, account)


def _judge(ctx: GcpContext, account: GcpServiceAccount) -> Outcome:
    side = parse_gcp([NamedDocument(p.name, p.document) for p in ctx.project.deny_policies])
    held = frozenset(permissions_of(ctx, ctx.grants(account)))
    denied = denied_at(side.denies, held, account.member, ctx.project.node, dict(ctx.project.parents))
    breaking = sorted(p for p in denied.surely if not p.endswith(_PROTECTING))
    guarding = sorted(denied.surely - set(breaking))
    if breaking:
        result, code, message = Result.FAIL, "BREAKS", f"Deny rules take documented access away: {listed(breaking)}."
    elif denied.perhaps:
        message = (
            f"Deny rules may take access away: {listed(sorted(denied.perhaps))}; it depends on conditions or members."
        )
        result, code = Result.MANUAL, "MAY_BREAK"
    elif guarding:
        message = f"Deny rules take away only what raises access, which protects the project: {listed(guarding)}."
        result, code = Result.PASS, "PROTECTS"
    else:
        result, code, message = Result.PASS, "NONE", "No deny rule concerns the account."
    return Outcome(
        account_subject(account),
        result,
        message,
        reason_code=code,
        porter_role=key_of(ctx, account),
        observed=ObservedValue(breaking, "deny policies") if breaking else None,
        evidence=tuple(p.evidence for p in ctx.project.deny_policies) or (account.evidence,),
    )


RULE = Rule(
    id="GCP-DENY-001",
    title="Deny policies take nothing from Porter that its documents grant",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="drift",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
        kinds.ROLES,
    ),
    supplementary=(
        kinds.ANCESTORS,
        kinds.DENY_POLICIES,
    ),
    check=check,
    remediation=Remediation(
        summary="Add an exception to the deny policy, or accept it.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_DENY,
    ),
    claims=(56,),
    cloud="gcp",
)
