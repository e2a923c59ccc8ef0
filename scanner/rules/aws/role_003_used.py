"""AWS-ROLE-003: Porter roles are in use.

## What it checks
When IAM last saw each Porter role being used, against the number of days the operator allows (90 unless set).
A role younger than that passes.

## Why it matters
Access that nobody uses is risk without benefit. After an off-boarding it is the rest that was forgotten.

## Remediation
Find out whether the role is still needed. Delete it with what belongs to it if it is not.

## Limits
IAM reports use for 400 days back and may lag by hours. Use by a service that IAM does not count is not seen.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.model.snapshot import SourceKind
from scanner.rules.aws._common import IAM_LAST_USED, key_of, no_porter_role, not_applicable, role_subject
from scanner.rules.base import AwsContext, Rule


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role."""
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
        return
    if ctx.inventory.source is SourceKind.TEMPLATE:
        yield not_applicable(ctx, "Roles of a template do not exist yet.", "PLANNED")
        return
    for role in ctx.porter_roles:
        yield _judge(ctx, role)


def _judge(ctx: AwsContext, role: AwsRole) -> Outcome:
    limit_days = ctx.settings.unused_after_days
    oldest = ctx.as_of - timedelta(days=limit_days)
    if role.last_used_at is not None and role.last_used_at >= oldest:
        result, code = Result.PASS, "USED"
        message = f"Last used on {role.last_used_at:%Y-%m-%d}."
    elif role.last_used_at is not None:
        result, code = Result.FAIL, "UNUSED"
        message = f"Last used on {role.last_used_at:%Y-%m-%d}, more than {limit_days} days ago."
    elif role.created_at is None:
        result, code = Result.INCOMPLETE, "AGE_UNKNOWN"
        message = "No use is reported and the role's age is not known."
    elif role.created_at >= oldest:
        result, code = Result.PASS, "NEW"
        message = f"Not used yet; created on {role.created_at:%Y-%m-%d}, less than {limit_days} days ago."
    else:
        result, code = Result.FAIL, "NEVER_USED"
        message = f"No use is reported since {role.created_at:%Y-%m-%d} (IAM looks back 400 days)."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=key_of(ctx, role),
        observed=ObservedValue(role.last_used_at.isoformat() if role.last_used_at else None, "RoleLastUsed"),
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="AWS-ROLE-003",
    title="Porter roles are in use",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="stale",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Find out whether the role is still needed; delete it if not.",
        steps=("Ask Porter whether an installation still uses the role.", "Delete the role."),
        cli="aws iam get-role --role-name ROLE --query Role.RoleLastUsed",
        risk_of_change="A role used less often than the limit would be missed when it is needed.",
    ),
    references=(IAM_LAST_USED,),
    claims=(52,),
)
