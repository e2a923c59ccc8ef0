"""SVC-AWS-005: Every declared role is given to its service by a Pod Identity association.

## What it checks
Each declared role that exists: an EKS Pod Identity association gives it to a service account of a cluster, and does
not lead on to another role. One service account that bears the service's name passes.

## Why it matters
Without an association the connection does nothing. An association for another service account gives the role to other
pods than the declared ones.

## Remediation
Deploy the service, which makes Porter create the association; delete associations that nobody declared.

## Limits
How Porter names Kubernetes service accounts is not documented. Where it is the name alone that says whose account it
is, the result is for a person.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.finding import Axis, Confidence, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole, PodIdentityAssociation
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS, POD_IDENTITIES, REGIONS
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    EKS_POD_IDENTITY,
    PORTER_WORKLOADS,
    expected,
    named,
    nothing,
    per_service,
    role_subject,
    whose,
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
    items = ctx.associations(role)
    result, code, said = _answer(ctx, role, connections, items)
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=said,
        reason_code=code,
        expected=expected(ctx.baseline, "one association per service", ctx.baseline.aws.association),
        observed=ObservedValue([f"{i.cluster}: {i.namespace}/{i.service_account}" for i in items]) if items else None,
        confidence=Confidence.LIKELY if code == "AS_DOCUMENTED" else Confidence.CERTAIN,
        evidence=(role.evidence, *(i.evidence for i in items), *per_service(connections)),
    )


def _answer(
    ctx: AwsServices, role: AwsRole, connections: Sequence[Declared], items: Sequence[PodIdentityAssociation]
) -> tuple[Result, str, str]:
    name = quote(role.name)
    unread = ctx.unread_associations()
    if not items and unread:
        said = f"{count(len(unread), 'association')} could not be described, so whether one gives {name} is not known."
        return Result.INCOMPLETE, "ASSOCIATION_UNREAD", said
    if not items:
        said = f"No Pod Identity association gives {name} to a pod; it is declared by {named(connections)}."
        return Result.FAIL, "ABSENT_ASSOCIATION", said
    targets = [item.target_role_arn for item in items if item.target_role_arn]
    if targets:
        return Result.FAIL, "TARGET_ROLE", f"An association of {name} leads on to {listed(targets)}."
    accounts = [(item.namespace, item.service_account) for item in items]
    result, code, words = whose(connections, accounts)
    return result, code, f"{name}, declared by {named(connections)}: {words}."


RULE = Rule(
    id="SVC-AWS-005",
    title="Every declared role is given to its service by a Pod Identity association",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(AUTHORIZATION_DETAILS, REGIONS, CLUSTERS, POD_IDENTITIES),
    check=check,
    remediation=Remediation(
        summary="Deploy the service, which makes Porter create the association; delete what nobody declared.",
        cli="aws eks list-pod-identity-associations --cluster-name CLUSTER",
    ),
    references=(PORTER_WORKLOADS, EKS_POD_IDENTITY),
    claims=(76, 88),
    services=True,
)
