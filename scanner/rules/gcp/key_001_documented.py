"""GCP-KEY-001: Porter's service account has the keys that are documented and no others.

## What it checks
The number of user-managed keys of each account of Porter's, disabled ones included: at most one, made by Google, where
the documented version has a JSON key made, none where access is federated.

## Why it matters
Every key is a copy of the account that works from anywhere, for whoever holds the file. A second key means that
somebody else has one, or that a rotation was not finished.

## Remediation
Find in the audit log who made the key, disable it, and delete it when nothing breaks.

## Limits
Keys show their age, never who holds them.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_KEYS, PORTER_CONNECT, account_subject, expected, key_of, not_applicable
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import count, listed


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        yield _judge(ctx, account)


def _judge(ctx: GcpContext, account: GcpServiceAccount) -> Outcome:
    subject, name = account_subject(account), key_of(ctx, account)
    if isinstance(account.keys, NotObserved):
        message = f"Keys not read: {account.keys.reason}."
        return Outcome(subject, Result.INCOMPLETE, message, reason_code="KEYS_UNREAD", porter_role=name)
    page = ctx.documented(account)
    most = page.keys.at_most if page and page.keys.user_managed == "expected" else 0
    number = len(account.keys)
    tails = [f"...{k.key_id_tail}" for k in account.keys]
    uploaded = [f"...{k.key_id_tail}" for k in account.keys if k.origin == "USER_PROVIDED"]
    beyond = number > most or bool(uploaded)
    said = f"{count(number, 'user-managed key')} ({listed(tails)})" if number else "No user-managed key"
    said += f"; documented: {f'at most {most}, made by Google' if most else 'none'}."
    said += f" Not made by Google but uploaded: {listed(uploaded)}." if uploaded else ""
    return Outcome(
        subject,
        Result.FAIL if beyond else Result.PASS,
        said,
        reason_code="TOO_MANY_KEYS" if number > most else "UPLOADED_KEY" if uploaded else "AS_DOCUMENTED",
        porter_role=name,
        expected=expected(most, page.keys.source) if page else None,
        observed=ObservedValue(tails, "keys") if beyond else None,
        evidence=(account.evidence, *(k.evidence for k in account.keys)),
    )


RULE = Rule(
    id="GCP-KEY-001",
    title="Porter's service account has the keys that are documented and no others",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="secrets",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.SERVICE_ACCOUNT_KEYS,
    ),
    check=check,
    remediation=Remediation(
        summary="Delete the keys that are not documented.",
        owner="customer",
        cli="gcloud iam service-accounts keys list --iam-account=EMAIL --managed-by=user",
    ),
    references=(
        PORTER_CONNECT,
        IAM_KEYS,
    ),
    claims=(
        57,
        60,
    ),
    cloud="gcp",
)
