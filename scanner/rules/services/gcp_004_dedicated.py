"""SVC-GCP-004: Each service has a GCP service account of its own.

## What it checks
Each declared account: one service declares it, over all porter.yaml files that were given, and one Kubernetes service
account may become it. The same app and service in two files is one service, and so are its two connections.

## Why it matters
The page recommends an account per service. A shared account gives each service what any of them needs, and the log
cannot tell them apart.

## Remediation
Make an account per service with what that service needs.

## Limits
Services in files that were not given are seen only through their bindings.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://cloud.google.com/iam/docs/best-practices-service-accounts
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.model.kinds_gcp import SERVICE_ACCOUNT_POLICIES, SERVICE_ACCOUNTS
from scanner.rules.base import Rule
from scanner.rules.services._binding import members
from scanner.rules.services._common import (
    GOOGLE_ACCOUNTS,
    PORTER_WORKLOADS,
    accounts_in,
    advised,
    nothing,
    per_service,
    service_account_subject,
    services_of,
)
from scanner.rules.services_context import Declared, GcpServices
from scanner.rules.words import count, listed, quote


def check(ctx: GcpServices) -> Iterator[Outcome]:
    """Yield one outcome per declared account that exists."""
    found = False
    for account, connections in ctx.service_accounts():
        found = True
        yield _judge(ctx, account, connections)
    if not found:
        yield nothing(ctx, "No declared service account exists in this project.")


def _judge(ctx: GcpServices, account: GcpServiceAccount, connections: Sequence[Declared]) -> Outcome:
    services = services_of(connections)
    pods = list(dict.fromkeys(m.account for m in members(ctx, account) if m.account is not None))
    shared = len(services) > 1 or len(pods) > 1
    result, code = (Result.FAIL, "SHARED") if shared else (Result.PASS, "OWN")
    said = f"{quote(account.email)} is declared by {count(len(services), 'service')} ({listed(services)})"
    bound = f" ({accounts_in(pods)})" if pods else ""
    said += f" and bound to {count(len(pods), 'Kubernetes service account')}{bound}"
    if not shared and isinstance(account.policy, NotObserved):
        result, code, said = Result.INCOMPLETE, "POLICY_UNREAD", f"{said}; its policy was not read"
    return Outcome(
        subject=service_account_subject(account),
        result=result,
        message=f"{said}.",
        reason_code=code,
        expected=advised(ctx.baseline, "gcp-dedicated"),
        observed=ObservedValue({"services": list(services), "accounts": [f"{n}/{a}" for n, a in pods]}),
        evidence=(account.evidence, *per_service(connections)),
    )


RULE = Rule(
    id="SVC-GCP-004",
    title="Each service has a GCP service account of its own",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(SERVICE_ACCOUNTS, SERVICE_ACCOUNT_POLICIES),
    check=check,
    remediation=Remediation(summary="Make an account per service with what that service needs."),
    references=(PORTER_WORKLOADS, GOOGLE_ACCOUNTS),
    claims=(84,),
    cloud="gcp",
    services=True,
)
