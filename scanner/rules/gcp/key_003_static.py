"""GCP-KEY-003: Porter works without a static key, as its page promises.

## What it checks
Whether an account of Porter's has a working user-managed key, in any documented version.

## Why it matters
The page promises access without static keys, and its part on GCP has the customer make one and upload it. Both cannot
be true; the key is the riskier half, because with Project IAM Admin it gives the project to whoever holds the file.

## Remediation
Move to Porter's set-up with workload identity federation, which needs no key, and delete the key.

## Limits
HMAC keys are judged by GCP-KEY-004. Where the documented version has the key made, conformance passes and this rule
still fails: it is a documented contradiction.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_KEYS, PORTER_CONNECT, account_subject, key_of, not_applicable
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import listed


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        if isinstance(account.keys, NotObserved):
            message = f"Keys not read: {account.keys.reason}."
            yield Outcome(account_subject(account), Result.INCOMPLETE, message, reason_code="KEYS_UNREAD")
            continue
        live = [k for k in account.keys if not k.disabled and (k.expires_at is None or k.expires_at > ctx.as_of)]
        named = listed(f"...{k.key_id_tail}" for k in live)
        yield Outcome(
            account_subject(account),
            Result.FAIL if live else Result.PASS,
            f"A static key works: {named}." if live else "No user-managed key works.",
            reason_code="STATIC_KEY" if live else "NONE",
            porter_role=key_of(ctx, account),
            # A key that was accepted is not the next one.
            observed=ObservedValue(sorted(k.key_id_tail for k in live), "keys") if live else None,
            evidence=(account.evidence, *(k.evidence for k in live)),
        )


RULE = Rule(
    id="GCP-KEY-003",
    title="Porter works without a static key, as its page promises",
    severity=Severity.HIGH,
    axis=Axis.POSTURE,
    family="secrets",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.SERVICE_ACCOUNT_KEYS,
    ),
    check=check,
    remediation=Remediation(
        summary="Move to workload identity federation.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_KEYS,
    ),
    claims=(58,),
    cloud="gcp",
)
