"""GCP-PERM-005: No resource in the project binds Porter beyond what is documented.

## What it checks
The policies of buckets, secrets, repositories, data sets and everything else in the project that Cloud Asset Inventory
searches, and of the project's other service accounts: bindings that name Porter's service account, or every service
account of the project, are held against the documented roles, and other principals of Porter's are named.

## Why it matters
A binding on a single resource stands in no policy of the project. It gives access that the documents never mention, and
it stays when the project's own policy is cleaned.

## Remediation
Remove the binding from the resource's policy, or have Porter document it.

## Limits
Cloud Asset Inventory follows changes within minutes and does not know every service's policies. What everybody may do
with a public resource is not counted as Porter's. Who may act as a service account is judged by GCP-IMP-001 and
GCP-IMP-003.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/asset-inventory/docs/search-iam-policies
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_gcp import GcpBinding, GcpPolicy, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import (
    ASSETS,
    PORTER_CONNECT,
    account_subject,
    impersonation,
    key_of,
    not_applicable,
    strongest,
)
from scanner.rules.gcp._members import vendors_member
from scanner.rules.gcp.perm_001_excess import judge_binding
from scanner.rules.gcp_context import GcpContext, holds
from scanner.rules.words import count, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per binding beyond the documents and per other principal, or one per account."""
    others = list(_others(ctx, ctx.bindings_below()))
    yield from others
    if not ctx.porter_accounts and not others:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        held = [*ctx.grants_below(account), *_on_accounts(ctx, account)]
        beyond = [outcome for b in held if (outcome := judge_binding(ctx, account, b)) is not None]
        yield from strongest(beyond)
        if not beyond:
            yield Outcome(
                account_subject(account),
                Result.PASS,
                f"{count(len(held), 'binding')} on resources in the project, all inside the documented roles.",
                reason_code="INSIDE",
                porter_role=key_of(ctx, account),
                evidence=(account.evidence,),
            )


def _on_accounts(ctx: GcpContext, account: GcpServiceAccount) -> Iterator[GcpBinding]:
    """Yield what it holds on the project's other accounts beside acting as them, which GCP-IMP-003 judges."""
    for other in ctx.project.service_accounts:
        if other.email != account.email and isinstance(other.policy, GcpPolicy):
            for binding in other.policy.bindings:
                if holds(binding, account.member) and impersonation(ctx, binding.role) is None:
                    yield binding


def _others(ctx: GcpContext, bindings: list[GcpBinding]) -> Iterator[Outcome]:
    found: dict[tuple[str, str, str], GcpBinding] = {}
    for binding in bindings:
        for member in binding.members:
            if vendors_member(ctx, member) is not None:
                found.setdefault((member, binding.role, binding.node), binding)
    for (member, role, node), binding in sorted(found.items(), key=lambda item: item[0]):
        yield Outcome(
            Subject("gcp.principal", member, member),
            Result.FAIL,
            f"{quote(member)} ({vendors_member(ctx, member)}) holds {quote(role)} on {quote(node)}, and no document "
            "names it.",
            reason_code="OTHER_PRINCIPAL",
            discriminator=f"{role} on {node}",
            observed=ObservedValue({"role": role, "node": node}, f"policy of {node}"),
            evidence=(binding.evidence,),
        )


RULE = Rule(
    id="GCP-PERM-005",
    title="No resource in the project binds Porter beyond what is documented",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.ROLES,
    ),
    supplementary=(
        kinds.POLICIES_BELOW,
        kinds.SERVICE_ACCOUNT_POLICIES,
    ),
    check=check,
    remediation=Remediation(
        summary="Remove the binding from the resource's policy.",
        cli="gcloud asset search-all-iam-policies --scope=projects/PROJECT --query='policy:EMAIL'",
    ),
    references=(
        PORTER_CONNECT,
        ASSETS,
    ),
    claims=(
        55,
        56,
    ),
    cloud="gcp",
)
