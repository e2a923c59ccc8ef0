"""SVC-GCP-002: A service's account is bound to one Kubernetes service account and to nobody else.

## What it checks
The policy of each declared service account: Workload Identity User for one Kubernetes service account of the project's
own clusters, and no other member that could become the account (everybody, a whole pool, another project's cluster,
people, token creators, holders of a custom role that can do the same).

## Why it matters
Porter adds the one binding the service needs. Whoever else stands in the account's policy gets the service's access
without running on the cluster.

## Remediation
Remove the other members; Porter adds the binding the service needs at the next deployment.

## Limits
How Porter names Kubernetes service accounts is not documented. Where it is the name alone that says whose account it
is, the result is for a person; so is a Cloud SQL connection without binding, for its page names none. Members that hold
such a role on the whole project are judged by GCP-IMP-002.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Confidence, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpServiceAccount
from scanner.model.kinds_gcp import ROLES, SERVICE_ACCOUNT_POLICIES, SERVICE_ACCOUNTS
from scanner.model.porter_yaml import GcpServiceAccountConnection
from scanner.rules.base import Rule
from scanner.rules.services._binding import Member, members
from scanner.rules.services._common import (
    GKE_WORKLOADS,
    PORTER_WORKLOADS,
    expected,
    named,
    nothing,
    per_service,
    service_account_subject,
    whose,
)
from scanner.rules.services_context import Declared, GcpServices
from scanner.rules.words import listed, quote


def check(ctx: GcpServices) -> Iterator[Outcome]:
    """Yield one outcome per declared account that exists."""
    found = False
    for account, connections in ctx.service_accounts():
        found = True
        yield _judge(ctx, account, connections)
    if not found:
        yield nothing(ctx, "No declared service account exists in this project.")


def _judge(ctx: GcpServices, account: GcpServiceAccount, connections: Sequence[Declared]) -> Outcome:
    held = list(members(ctx, account))
    result, code, said, severity = _answer(account, connections, held)
    claim = ctx.baseline.gcp
    pages = () if isinstance(account.policy, NotObserved) else (account.policy.evidence,)
    return Outcome(
        subject=service_account_subject(account),
        result=result,
        message=f"{quote(account.email)}: {said}. Declared by {named(connections)}.",
        reason_code=code,
        severity=severity,
        expected=expected(ctx.baseline, {"role": claim.role, "member": claim.member}, claim.source),
        observed=ObservedValue([{"role": m.binding.role, "member": m.name} for m in held]) if held else None,
        confidence=Confidence.LIKELY if code == "AS_DOCUMENTED" else Confidence.CERTAIN,
        evidence=(account.evidence, *pages, *per_service(connections)),
    )


def _answer(
    account: GcpServiceAccount, connections: Sequence[Declared], held: Sequence[Member]
) -> tuple[Result, str, str, Severity | None]:
    if isinstance(account.policy, NotObserved):
        return Result.INCOMPLETE, "POLICY_UNREAD", f"its policy was not read: {account.policy.reason}", None
    others = [m for m in held if m.account is None and not m.unread]
    if others:
        anyone = any(m.public for m in others)
        said = f"{listed(m.name for m in others)} may become it through {listed(m.binding.role for m in others)}"
        return Result.FAIL, "PUBLIC" if anyone else "NOT_DOCUMENTED", said, Severity.CRITICAL if anyone else None
    if unread := [m for m in held if m.unread]:
        said = f"whether {listed(m.name for m in unread)} may become it is not known: {unread[0].unread}"
        return Result.INCOMPLETE, "ROLE_UNREAD", said, None
    pods = [m.account for m in held if m.account is not None]
    if not pods and any(isinstance(d.connection, GcpServiceAccountConnection) for d in connections):
        said = "no Kubernetes service account of the project's clusters may become it"
        return Result.FAIL, "ABSENT_BINDING", said, Severity.MEDIUM
    if not pods:
        said = "nobody is bound to it; how Porter reaches the account of a Cloud SQL connection is not documented"
        return Result.MANUAL, "NOT_DOCUMENTED_HOW", said, None
    result, code, words = whose(connections, pods)
    return result, code, words, None


RULE = Rule(
    id="SVC-GCP-002",
    title="A service's account is bound to one Kubernetes service account and to nobody else",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(SERVICE_ACCOUNTS, SERVICE_ACCOUNT_POLICIES, ROLES),
    check=check,
    remediation=Remediation(
        summary="Remove the other members; Porter adds the binding the service needs at the next deployment.",
        cli="gcloud iam service-accounts get-iam-policy EMAIL",
        risk_of_change="Whoever uses the account by the binding loses it.",
    ),
    references=(PORTER_WORKLOADS, GKE_WORKLOADS),
    claims=(83, 88),
    cloud="gcp",
    services=True,
)
