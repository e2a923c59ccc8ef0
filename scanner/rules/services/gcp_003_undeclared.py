"""SVC-GCP-003: Every account that is bound to a Kubernetes service account is declared by a service.

## What it checks
Each service account of the project whose policy lets a Kubernetes service account of the project's clusters become it:
a porter.yaml that was given declares it.

## Why it matters
A connection that was taken out of porter.yaml, or made in the dashboard only, leaves its binding behind: pods keep an
account that no file in review speaks of.

## Remediation
Give the porter.yaml that declares the account, or remove the binding.

## Limits
Whether Porter made a binding rests on names that are not documented, so what is not declared is for a person. Give all
porter.yaml files of the cluster; workloads that do not run on Porter have bindings too.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.kinds_gcp import SERVICE_ACCOUNT_POLICIES, SERVICE_ACCOUNTS
from scanner.rules.base import Rule
from scanner.rules.services._binding import members
from scanner.rules.services._common import (
    GKE_WORKLOADS,
    PORTER_WORKLOADS,
    accounts_in,
    expected,
    scope_outcome,
    service_account_subject,
)
from scanner.rules.services_context import GcpServices
from scanner.rules.words import count, listed, quote


def check(ctx: GcpServices) -> Iterator[Outcome]:
    """Yield one outcome per account that nobody declares, and one for the project where that is not all."""
    declared = {account.email for account, _ in ctx.service_accounts()}
    found, unread = False, []
    for account in sorted(ctx.project.service_accounts, key=lambda one: one.email):
        if account.email in declared:
            continue
        if isinstance(account.policy, NotObserved):
            unread.append(account.email)
            continue
        pods = [m.account for m in members(ctx, account) if m.account is not None]
        if pods:
            found = True
            said = f"{accounts_in(pods)} may become {quote(account.email)}, which no porter.yaml that was given"
            yield Outcome(
                subject=service_account_subject(account),
                result=Result.MANUAL,
                message=f"{said} declares.",
                reason_code="NOT_DECLARED",
                expected=expected(ctx.baseline, "bindings of declared services", ctx.baseline.gcp.source),
                observed=ObservedValue([f"{namespace}/{name}" for namespace, name in pods]),
                evidence=(account.evidence, account.policy.evidence),
            )
    if unread:
        said = f"{count(len(unread), 'policy', 'policies')} not read: {listed(unread, 3)}."
        yield scope_outcome(ctx, Result.INCOMPLETE, said, "POLICY_UNREAD")
    elif not found:
        yield scope_outcome(ctx, Result.PASS, "No account is bound without a declaration.", "ALL_DECLARED")


RULE = Rule(
    id="SVC-GCP-003",
    title="Every account that is bound to a Kubernetes service account is declared by a service",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(SERVICE_ACCOUNTS, SERVICE_ACCOUNT_POLICIES),
    check=check,
    remediation=Remediation(
        summary="Give the porter.yaml that declares the account, or remove the binding.",
        cli="gcloud iam service-accounts remove-iam-policy-binding EMAIL --role ROLE --member MEMBER",
        risk_of_change="Pods of the service account lose the account.",
    ),
    references=(PORTER_WORKLOADS, GKE_WORKLOADS),
    claims=(88,),
    cloud="gcp",
    services=True,
)
