"""SVC-AWS-001: Every IAM role that a service declares exists in the account.

## What it checks
Each `awsRole` connection: a role of that name, or of that ARN, exists in the account that was read. An ARN of another
account is reported as such.

## Why it matters
Porter makes no role. A connection to a role that is not there gives the service nothing, and whoever makes a role of
that name later decides what the service may do.

## Remediation
Create the role as the page describes, or correct the connection.

## Limits
Whether a role of another account could be used at all is not documented; that account was not read.

## References
- https://docs.porter.run/applications/configuration-as-code/services/connections
- https://docs.porter.run/applications/configure/secure-cloud-access
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.model.porter_yaml import AwsRoleConnection
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    PORTER_CONNECTIONS,
    PORTER_WORKLOADS,
    connection_subject,
    expected,
    nothing,
    place_of,
    plain,
)
from scanner.rules.services_context import AwsServices, Declared, account_of_role
from scanner.rules.words import quote


def check(ctx: AwsServices) -> Iterator[Outcome]:
    """Yield one outcome per declared role."""
    for declared in ctx.connections:
        yield _judge(ctx, declared)
    if not ctx.connections:
        yield nothing(ctx, "No porter.yaml declares an IAM role.")


def _judge(ctx: AwsServices, declared: Declared) -> Outcome:
    connection = declared.connection
    wanted = connection.role if isinstance(connection, AwsRoleConnection) else ""
    role = ctx.role(declared)
    account, severity = account_of_role(wanted), None
    if account and account != ctx.account.account_id:
        result, code, severity = Result.FAIL, "OTHER_ACCOUNT", Severity.LOW
        said = f"{quote(wanted)} is a role of account {quote(account)}, not of the one that was read."
    elif role is None:
        result, code = Result.FAIL, "ABSENT_ROLE"
        said = f"{quote(wanted)} does not exist in account {ctx.account.account_id}."
    else:
        result, code, said = Result.PASS, "EXISTS", f"{quote(role.arn)} exists."
    return Outcome(
        subject=connection_subject(declared),
        result=result,
        message=f"{plain(declared.where)}: {said}",
        reason_code=code,
        severity=severity,
        expected=expected(ctx.baseline, "a role that the customer made", ctx.baseline.aws.made_by_customer),
        evidence=(place_of(declared), *((role.evidence,) if role else ())),
    )


RULE = Rule(
    id="SVC-AWS-001",
    title="Every IAM role that a service declares exists in the account",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(summary="Create the role as the page describes, or correct the connection."),
    references=(PORTER_CONNECTIONS, PORTER_WORKLOADS),
    claims=(86, 88),
    services=True,
)
