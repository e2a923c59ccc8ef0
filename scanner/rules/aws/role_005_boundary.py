"""AWS-ROLE-005: Permissions boundaries on Porter roles are kept.

## What it checks
Whether each Porter role has a permissions boundary, and whether one it had in the previous run is still there. Porter
documents none, so a boundary is better than documented.

## Why it matters
A boundary is the one limit a customer can put on a role whose policies the vendor writes. Roles that may call
iam:PutRolePermissionsBoundary can take it away again, so its loss must be noticed.

## Remediation
Put the boundary back, and protect it by a service control policy or by a deny for Porter's roles.

## Limits
Without a previous run a lost boundary cannot be seen. Of what a boundary still allows only one thing is judged: whether
that is everything.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import NamedDocument
from scanner.model.common import NotObserved, Observed
from scanner.model.finding import Axis, Expected, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import IAM_BOUNDARIES, key_of, no_porter_role, role_subject
from scanner.rules.aws._power import allows_all
from scanner.rules.base import AwsContext, Rule
from scanner.rules.words import quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role."""
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
    before = dict(ctx.settings.previous_boundaries)
    for role in ctx.porter_roles:
        result, code, message = _judge(ctx, role, before.get(role.arn), ctx.settings.has_previous)
        yield Outcome(
            subject=role_subject(role),
            result=result,
            message=message,
            reason_code=code,
            porter_role=key_of(ctx, role),
            expected=Expected(before[role.arn], "previous run") if role.arn in before else None,
            observed=ObservedValue(role.boundary_arn, "PermissionsBoundary"),
            evidence=(role.evidence,),
        )


def _judge(ctx: AwsContext, role: AwsRole, before: str | None, has_previous: bool) -> tuple[Result, str, str]:
    now = role.boundary_arn
    if before is not None and now is None:
        return Result.FAIL, "BOUNDARY_LOST", f"The boundary {quote(before)} of the previous run is gone."
    if before is not None and now is not None and now != before:
        return Result.FAIL, "BOUNDARY_CHANGED", f"The boundary {quote(before)} was replaced by {quote(now)}."
    if now is None:
        since = "in the previous run either" if has_previous else "and there is no previous run to compare with"
        return Result.NOT_APPLICABLE, "NO_BOUNDARY", f"No boundary is documented, none is set, {since}."
    if isinstance(role.boundary, NotObserved):
        reason = role.boundary.reason
        return Result.INCOMPLETE, "BOUNDARY_UNREAD", f"The boundary {quote(now)} is set but was not read: {reason}."
    if isinstance(role.boundary, Observed) and allows_all(ctx, [NamedDocument(now, role.boundary.value)]):
        return Result.NOT_APPLICABLE, "NO_LIMIT", f"The boundary {quote(now)} is set and limits nothing: it allows all."
    return Result.PASS, "BOUNDARY", f"Better than documented: the boundary {quote(now)} limits the role."


RULE = Rule(
    id="AWS-ROLE-005",
    title="Permissions boundaries on Porter roles are kept",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="drift",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Put the boundary back and protect it by a service control policy.",
        cli="aws iam put-role-permissions-boundary --role-name ROLE --permissions-boundary ARN",
        risk_of_change="A boundary that is too narrow stops what Porter does.",
    ),
    references=(IAM_BOUNDARIES,),
    claims=(49,),
)
