"""SVC-AWS-007: Each service has a role of its own.

## What it checks
Each declared role: one service declares it, over all porter.yaml files that were given, and one Kubernetes service
account gets it. The same app and service in two files is one service; the same service account in two clusters is one.

## Why it matters
The page recommends a role per service. A shared role gives each service what any of them needs, and the log cannot
tell them apart.

## Remediation
Make a role per service with what that service needs.

## Limits
Services in files that were not given are seen only through their associations.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS, POD_IDENTITIES, REGIONS
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    AWS_LEAST_PRIVILEGE,
    PORTER_WORKLOADS,
    accounts_in,
    advised,
    nothing,
    per_service,
    role_subject,
    services_of,
)
from scanner.rules.services_context import AwsServices, Declared
from scanner.rules.words import count, listed, quote


def check(ctx: AwsServices) -> Iterator[Outcome]:
    """Yield one outcome per declared role that exists."""
    found = False
    for role, connections in ctx.roles():
        found = True
        yield _judge(ctx, role, connections)
    if not found:
        yield nothing(ctx, "No declared IAM role exists in this account.")


def _judge(ctx: AwsServices, role: AwsRole, connections: Sequence[Declared]) -> Outcome:
    services = services_of(connections)
    items = ctx.associations(role)
    accounts = list(dict.fromkeys((i.namespace, i.service_account) for i in items))
    shared = len(services) > 1 or len(accounts) > 1
    result, code = (Result.FAIL, "SHARED") if shared else (Result.PASS, "OWN")
    said = f"{quote(role.name)} is declared by {count(len(services), 'service')} ({listed(services)})"
    pods = f" ({accounts_in(accounts)})" if accounts else ""
    said += f" and given to {count(len(accounts), 'service account')}{pods}"
    if not shared and ctx.unread_associations():
        result, code, said = Result.INCOMPLETE, "ASSOCIATION_UNREAD", said + "; not every association was described"
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=f"{said}.",
        reason_code=code,
        expected=advised(ctx.baseline, "aws-dedicated"),
        observed=ObservedValue({"services": list(services), "accounts": [f"{n}/{a}" for n, a in accounts]}),
        evidence=(role.evidence, *(i.evidence for i in items), *per_service(connections)),
    )


RULE = Rule(
    id="SVC-AWS-007",
    title="Each service has a role of its own",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(AUTHORIZATION_DETAILS, REGIONS, CLUSTERS, POD_IDENTITIES),
    check=check,
    remediation=Remediation(summary="Make a role per service with what that service needs."),
    references=(PORTER_WORKLOADS, AWS_LEAST_PRIVILEGE),
    claims=(78,),
    services=True,
)
