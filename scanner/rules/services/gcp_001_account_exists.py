"""SVC-GCP-001: Every service account that a service declares is in the cluster's project.

## What it checks
Each `gcpServiceAccount` and `cloudSql` connection: the service account it names exists in the project that was read,
and is not disabled.

## Why it matters
Porter makes no service account, and the page asks for it in the project of Porter's infrastructure. A connection to
one that is not there gives the service nothing; an account of another project is outside of what was read here.

## Remediation
Create the account in the project of the cluster, or correct the address.

## Limits
Which cluster the service runs on is not in porter.yaml. For Cloud SQL the page names an account and no project; a short
name is looked up in the project that was read.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.porter.run/applications/configuration-as-code/services/connections
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.kinds_gcp import SERVICE_ACCOUNTS
from scanner.model.porter_yaml import GcpServiceAccountConnection
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
from scanner.rules.services_context import Declared, GcpServices, email_of, project_of_email
from scanner.rules.words import quote


def check(ctx: GcpServices) -> Iterator[Outcome]:
    """Yield one outcome per declared account."""
    for declared in ctx.connections:
        yield _judge(ctx, declared)
    if not ctx.connections:
        yield nothing(ctx, "No porter.yaml declares a GCP service account.")


def _judge(ctx: GcpServices, declared: Declared) -> Outcome:
    email = email_of(declared, ctx.project.project_id)
    account = ctx.service_account(declared)
    project = project_of_email(email)
    severity: Severity | None = None
    if project != ctx.project.project_id:
        result, code = Result.FAIL, "OTHER_PROJECT"
        said = f"{quote(email)} is an account of project {quote(project)}, not of {quote(ctx.project.project_id)}."
        severity = None if isinstance(declared.connection, GcpServiceAccountConnection) else Severity.LOW
    elif account is None:
        result, code = Result.FAIL, "ABSENT_ACCOUNT"
        said = f"{quote(email)} does not exist in project {quote(project)}."
    elif account.disabled:
        result, code, severity = Result.FAIL, "DISABLED", Severity.LOW
        said = f"{quote(email)} exists, but is disabled."
    else:
        result, code, said = Result.PASS, "EXISTS", f"{quote(email)} exists."
    return Outcome(
        subject=connection_subject(declared),
        result=result,
        message=f"{plain(declared.where)}: {said}",
        reason_code=code,
        severity=severity,
        expected=expected(ctx.baseline, "in the cluster's project", ctx.baseline.gcp.same_project),
        evidence=(place_of(declared), *((account.evidence,) if account else ())),
    )


RULE = Rule(
    id="SVC-GCP-001",
    title="Every service account that a service declares is in the cluster's project",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(SERVICE_ACCOUNTS,),
    check=check,
    remediation=Remediation(
        summary="Create the account in the project of the cluster, or correct the address.",
        cli="gcloud iam service-accounts describe EMAIL",
    ),
    references=(PORTER_WORKLOADS, PORTER_CONNECTIONS),
    claims=(84, 87, 88),
    cloud="gcp",
    services=True,
)
