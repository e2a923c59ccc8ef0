"""What the rules about CloudTrail's events share."""

from __future__ import annotations

from scanner.model.inventory import AwsActivity, AwsEvent, AwsRole


def about(role: AwsRole, activity: AwsActivity) -> tuple[AwsEvent, ...]:
    """Return the events about a role: STS names its ARN, IAM its name (whose letter case does not count)."""
    names = {role.arn.casefold(), role.name.casefold()}
    return tuple(event for event in activity.events if event.role.casefold() in names)


def caller(event: AwsEvent) -> str:
    """Return who an event was by, as far as it says: an ARN, else a service, else an account."""
    return event.identity_arn or event.invoked_by or event.identity_account or "somebody who is not named"


def span(activity: AwsActivity) -> str:
    """Return the time that was looked at."""
    if activity.since is None or activity.until is None:
        return "the events given"
    return f"{activity.since:%Y-%m-%d} to {activity.until:%Y-%m-%d}"
