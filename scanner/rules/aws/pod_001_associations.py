"""AWS-POD-001: Pods are given only the Porter roles documented for pods.

## What it checks
Each EKS Pod Identity association that refers to a Porter role: the role must be documented as one for pods, which
excludes the roles that are open to another account, and the association must not lead on to a target role. A service
account that is named like Porter's, or lives in its agent's namespace, must not get a role that is not Porter's.

## Why it matters
The IAM policies do not show which pod gets a role; the association does. porter-access-manager and porter-infra-
manager trust Pod Identity, so one association makes any pod their holder.

## Remediation
Delete the association. Ask Porter which service account needs which role.

## Limits
Which namespaces and service accounts Porter's add-ons use is not published: other names are shown and not judged.
Roles that a service account gets through the cluster's OpenID Connect provider are seen in the roles' trust policies
(AWS-ROLE-001).

## References
- https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import JsonObject, NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import PodIdentityAssociation
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS, POD_IDENTITIES, REGIONS
from scanner.rules.aws._common import EKS_POD_IDENTITY, PORTER_PERMISSIONS, expectation, not_applicable
from scanner.rules.aws._pods import (
    association_subject,
    concerns_porter,
    is_pod_role,
    pod,
    porter_associations,
    porter_role_of,
    role_name,
)
from scanner.rules.aws._power import ADMINISTRATOR, IAM_ADMINISTRATOR, grants_all
from scanner.rules.base import AwsContext, Rule
from scanner.rules.held import held_by_role
from scanner.rules.questions import account_of
from scanner.rules.words import quote

_Verdict = tuple[Result, str, str, Severity | None]


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per association that concerns Porter."""
    found = False
    for item in porter_associations(ctx):
        found = True
        result, code, message, severity = _judge(ctx, item)
        yield Outcome(
            subject=association_subject(item),
            result=result,
            message=message,
            reason_code=code,
            severity=severity,
            region=item.region,
            porter_role=_key(ctx, item),
            expected=expectation(ctx, sorted(p.name_pattern for p in ctx.baseline.roles if is_pod_role(p))),
            observed=ObservedValue(_seen(ctx, item, code)),
            evidence=(item.evidence,),
        )
    if not found:
        yield not_applicable(ctx, "No Pod Identity association refers to a Porter role.")


def _seen(ctx: AwsContext, item: PodIdentityAssociation, code: str) -> JsonObject:
    arn = item.role_arn if isinstance(item.role_arn, str) else None
    other = next((r for r in ctx.account.roles if r.arn == arn), None) if code == "OTHER_ROLE" else None
    return {"role": arn, "target": item.target_role_arn, **({"held": held_by_role(other)} if other else {})}


def _key(ctx: AwsContext, item: PodIdentityAssociation) -> str | None:
    role = porter_role_of(ctx, item.role_arn) if isinstance(item.role_arn, str) else None
    page = ctx.documented(role) if role else None
    return page.key if page else None


def _judge(ctx: AwsContext, item: PodIdentityAssociation) -> _Verdict:
    if isinstance(item.role_arn, NotObserved):
        return (
            Result.INCOMPLETE,
            "ROLE_UNREAD",
            f"Which role {pod(item)} gets was not read: {item.role_arn.reason}.",
            None,
        )
    if item.target_role_arn is not None:
        return _target(ctx, item, item.target_role_arn)
    if not concerns_porter(ctx, item.role_arn):
        return _other_role(ctx, item, item.role_arn)
    role = porter_role_of(ctx, item.role_arn)
    name = quote(role_name(item.role_arn))
    if role is None:
        words = f"{pod(item)} is given {name}, which does not exist."
        return Result.FAIL, "ABSENT_ROLE", words, Severity.LOW
    page = ctx.documented(role)
    if page is None:
        return (
            Result.FAIL,
            "ROLE_NOT_DOCUMENTED",
            f"{pod(item)} is given {name}, which is not documented.",
            Severity.MEDIUM,
        )
    if not is_pod_role(page):
        severity = Severity.CRITICAL if page.assumable_from_outside else Severity.HIGH
        return (
            Result.FAIL,
            "NOT_A_POD_ROLE",
            f"{pod(item)} is given {name}, which is not documented for pods.",
            severity,
        )
    return Result.PASS, "AS_DOCUMENTED", f"{pod(item)} is given {name}, a role documented for pods.", None


def _other_role(ctx: AwsContext, item: PodIdentityAssociation, arn: str) -> _Verdict:
    """Judge a pod that is Porter's by its own name and gets a role that is not."""
    role = next((r for r in ctx.account.roles if r.arn == arn), None)
    powerful = role is not None and (grants_all(ctx, role, ADMINISTRATOR) or grants_all(ctx, role, IAM_ADMINISTRATOR))
    words = f"{pod(item)} is named like Porter's and is given {quote(role_name(arn))}, which is not Porter's."
    return Result.FAIL, "OTHER_ROLE", words, Severity.CRITICAL if powerful else Severity.MEDIUM


def _target(ctx: AwsContext, item: PodIdentityAssociation, target: str) -> _Verdict:
    where = "another account" if account_of(target) != ctx.account.account_id else "this account"
    words = f"{pod(item)} is led on to {quote(target)} in {where}; no target role is documented."
    return Result.FAIL, "TARGET_ROLE", words, Severity.HIGH


RULE = Rule(
    id="AWS-POD-001",
    title="Pods are given only the Porter roles documented for pods",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS, REGIONS, CLUSTERS, POD_IDENTITIES),
    check=check,
    remediation=Remediation(
        summary="Delete the association; ask Porter which service account needs which role.",
        cli="aws eks delete-pod-identity-association --cluster-name CLUSTER --association-id ID",
        risk_of_change="Pods of the service account lose the role at their next start.",
    ),
    references=(EKS_POD_IDENTITY, PORTER_PERMISSIONS),
    claims=(12, 13, 14, 15, 19),
)
