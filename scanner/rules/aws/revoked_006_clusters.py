"""AWS-REVOKED-006: No cluster runs as one of Porter's roles, and no pod is given one.

## What it checks
Every EKS cluster's own role, and the role of every Pod Identity association, in every region that was read.

## Why it matters
Clusters are to be deleted first: with the roles gone they cannot be managed, and cost goes on. An association keeps a
name in use: whoever makes a role of that name again gives it to the pods.

## Remediation
Delete the associations and the cluster, then the roles.

## Limits
A cluster that runs as a role of your own is taken for yours, whoever made it.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory import EksCluster, PodIdentityAssociation
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS, POD_IDENTITIES, REGIONS
from scanner.rules.aws._common import EKS_POD_IDENTITY, PORTER_CONNECT, account_subject
from scanner.rules.aws._pods import association_subject, pod, role_name
from scanner.rules.aws._revoked import is_vendor_role_arn, vendor_roles
from scanner.rules.base import AwsContext, Rule
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per cluster or association that is left or not known, else one PASS for the account."""
    vendors, found = vendor_roles(ctx), False
    for outcome in (*_clusters(ctx, vendors), *_associations(ctx, vendors)):
        found = True
        yield outcome
    if not found:
        clusters = count(len(ctx.account.clusters), "cluster")
        pods = count(len(ctx.account.pod_identities), "Pod Identity association")
        yield none_left(account_subject(ctx), f"{clusters} and {pods} read: none uses one of Porter's roles.")


def _clusters(ctx: AwsContext, vendors: Container[str]) -> Iterator[Outcome]:
    for cluster in ctx.account.clusters:
        if cluster.role_arn and is_vendor_role_arn(ctx, vendors, cluster.role_arn):
            yield _cluster(cluster)


def _cluster(cluster: EksCluster) -> Outcome:
    return left(
        Subject("aws.eks.cluster", cluster.arn, cluster.name),
        f"Cluster {quote(cluster.name)} in {cluster.region} runs as {quote(role_name(cluster.role_arn))}.",
        severity=Severity.MEDIUM,
        evidence=(cluster.evidence,),
        steps=(
            "Delete the cluster in Porter, or, if the account is no longer connected, by hand:",
            command("aws", "eks", "delete-cluster", "--name", cluster.name, "--region", cluster.region),
        ),
        summary="Delete the clusters that Porter made, before its roles.",
        region=cluster.region,
        observed=cluster.role_arn,
    )


def _associations(ctx: AwsContext, vendors: Container[str]) -> Iterator[Outcome]:
    for item in sorted(ctx.account.pod_identities, key=lambda a: (a.region, a.cluster, a.association_id)):
        arns = [arn for arn in (item.role_arn, item.target_role_arn) if isinstance(arn, str)]
        held = [role_name(arn) for arn in arns if is_vendor_role_arn(ctx, vendors, arn)]
        if held:
            yield _association(item, held)
        elif isinstance(item.role_arn, NotObserved):
            yield Outcome(
                subject=association_subject(item),
                result=Result.INCOMPLETE,
                message=f"Which role {pod(item)} has is not known: {item.role_arn.reason}.",
                reason_code="ROLE_UNREAD",
                region=item.region,
                evidence=(item.evidence,),
            )


def _association(item: PodIdentityAssociation, held: list[str]) -> Outcome:
    where = ("--cluster-name", item.cluster, "--association-id", item.association_id, "--region", item.region)
    return left(
        association_subject(item),
        f"{pod(item)} is given {listed(held)}.",
        severity=Severity.MEDIUM,
        evidence=(item.evidence,),
        steps=(command("aws", "eks", "delete-pod-identity-association", *where),),
        summary="Delete the Pod Identity associations of Porter's roles.",
        region=item.region,
        observed=held,
    )


RULE = Rule(
    id="AWS-REVOKED-006",
    title="No cluster runs as one of Porter's roles, and no pod is given one",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS, REGIONS, CLUSTERS, POD_IDENTITIES),
    check=check,
    remediation=Remediation(
        summary="Delete what Porter's roles are used by, before the roles.",
        cli="aws eks delete-cluster --name CLUSTER --region REGION",
    ),
    references=(PORTER_CONNECT, EKS_POD_IDENTITY),
    claims=(52,),
)
