"""SVC-GCP-006: A service's account has no key.

## What it checks
The user-managed keys of each declared service account: there is none.

## Why it matters
With a connection the service gets short-lived credentials and needs no key file. A key works from anywhere, and unless
somebody gave it an end, for ever.

## Remediation
Let the service use its connection, then delete the key.

## Limits
Keys that Google manages are left out. Who holds a key is not known.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.model.kinds_gcp import SERVICE_ACCOUNT_KEYS, SERVICE_ACCOUNTS
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    GOOGLE_KEYS,
    PORTER_WORKLOADS,
    advised,
    nothing,
    per_service,
    service_account_subject,
)
from scanner.rules.services_context import Declared, GcpServices
from scanner.rules.words import count, quote


def check(ctx: GcpServices) -> Iterator[Outcome]:
    """Yield one outcome per declared account that exists."""
    found = False
    for account, connections in ctx.service_accounts():
        found = True
        yield _judge(ctx, account, connections)
    if not found:
        yield nothing(ctx, "No declared service account exists in this project.")


def _judge(ctx: GcpServices, account: GcpServiceAccount, connections: Sequence[Declared]) -> Outcome:
    keys = () if isinstance(account.keys, NotObserved) else account.keys
    severity: Severity | None = None
    if isinstance(account.keys, NotObserved):
        result, code, said = Result.INCOMPLETE, "KEYS_UNREAD", f"Keys not read: {account.keys.reason}."
    elif keys:
        result, code = Result.FAIL, "STATIC_KEY"
        off = all(key.disabled for key in keys)
        severity = Severity.LOW if off else None
        tails = ", ".join(f"...{key.key_id_tail}" for key in keys[:5])
        said = f"{quote(account.email)} has {count(len(keys), 'key')} ({tails}){', disabled' if off else ''}."
    else:
        result, code, said = Result.PASS, "NO_KEY", f"{quote(account.email)} has no key."
    return Outcome(
        subject=service_account_subject(account),
        result=result,
        message=said,
        reason_code=code,
        severity=severity,
        expected=advised(ctx.baseline, "gcp-no-keys"),
        observed=ObservedValue([key.key_id_tail for key in keys]) if keys else None,
        evidence=(account.evidence, *(key.evidence for key in keys), *per_service(connections)),
    )


RULE = Rule(
    id="SVC-GCP-006",
    title="A service's account has no key",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(SERVICE_ACCOUNTS, SERVICE_ACCOUNT_KEYS),
    check=check,
    remediation=Remediation(
        summary="Let the service use its connection, then delete the key.",
        cli="gcloud iam service-accounts keys delete KEY_ID --iam-account EMAIL",
        risk_of_change="Whoever uses the key loses access.",
    ),
    references=(PORTER_WORKLOADS, GOOGLE_KEYS),
    claims=(84,),
    cloud="gcp",
    services=True,
)
