"""SVC-AWS-004: No IRSA statement is left in the trust of a service's role.

## What it checks
The trust policy of each declared role: no statement that admits tokens of one of the account's EKS clusters, as IAM
roles for service accounts (IRSA) write them.

## Why it matters
The page's summary speaks of IRSA, its body documents Pod Identity only. A statement that is left over is a second way
to the role, with conditions of its own, that nobody looks at once Pod Identity works.

## Remediation
Remove the statement once no pod uses it.

## Limits
Issuers of other clusters, and statements that do not name the service accounts they admit, are judged by SVC-AWS-003.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS, REGIONS
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    EKS_POD_ROLE,
    PORTER_WORKLOADS,
    expected,
    nothing,
    per_service,
    role_subject,
)
from scanner.rules.services._trust import irsa_of
from scanner.rules.services_context import AwsServices, Declared
from scanner.rules.words import listed, quote


def check(ctx: AwsServices) -> Iterator[Outcome]:
    """Yield one outcome per declared role that exists."""
    found = False
    for role, connections in ctx.roles():
        found = True
        yield _judge(ctx, role, connections)
    if not found:
        yield nothing(ctx, "No declared IAM role exists in this account.")


def _judge(ctx: AwsServices, role: AwsRole, connections: Sequence[Declared]) -> Outcome:
    issuers: tuple[str, ...] = ()
    result, code, said = Result.PASS, "NONE", f"The trust of {quote(role.name)} holds no IRSA statement."
    if isinstance(role.trust, NotObserved):
        result, code, said = Result.INCOMPLETE, "TRUST_UNREAD", f"Trust not read: {role.trust.reason}."
    elif issuers := irsa_of(role.trust.value, ctx.account).known:
        result, code = Result.FAIL, "IRSA_LEFT"
        said = f"{quote(role.name)} still admits tokens of {listed(issuers)} beside Pod Identity."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=said,
        reason_code=code,
        expected=expected(ctx.baseline, "Pod Identity only", ctx.baseline.aws.source),
        observed=ObservedValue(list(issuers)) if issuers else None,
        evidence=(role.evidence, *per_service(connections)),
    )


RULE = Rule(
    id="SVC-AWS-004",
    title="No IRSA statement is left in the trust of a service's role",
    severity=Severity.INFO,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(AUTHORIZATION_DETAILS, REGIONS, CLUSTERS),
    check=check,
    remediation=Remediation(
        summary="Remove the statement once no pod uses it.",
        risk_of_change="Pods that still use the old way lose the role.",
    ),
    references=(PORTER_WORKLOADS, EKS_POD_ROLE),
    claims=(75,),
    services=True,
)
