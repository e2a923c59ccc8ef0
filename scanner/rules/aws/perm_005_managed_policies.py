"""AWS-PERM-005: Only the documented AWS-managed policies are attached to Porter roles.

## What it checks
The AWS-managed policies attached to each documented role, by ARN, against those the document names for it. AWS may
change the content of its policies at any time; a documented one whose content differs from the page passes with a
note.

## Why it matters
An AWS-managed policy is attached in one call and often grants far more than its name says.

## Remediation
Detach the policy, or ask Porter to document it.

## Limits
A customer's copy of an AWS-managed policy is an ordinary policy and judged by AWS-PERM-001.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_MANAGED,
    PORTER_PERMISSIONS,
    documented_roles,
    evidence_of,
    expectation,
    not_applicable,
    role_subject,
)
from scanner.rules.aws._power import ADMINISTRATOR, IAM_ADMINISTRATOR, grants_all
from scanner.rules.base import AwsContext, Rule
from scanner.rules.judge import RoleJudgement, in_partition
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role that exists."""
    found = False
    for role, _ in documented_roles(ctx):
        found = True
        yield _judge(ctx, role, ctx.judge(role))
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def _judge(ctx: AwsContext, role: AwsRole, judged: RoleJudgement) -> Outcome:
    page = judged.documented
    named = sorted(in_partition(ref.arn, ctx.account.partition) for ref in page.managed_policies)
    attached = sorted(p.arn or p.name for p in role.policies if p.origin == "aws-managed")
    beyond = [arn for arn in attached if arn not in named]
    severity, why = _severity(ctx, role) if beyond else (Severity.HIGH, "")
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL if beyond else Result.PASS,
        message=_beyond(role, beyond) if beyond else _as_documented(judged, attached, named),
        reason_code="NOT_DOCUMENTED" if beyond else "AS_DOCUMENTED",
        severity=severity,
        severity_reason=why,
        porter_role=page.key,
        expected=expectation(ctx, named, page.source),
        observed=ObservedValue(attached, "attached AWS-managed policies"),
        evidence=evidence_of(role),
    )


def _beyond(role: AwsRole, beyond: list[str]) -> str:
    return f"{quote(role.name)} has {listed(beyond)} attached; the document does not name it for this role."


def _as_documented(judged: RoleJudgement, attached: list[str], named: list[str]) -> str:
    if not attached and not named:
        return "No AWS-managed policy is documented and none is attached."
    missing = [arn for arn in named if arn not in attached]
    text = f"{count(len(attached), 'AWS-managed policy', 'AWS-managed policies')} attached, all documented."
    if missing:
        text += f" Not attached although documented: {listed(missing)}."
    if judged.aws_managed_changed:
        text += f" AWS changed its policy since: {'; '.join(judged.aws_managed_changed[:3])}."
    return text


def _severity(ctx: AwsContext, role: AwsRole) -> tuple[Severity, str]:
    if grants_all(ctx, role, ADMINISTRATOR):
        return Severity.CRITICAL, "the role is an administrator"
    if grants_all(ctx, role, IAM_ADMINISTRATOR):
        return Severity.CRITICAL, "the role may use every IAM action"
    return Severity.HIGH, "an undocumented policy of AWS"


RULE = Rule(
    id="AWS-PERM-005",
    title="Only the documented AWS-managed policies are attached to Porter roles",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Detach the policy, or have Porter document it.",
        cli="aws iam detach-role-policy --role-name ROLE --policy-arn ARN",
        risk_of_change="What depends on the policy stops.",
    ),
    references=(PORTER_PERMISSIONS, IAM_MANAGED),
    claims=(32, 33),
)
