"""AWS-USER-001: Porter has no IAM user and no access key.

## What it checks
The names and tags of the account's IAM users: one that is named like Porter's or carries its tag fails, and the more
so with an active access key.

## Why it matters
Porter documents that it stores no long-lived credentials. A user with a key needs no role, no ExternalId and no
session, and works from anywhere until somebody deletes it.

## Remediation
Deactivate the key, look in CloudTrail who used it, then delete the user.

## Limits
Recognised by name and tag only. A key of another user that was given to Porter is not found. Where the keys of a user
could not be read, they are taken for active; passwords for the console are not read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Expected, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory import AwsUser
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import IAM_BEST_PRACTICES, PORTER_CONNECT, account_subject
from scanner.rules.base import AwsContext, Rule
from scanner.rules.held import held_by_user
from scanner.rules.vendor_marks import by_tag
from scanner.rules.words import count, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per user of Porter's, else one outcome for the account."""
    prefix = ctx.baseline.name_prefix.lower()
    found = [u for u in ctx.account.users if u.name.lower().startswith(prefix) or by_tag(ctx.baseline, u.tags)]
    for user in sorted(found, key=lambda u: u.arn):
        yield _judge(user, "is named like Porter's" if user.name.lower().startswith(prefix) else "carries Porter's tag")
    if found:
        return
    yield Outcome(
        subject=account_subject(ctx),
        result=Result.PASS,
        message=f"{count(len(ctx.account.users), 'IAM user')} examined: none is named like Porter's.",
        reason_code="NONE_FOUND",
        observed=ObservedValue(len(ctx.account.users)),
    )


def _judge(user: AwsUser, whose: str) -> Outcome:
    if isinstance(user.access_keys, NotObserved):
        keys, active = f"its access keys could not be read ({user.access_keys.reason})", True
    else:
        active = any(k.status == "Active" for k in user.access_keys)
        keys = f"{count(len(user.access_keys), 'access key')}, " + ("active" if active else "none active")
    return Outcome(
        subject=Subject(type="aws.iam.user", key=user.arn, name=user.name, id=user.user_id),
        result=Result.FAIL,
        message=f"The IAM user {quote(user.name)} {whose}: {keys}.",
        reason_code="USER_EXISTS",
        severity=Severity.HIGH if active else Severity.MEDIUM,
        severity_reason="a long-lived key may be in use" if active else "a user without an active key",
        expected=Expected("no IAM user, no access key"),
        observed=ObservedValue(held_by_user(user)),
        evidence=(user.evidence,),
    )


RULE = Rule(
    id="AWS-USER-001",
    title="Porter has no IAM user and no access key",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="secrets",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Deactivate the key, find out who used it, delete the user.",
        steps=("aws iam update-access-key --status Inactive", "Look up the key in CloudTrail.", "Delete the user."),
        cli="aws iam list-access-keys --user-name USER",
        risk_of_change="Whatever uses the key stops.",
    ),
    references=(PORTER_CONNECT, IAM_BEST_PRACTICES),
    claims=(5,),
)
