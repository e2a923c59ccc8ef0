"""AWS-ACT-002: Nobody changed Porter's roles in the days that were looked at.

## What it checks
Every IAM call in CloudTrail's event history that wrote to a Porter role: policies put, attached, detached or deleted,
the trust policy, the permissions boundary, the role itself; with who made it and when.

## Why it matters
A nightly comparison shows what a role is like at night. A change that was made in the morning and taken back in the
evening is only seen here.

## Remediation
Hold each change against a change record: your stack's update, Porter's own upkeep of the roles it creates, or neither.

## Limits
CloudTrail's event history holds 90 days. A change to a managed policy that is attached to a Porter role is found under
the policy, not under the role, and is not listed here; the comparison of permissions sees its effect.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, ObservedValue, Outcome, Reference, Remediation, Result, Severity
from scanner.model.inventory import AwsActivity, AwsEvent, AwsRole
from scanner.model.kinds import ACTIVITY, AUTHORIZATION_DETAILS
from scanner.rules.aws._activity import about, caller, span
from scanner.rules.aws._common import PORTER_PERMISSIONS, key_of, no_porter_role, role_subject
from scanner.rules.base import AwsContext, Rule
from scanner.rules.words import count, quote

_READS = ("Get", "List", "Generate", "Simulate")
_SHOWN = 5


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role."""
    activity = ctx.account.activity or AwsActivity((), None, None)
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
    for role in ctx.porter_roles:
        yield _judge(ctx, role, activity)


def _judge(ctx: AwsContext, role: AwsRole, activity: AwsActivity) -> Outcome:
    changes = [e for e in about(role, activity) if _is_change(e)]
    if changes:
        result, code = Result.MANUAL, "CHANGED"
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        told = "; ".join(_told(event) for event in changes[:_SHOWN])
        message = f"{count(len(changes), 'change')} in {span(activity)} to hold against change records: {told}{more}."
    elif activity.unreadable:
        result, code = Result.INCOMPLETE, "EVENTS_UNREAD"
        message = f"{count(activity.unreadable, 'event')} of {span(activity)} could not be read."
    else:
        result, code, message = Result.PASS, "UNCHANGED", f"No change in {span(activity)}."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=key_of(ctx, role),
        observed=ObservedValue([_row(e) for e in changes], "CloudTrail event history") if changes else None,
        evidence=tuple(e.evidence for e in changes[:20]) or (role.evidence,),
    )


def _is_change(event: AwsEvent) -> bool:
    return event.source == "iam.amazonaws.com" and not event.error_code and not event.name.startswith(_READS)


def _told(event: AwsEvent) -> str:
    return f"{quote(event.name)} by {quote(caller(event))} at {event.time:%Y-%m-%d %H:%M} UTC"


def _row(event: AwsEvent) -> dict[str, str]:
    row = {"event": event.name, "by": caller(event), "at": event.time.isoformat(), "id": event.event_id}
    return row | ({"policy": event.policy} if event.policy else {})


RULE = Rule(
    id="AWS-ACT-002",
    title="Nobody changed Porter's roles in the days that were looked at",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="activity",
    requires=(AUTHORIZATION_DETAILS, ACTIVITY),
    check=check,
    remediation=Remediation(
        summary="Hold each change against a change record.",
        cli="aws cloudtrail lookup-events --lookup-attributes AttributeKey=ResourceName,AttributeValue=ROLE",
        owner="customer",
    ),
    references=(
        PORTER_PERMISSIONS,
        Reference(
            "AWS: logging IAM and STS with CloudTrail",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html",
        ),
    ),
    claims=(6,),
)
