"""GCP-KEY-002: Keys of Porter's service account are young, expire and are in use.

## What it checks
Age and expiry of each user-managed key of Porter's accounts, keys that are disabled or expired but still there, and
keys whose private half was uploaded.

## Why it matters
The longer a key lives, the more copies of it there are. The page makes a key without expiry and says nothing of
rotation.

## Remediation
Make a new key, give it to Porter, and delete the old one. A policy constraint can give every new key an expiry.

## Limits
Ninety days is Google's own advice; the documents name no age.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpKey
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_KEYS, PORTER_CONNECT, account_subject, key_of, not_applicable
from scanner.rules.gcp_context import GcpContext

_MAX_AGE = timedelta(days=90)


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per user-managed key, or one per account without."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        name = key_of(ctx, account)
        if isinstance(account.keys, NotObserved):
            message = f"Keys not read: {account.keys.reason}."
            yield Outcome(account_subject(account), Result.INCOMPLETE, message, reason_code="KEYS_UNREAD")
            continue
        if not account.keys:
            yield Outcome(account_subject(account), Result.PASS, "No user-managed key.", reason_code="NO_KEY")
        for key in account.keys:
            worries = list(_worries(key, ctx.as_of))
            yield Outcome(
                account_subject(account),
                Result.FAIL if worries else Result.PASS,
                f"Key ...{key.key_id_tail}: {'; '.join(worries) or 'young, and it expires'}.",
                reason_code="STALE_KEY" if worries else "FRESH",
                discriminator=f"key {key.key_id_tail} of {key.created_at}",
                severity=None if any("days old" in w or "uploaded" in w for w in worries) else Severity.LOW,
                porter_role=name,
                observed=ObservedValue(worries, f"key ...{key.key_id_tail}") if worries else None,
                evidence=(key.evidence,),
            )


def _worries(key: GcpKey, as_of: datetime) -> Iterator[str]:
    if key.disabled:
        yield "disabled, and still there"
    if key.origin == "USER_PROVIDED":
        yield "uploaded: its private half was made outside Google"
    if key.expires_at is None:
        yield "never expires"
    elif key.expires_at <= as_of:
        yield "expired, and still there"
    if key.created_at is None:
        yield "of unknown age"
    elif as_of - key.created_at > _MAX_AGE:
        yield f"{(as_of - key.created_at).days} days old"


RULE = Rule(
    id="GCP-KEY-002",
    title="Keys of Porter's service account are young, expire and are in use",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="secrets",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.SERVICE_ACCOUNT_KEYS,
    ),
    check=check,
    remediation=Remediation(
        summary="Rotate the key and delete the old one.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_KEYS,
    ),
    claims=(57,),
    cloud="gcp",
)
