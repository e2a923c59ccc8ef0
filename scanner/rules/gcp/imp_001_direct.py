"""GCP-IMP-001: Only documented principals may act as Porter's service account.

## What it checks
The policy of each service account of Porter's: every member whose role lets it take a token of the account, act as
it, make a key for it or change this policy. Documented is, with federation, one principal set in one role; with a
key, nobody.

## Why it matters
Whoever may act as the account has all of its access, and the audit log shows the account's name.

## Remediation
Remove the binding. If somebody used it, the audit log of GenerateAccessToken shows who and when.

## Limits
Only the account's own policy; what the project's policy adds is GCP-IMP-002. Members of groups are not known.

## References
- https://github.com/porter-dev/gcp-onboarding
- https://cloud.google.com/iam/docs/service-account-impersonation
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.access.gcp.member import canonical
from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Witness
from scanner.model.inventory_gcp import GcpBinding, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import (
    IAM_IMPERSONATION,
    IMPERSONATING,
    PORTER_ONBOARDING,
    account_subject,
    expected,
    impersonation,
    is_public,
    key_of,
    not_applicable,
    strongest,
)
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per member that is not documented, or one per account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        if isinstance(account.policy, NotObserved):
            message = f"Policy of the account not read: {account.policy.reason}."
            yield Outcome(account_subject(account), Result.INCOMPLETE, message, reason_code="POLICY_UNREAD")
            continue
        found = [
            outcome
            for binding in account.policy.bindings
            for member in binding.members
            if (outcome := _judge(ctx, account, binding, member)) is not None
        ]
        yield from strongest(found)
        if not found:
            yield Outcome(
                account_subject(account),
                Result.PASS,
                "Nobody but documented principals may act as the account by its own policy.",
                reason_code="AS_DOCUMENTED",
                porter_role=key_of(ctx, account),
                evidence=(account.policy.evidence,),
            )


def _judge(ctx: GcpContext, account: GcpServiceAccount, binding: GcpBinding, member: str) -> Outcome | None:
    """Return what to say of one member; None where it is documented or cannot act as the account."""
    if member.startswith("deleted:"):
        return None
    permission = impersonation(ctx, binding.role)
    if permission is None:
        return None
    if isinstance(permission, NotObserved):
        message = f"Whether {quote(member)} may act as the account is not known: {permission.reason}."
        return _outcome(ctx, account, binding, member, Result.INCOMPLETE, "ROLE_UNREAD", message, None)
    page = ctx.documented(account)
    claim = page.federation if page else None
    if claim is not None and binding.role == claim.member_role:
        if canonical(member) == canonical(claim.member):
            return None
        if _has_form(claim.member, member):
            message = (
                f"{quote(member)} may act as the account; the documented set needs parameters that were not given."
            )
            return _outcome(ctx, account, binding, member, Result.MANUAL, "PARAMETER_MISSING", message, None)
    severity = Severity.CRITICAL if is_public(member) else None
    condition = " under a condition" if binding.condition else ""
    message = (
        f"{quote(member)} may act as the account through {quote(binding.role)}{condition}, which is not documented."
    )
    known = claim.member_role if claim is not None and canonical(member) == canonical(claim.member) else ""
    witness = Witness(member, _beyond(ctx, binding.role, known) or permission, account.email)
    outcome = _outcome(ctx, account, binding, member, Result.FAIL, "NOT_DOCUMENTED", message, severity, witness)
    return outcome


def _beyond(ctx: GcpContext, role: str, known: str) -> str | None:
    """Return a permission to act as the account that the role has and the documented one, if any, has not."""
    read, documented = ctx.role(role), ctx.role(known)
    has = read.permissions if read else ()
    had = documented.permissions if documented else ()
    return next((p for p in IMPERSONATING if p in has and p not in had), None)


def _has_form(documented: str, member: str) -> bool:
    """Return whether a member is as documented but for parameters that were not given: each stands for one word."""
    parts = re.split(r"(\{[a-z0-9_]+\})", canonical(documented))
    shape = "".join("[A-Za-z0-9-]+" if part.startswith("{") else re.escape(part) for part in parts)
    return len(parts) > 1 and re.fullmatch(shape, canonical(member)) is not None


def _outcome(
    ctx: GcpContext,
    account: GcpServiceAccount,
    binding: GcpBinding,
    member: str,
    result: Result,
    code: str,
    message: str,
    severity: Severity | None,
    witness: Witness | None = None,
) -> Outcome:
    page = ctx.documented(account)
    claim = page.federation if page else None
    return Outcome(
        account_subject(account),
        result,
        message,
        reason_code=code,
        discriminator=f"{member} {binding.role}",
        severity=severity,
        porter_role=key_of(ctx, account),
        expected=expected(claim.member, claim.source) if claim else None,
        observed=ObservedValue({"member": member, "role": binding.role}, f"policy of {account.email}"),
        witness=witness,
        evidence=(binding.evidence,),
    )


RULE = Rule(
    id="GCP-IMP-001",
    title="Only documented principals may act as Porter's service account",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.SERVICE_ACCOUNT_POLICIES,
        kinds.ROLES,
    ),
    check=check,
    remediation=Remediation(
        summary="Remove the binding from the service account's policy.",
        cli="gcloud iam service-accounts get-iam-policy EMAIL",
    ),
    references=(
        PORTER_ONBOARDING,
        IAM_IMPERSONATION,
    ),
    claims=(60,),
    cloud="gcp",
)
