"""AWS-REVOKED-008: No IAM user of Porter's is left.

## What it checks
IAM users that carry Porter's tag, which fail, and users whose names begin like Porter's, which a person must judge.
Their access keys are counted.

## Why it matters
Porter's documents say that it has no long-lived keys. A user with a key that was made for it works until somebody
deletes it, whatever becomes of the roles.

## Remediation
Find out who uses the keys. Delete keys and user, with the commands of the finding.

## Limits
A user of another name whose key was given to Porter cannot be told from any other.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Outcome, Remediation, Severity, Subject
from scanner.model.inventory import AwsUser
from scanner.model.kinds import ACCESS_KEYS, AUTHORIZATION_DETAILS
from scanner.rules.aws._common import IAM_BEST_PRACTICES, PORTER_CONNECT, account_subject
from scanner.rules.aws._revoked import looks_like_vendor
from scanner.rules.base import AwsContext, Rule
from scanner.rules.revoked import command, left, look_alike, none_left
from scanner.rules.vendor_marks import by_tag
from scanner.rules.words import count, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per user that is or looks like Porter's, else one PASS for the account."""
    found = False
    for user in sorted(ctx.account.users, key=lambda u: u.arn):
        tagged = by_tag(ctx.baseline, user.tags)
        if tagged or looks_like_vendor(ctx, user.name):
            found = True
            yield _judge(user, tagged)
    if not found:
        read = count(len(ctx.account.users), "IAM user")
        yield none_left(account_subject(ctx), f"{read} read: none carries Porter's tag or is named like Porter's.")


def _judge(user: AwsUser, tagged: str | None) -> Outcome:
    subject = Subject("aws.iam.user", user.arn, user.name, user.user_id)
    keys, severity = _keys(user)
    if tagged is None:
        words = f"The IAM user {quote(user.name)} is named like Porter's ({keys}). See whose it is."
        return look_alike(subject, words, evidence=(user.evidence,), severity=severity)
    return left(
        subject,
        f"The IAM user {quote(user.name)} is left: {tagged} ({keys}).",
        severity=severity,
        evidence=(user.evidence,),
        steps=(
            command("aws", "iam", "list-access-keys", "--user-name", user.name),
            "Delete each key, take the user out of its groups, and detach its policies.",
            command("aws", "iam", "delete-user", "--user-name", user.name),
        ),
        summary="Delete the IAM users of Porter's.",
    )


def _keys(user: AwsUser) -> tuple[str, Severity]:
    if isinstance(user.access_keys, NotObserved):
        return f"access keys not read: {user.access_keys.reason}", Severity.HIGH
    active = sum(key.status == "Active" for key in user.access_keys)
    words = f"{count(len(user.access_keys), 'access key')}, {active} active"
    return words, Severity.HIGH if active else Severity.MEDIUM


RULE = Rule(
    id="AWS-REVOKED-008",
    title="No IAM user of Porter's is left",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS, ACCESS_KEYS),
    check=check,
    remediation=Remediation(
        summary="Delete the IAM users of Porter's.",
        cli="aws iam delete-user --user-name NAME",
    ),
    references=(PORTER_CONNECT, IAM_BEST_PRACTICES),
    claims=(5, 52),
)
