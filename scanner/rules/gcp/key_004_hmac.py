"""GCP-KEY-004: Porter's service account has no HMAC key.

## What it checks
The HMAC keys of Cloud Storage in the project, those that are turned off included: whether one belongs to a service
account of Porter's.

## Why it matters
Whoever holds such a key and its secret reads and writes Cloud Storage as the account, from anywhere and with no end
date, through the API of S3. No list of service account keys shows it, and federation does not stand in its way. No
documented version has one made.

## Remediation
Turn the key off, find out in the audit log who made it, and delete it when nothing breaks.

## Limits
The key lies in the project it was made in: keys of Porter's account in other projects are not read. Who holds a key is
not known.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/storage/docs/authentication/hmackeys
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpHmacKey, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import PORTER_CONNECT, STORAGE_KEYS, account_subject, key_of, not_applicable
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import count, listed


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        yield _judge(ctx, account, [k for k in ctx.project.hmac_keys if k.email.lower() == account.email.lower()])


def _judge(ctx: GcpContext, account: GcpServiceAccount, keys: list[GcpHmacKey]) -> Outcome:
    tails = [f"...{k.key_id_tail}" for k in keys]
    working = [k for k in keys if k.active]
    state = f", {len(keys) - len(working)} of them turned off" if len(working) < len(keys) else ""
    named = f"{count(len(keys), 'HMAC key')} ({listed(tails)}){state}; no document names one."
    return Outcome(
        account_subject(account),
        Result.FAIL if keys else Result.PASS,
        named if keys else f"None of {count(len(ctx.project.hmac_keys), 'HMAC key')} in the project is the account's.",
        reason_code="HMAC_KEY" if keys else "NONE",
        severity=Severity.LOW if keys and not working else None,
        porter_role=key_of(ctx, account),
        observed=ObservedValue(sorted(tails), "HMAC keys") if keys else None,
        evidence=(account.evidence, *(k.evidence for k in keys)),
    )


RULE = Rule(
    id="GCP-KEY-004",
    title="Porter's service account has no HMAC key",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="secrets",
    requires=(kinds.SERVICE_ACCOUNTS,),
    supplementary=(kinds.HMAC_KEYS,),
    check=check,
    remediation=Remediation(
        summary="Turn the HMAC key off, then delete it.",
        owner="customer",
        cli="gcloud storage hmac update ACCESS-ID --deactivate",
    ),
    references=(
        PORTER_CONNECT,
        STORAGE_KEYS,
    ),
    claims=(
        57,
        60,
    ),
    cloud="gcp",
)
