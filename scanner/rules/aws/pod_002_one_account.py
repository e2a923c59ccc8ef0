"""AWS-POD-002: Each Porter role for pods serves one service account.

## What it checks
How many service accounts of one cluster are associated with each live role documented for pods, and whether each per-
bucket role has an association at all.

## Why it matters
The page says that these roles are reached by one add-on each, and that the association is what ties a bucket's role
to its bucket. A second service account shares the access; a bucket role nobody uses was forgotten.

## Remediation
Delete the association that is not Porter's. Delete a bucket role whose bucket is gone.

## Limits
The same service account in several clusters counts as one. A role without association is only judged where the page
makes one per bucket: other add-ons may not be installed.

## References
- https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records import DocumentedRole
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole, PodIdentityAssociation
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS, POD_IDENTITIES, REGIONS
from scanner.rules.aws._common import (
    EKS_POD_IDENTITY,
    PORTER_PERMISSIONS,
    documented_roles,
    not_applicable,
    role_subject,
)
from scanner.rules.aws._pods import is_pod_role
from scanner.rules.base import AwsContext, Rule
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per live role documented for pods."""
    found = False
    for role, page in documented_roles(ctx):
        if is_pod_role(page):
            found = True
            yield _judge(ctx, role, page)
    if not found:
        yield not_applicable(ctx, "No role documented for pods exists in this account.")


def _judge(ctx: AwsContext, role: AwsRole, page: DocumentedRole) -> Outcome:
    mine = [a for a in ctx.account.pod_identities if a.role_arn == role.arn]
    unread = [a for a in ctx.account.pod_identities if isinstance(a.role_arn, NotObserved)]
    result, code, message, severity = _decide(role, page, mine, unread, every_region=not ctx.account.regions_named)
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        severity=severity,
        porter_role=page.key,
        observed=ObservedValue(sorted(f"{a.cluster}: {a.namespace}/{a.service_account}" for a in mine)),
        evidence=(role.evidence, *(a.evidence for a in mine)),
    )


def _decide(
    role: AwsRole,
    page: DocumentedRole,
    mine: list[PodIdentityAssociation],
    unread: list[PodIdentityAssociation],
    *,
    every_region: bool,
) -> tuple[Result, str, str, Severity | None]:
    name = quote(role.name)
    crowded = _crowded(mine)
    if crowded:
        return (
            Result.FAIL,
            "SEVERAL_SERVICE_ACCOUNTS",
            f"{name} serves several service accounts: {listed(crowded)}.",
            None,
        )
    if unread:
        words = f"{count(len(unread), 'association')} of this account did not show its role; one may be {name}'s."
        return Result.INCOMPLETE, "ROLE_UNREAD", words, None
    if mine:
        accounts = sorted({f"{a.namespace}/{a.service_account}" for a in mine})
        return Result.PASS, "ONE_SERVICE_ACCOUNT", f"{name} serves {listed(accounts)}, one per cluster.", None
    if "*" in page.name_pattern and every_region:
        words = f"{name} has no association: a bucket role that no pod uses."
        return Result.FAIL, "ABSENT_ASSOCIATION", words, Severity.LOW
    return Result.NOT_APPLICABLE, "NOT_ASSOCIATED", f"{name} has no association; nothing to count.", None


def _crowded(mine: list[PodIdentityAssociation]) -> list[str]:
    """Return the service accounts of clusters in which more than one has the role."""
    by_cluster: dict[tuple[str, str], set[str]] = {}
    for item in mine:
        by_cluster.setdefault((item.region, item.cluster), set()).add(f"{item.namespace}/{item.service_account}")
    return sorted({name for names in by_cluster.values() if len(names) > 1 for name in names})


RULE = Rule(
    id="AWS-POD-002",
    title="Each Porter role for pods serves one service account",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS, REGIONS, CLUSTERS, POD_IDENTITIES),
    check=check,
    remediation=Remediation(
        summary="Delete the association that is not Porter's, or the role whose bucket is gone.",
        cli="aws eks list-pod-identity-associations --cluster-name CLUSTER",
        risk_of_change="Pods of the service account lose the role at their next start.",
    ),
    references=(EKS_POD_IDENTITY, PORTER_PERMISSIONS),
    claims=(19, 20),
)
