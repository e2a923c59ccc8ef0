"""SVC-AWS-002: No service runs with a role that is Porter's own.

## What it checks
Each declared role that exists: it is neither one of Porter's documented roles, nor named like one, nor tagged as
managed by Porter.

## Why it matters
Porter's own roles can administer the account. A service that gets one passes that power to whoever controls the
service. The page has the customer make a role per service; Porter neither makes nor changes it.

## Remediation
Make a role for the service, with what it needs and nothing else, and declare that one.

## Limits
A role that somebody else named with Porter's prefix is reported too.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    AWS_LEAST_PRIVILEGE,
    PORTER_WORKLOADS,
    expected,
    named,
    nothing,
    per_service,
    role_subject,
)
from scanner.rules.services_context import AwsServices, Declared
from scanner.rules.words import quote


def check(ctx: AwsServices) -> Iterator[Outcome]:
    """Yield one outcome per declared role that exists."""
    found = False
    for role, connections in ctx.roles():
        found = True
        yield _judge(ctx, role, connections)
    if not found:
        yield nothing(ctx, "No declared IAM role exists in this account.")


def _judge(ctx: AwsServices, role: AwsRole, connections: Sequence[Declared]) -> Outcome:
    by = ctx.is_vendors(role)
    said = f"{quote(role.name)}, declared by {named(connections)}, is Porter's own: {by}."
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL if by else Result.PASS,
        message=said if by else f"{quote(role.name)} is not one of Porter's roles.",
        reason_code="PORTERS_ROLE" if by else "CUSTOMERS_ROLE",
        expected=expected(ctx.baseline, "a role that the customer made", ctx.baseline.aws.made_by_customer),
        observed=ObservedValue(by) if by else None,
        evidence=(role.evidence, *per_service(connections)),
    )


RULE = Rule(
    id="SVC-AWS-002",
    title="No service runs with a role that is Porter's own",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Make a role for the service, with what it needs and nothing else, and declare that one.",
        risk_of_change="The service loses what it did with Porter's power.",
    ),
    references=(PORTER_WORKLOADS, AWS_LEAST_PRIVILEGE),
    claims=(79,),
    services=True,
)
