"""GCP-IMP-003: Porter's service account may act as no other account by that account's own policy.

## What it checks
The policies of the project's other service accounts: bindings that let an account of Porter's, every service account or
everybody take their tokens, act as them, make keys for them or change these policies.

## Why it matters
Such a binding stands in no policy of the project. With it Porter has all that the other account has, and the audit log
shows the other account's name.

## Remediation
Remove the binding from the other account's policy, or have Porter document what it is for.

## Limits
The page ends its list of roles with an open word: a predefined role is for a person to judge (MANUAL). Accounts of
other projects are not read, and what the project's own policy adds is GCP-PERM-001.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/service-account-impersonation
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.errors import PolicyError
from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Witness
from scanner.model.inventory_gcp import GcpBinding, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import (
    IAM_IMPERSONATION,
    PORTER_CONNECT,
    account_subject,
    impersonation,
    key_of,
    not_applicable,
    strongest,
)
from scanner.rules.gcp_context import GcpContext, holds, via
from scanner.rules.words import quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per binding that names an account of Porter's, or one per account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        others = [other for other in ctx.project.service_accounts if other.email != account.email]
        found = [outcome for other in others for outcome in _judge(ctx, account, other)]
        yield from strongest(found)
        if not found:
            yield Outcome(
                account_subject(account),
                Result.PASS,
                f"The policies of {len(others)} other service accounts let it act as none of them.",
                reason_code="NONE",
                porter_role=key_of(ctx, account),
                evidence=(account.evidence,),
            )


def _judge(ctx: GcpContext, account: GcpServiceAccount, other: GcpServiceAccount) -> Iterator[Outcome]:
    if isinstance(other.policy, NotObserved):
        message = f"The policy of {quote(other.email)} was not read: {other.policy.reason}."
        yield Outcome(
            account_subject(account), Result.INCOMPLETE, message, reason_code="POLICY_UNREAD", discriminator=other.email
        )
        return
    # Who may act as Porter's own accounts, everybody included, is judged by GCP-IMP-001.
    sets = frozenset() if other in ctx.porter_accounts else ctx.sets_of_accounts()
    for binding in other.policy.bindings:
        member = "" if holds(binding, account.member) else via(binding, sets)
        if not member and not holds(binding, account.member):
            continue
        permission = impersonation(ctx, binding.role)
        if permission is not None and not _documented(ctx, account, binding):
            yield _outcome(ctx, account, other, binding, permission, member)


def _documented(ctx: GcpContext, account: GcpServiceAccount, binding: GcpBinding) -> bool:
    """Return whether what the documents grant on the project holds all of it anyway."""
    try:
        return ctx.compare(account, binding).contained is True
    except PolicyError:
        return False


def _outcome(
    ctx: GcpContext,
    account: GcpServiceAccount,
    other: GcpServiceAccount,
    binding: GcpBinding,
    permission: str | NotObserved,
    member: str,
) -> Outcome:
    page = ctx.documented(account)
    witness = None
    if isinstance(permission, NotObserved):
        result, code, severity = Result.INCOMPLETE, "ROLE_UNREAD", None
        message = f"Whether it may act as {quote(other.email)} is not known: {permission.reason}."
    else:
        witness = Witness(account.member, permission, other.email)
        whose = f" of {quote(member)}" if member else ""
        message = f"It may act as {quote(other.email)} through {quote(binding.role)}{whose}, which is not documented."
        result, code, severity = Result.FAIL, "NOT_DOCUMENTED", None
        # What a set was given is nothing that Porter grants itself.
        if page is not None and page.open_list is not None and binding.role.startswith("roles/") and not member:
            result, code, severity = Result.MANUAL, "OPEN_LIST", Severity.MEDIUM
            message += " The page does not enumerate the roles that Porter grants itself."
    return Outcome(
        account_subject(account),
        result,
        message,
        reason_code=code,
        discriminator=f"{binding.role} on {other.email}",
        severity=severity,
        porter_role=key_of(ctx, account),
        observed=ObservedValue({"role": binding.role, "account": other.email}, f"policy of {other.email}"),
        witness=witness,
        evidence=(binding.evidence,),
    )


RULE = Rule(
    id="GCP-IMP-003",
    title="Porter's service account may act as no other account by that account's own policy",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.SERVICE_ACCOUNT_POLICIES,
        kinds.ROLES,
    ),
    check=check,
    remediation=Remediation(
        summary="Remove the binding from the other service account's policy.",
        cli="gcloud iam service-accounts get-iam-policy OTHER-EMAIL",
    ),
    references=(
        PORTER_CONNECT,
        IAM_IMPERSONATION,
    ),
    claims=(56,),
    cloud="gcp",
)
