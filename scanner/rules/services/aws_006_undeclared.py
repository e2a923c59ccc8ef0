"""SVC-AWS-006: Every Pod Identity association is Porter's own or declared by a service.

## What it checks
Each EKS Pod Identity association whose role is neither one of Porter's nor declared in a porter.yaml that was given.

## Why it matters
A connection that was taken out of porter.yaml, or made in the dashboard only, leaves its association behind: pods keep
a role that no file in review speaks of.

## Remediation
Give the porter.yaml that declares the role, or delete the association.

## Limits
Whether Porter made an association rests on names that are not documented, so what is not declared is for a person. Give
all porter.yaml files of the cluster; services that do not run on Porter have associations too.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import PodIdentityAssociation
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS, POD_IDENTITIES, REGIONS
from scanner.rules.base import Rule
from scanner.rules.services._common import (
    EKS_POD_IDENTITY,
    PORTER_WORKLOADS,
    association_subject,
    expected,
    scope_outcome,
)
from scanner.rules.services_context import AwsServices, role_named
from scanner.rules.words import count, listed, quote


def check(ctx: AwsServices) -> Iterator[Outcome]:
    """Yield one outcome per association that is nobody's, and one for the account where that is not all."""
    declared = {role.arn for role, _ in ctx.roles()}
    found, unread = False, []
    for item in sorted(ctx.account.pod_identities, key=lambda one: (one.region, one.cluster, one.association_id)):
        if isinstance(item.role_arn, NotObserved):
            unread.append(f"{item.namespace}/{item.service_account}")
            continue
        role = role_named(ctx.account, item.role_arn)
        if item.role_arn in declared or (role is not None and ctx.is_vendors(role)):
            continue
        found = True
        said = f"{_pod(item)} gets {quote(item.role_arn)}, which no porter.yaml that was given declares."
        yield _outcome(ctx, item, said)
    if unread:
        what = count(len(unread), "association gives", "associations give")
        said = f"Which roles {what} was not read: {listed(unread, 3)}."
        yield scope_outcome(ctx, Result.INCOMPLETE, said, "ROLE_UNREAD")
    elif not found:
        yield scope_outcome(ctx, Result.PASS, "No association stands without a declaration.", "ALL_DECLARED")


def _pod(item: PodIdentityAssociation) -> str:
    return f"{quote(f'{item.namespace}/{item.service_account}')} in cluster {quote(item.cluster)}"


def _outcome(ctx: AwsServices, item: PodIdentityAssociation, said: str) -> Outcome:
    return Outcome(
        subject=association_subject(item),
        result=Result.MANUAL,
        message=said,
        reason_code="NOT_DECLARED",
        region=item.region,
        expected=expected(ctx.baseline, "associations of declared services", ctx.baseline.aws.association),
        observed=ObservedValue({"role": item.role_arn if isinstance(item.role_arn, str) else None}),
        evidence=(item.evidence,),
    )


RULE = Rule(
    id="SVC-AWS-006",
    title="Every Pod Identity association is Porter's own or declared by a service",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="workload-identity",
    requires=(AUTHORIZATION_DETAILS, REGIONS, CLUSTERS, POD_IDENTITIES),
    check=check,
    remediation=Remediation(
        summary="Give the porter.yaml that declares the role, or delete the association.",
        cli="aws eks delete-pod-identity-association --cluster-name CLUSTER --association-id ID",
        risk_of_change="Pods of the service account lose the role at their next start.",
    ),
    references=(PORTER_WORKLOADS, EKS_POD_IDENTITY),
    claims=(88,),
    services=True,
)
