"""AWS-PERM-006: No Porter role is an administrator by policy.

## What it checks
Whether a Porter role, documented or not, has AdministratorAccess attached, or policies that together allow every
action on every resource, or every IAM action on every resource. The access engine decides the last two.

## Why it matters
An administrator needs no escalation. Accounts connected in 2023 may still hold a role with AdministratorAccess.

## Remediation
Detach the policy. Porter documents narrower policies for each of its roles.

## Limits
A permissions boundary or service control policy may still limit the role. A role that can make itself administrator
is AWS-ESC-001.

## References
- https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, ObservedValue, Outcome, Reference, Remediation, Result, Severity, Witness
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import IAM_BEST_PRACTICES, evidence_of, key_of, no_porter_role, role_subject
from scanner.rules.aws._power import ADMINISTRATOR, IAM_ADMINISTRATOR, grants_all
from scanner.rules.base import AwsContext, Rule
from scanner.rules.judge import readable_documents
from scanner.rules.words import listed, quote

_POLICY = "iam::aws:policy/AdministratorAccess"


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role."""
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
    for role in ctx.porter_roles:
        yield _judge(ctx, role)


def _judge(ctx: AwsContext, role: AwsRole) -> Outcome:
    attached = next((p.arn for p in role.policies if p.arn and p.arn.endswith(_POLICY)), None)
    unread = readable_documents(role.policies)[1]
    why, action = _administrator(ctx, role, attached)
    if why:
        result, code = Result.FAIL, "ADMINISTRATOR"
        message = f"{quote(role.name)} {why}."
    elif unread:
        result, code = Result.INCOMPLETE, "UNREAD"
        message = f"Not read: {listed(f'{name}: {reason}' for name, reason in unread)}."
    else:
        result, code, message = Result.PASS, "NOT_ADMINISTRATOR", f"{quote(role.name)} is no administrator by policy."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=key_of(ctx, role),
        observed=ObservedValue(attached) if attached else None,
        witness=Witness(role.arn, action, "*") if why else None,
        evidence=evidence_of(role),
    )


def _administrator(ctx: AwsContext, role: AwsRole, attached: str | None) -> tuple[str, str]:
    if attached:
        return f"has {quote(attached)} attached", "iam:CreateUser"
    if grants_all(ctx, role, ADMINISTRATOR):
        return "may use every action on every resource", "iam:CreateUser"
    if grants_all(ctx, role, IAM_ADMINISTRATOR):
        return "may use every IAM action on every resource, and so give itself everything else", "iam:AttachRolePolicy"
    return "", ""


RULE = Rule(
    id="AWS-PERM-006",
    title="No Porter role is an administrator by policy",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Detach the policy; Porter documents narrower policies for each role.",
        steps=("Ask Porter to move the account to its current roles.", "Detach the policy."),
        cli="aws iam detach-role-policy --role-name ROLE --policy-arn ARN",
        risk_of_change="An installation of 2023 may depend on it until Porter has moved it.",
    ),
    references=(
        Reference(
            "AWS: AdministratorAccess",
            "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html",
        ),
        IAM_BEST_PRACTICES,
    ),
    claims=(32, 33, 45),
)
