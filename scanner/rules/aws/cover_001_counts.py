"""AWS-COVER-001: The account's own counts agree with what was read.

## What it checks
The number of roles, users and groups in the authorization details against the account's own summary, which AWS counts
apart from any list.

## Why it matters
A page that got lost on the way looks like an account with fewer roles. Every other rule would then be silent about
what it never saw.

## Remediation
Run the scan again. If the counts still differ, something creates or deletes identities while the scan reads.

## Limits
AWS documents what it counts for these three only. Two mistakes that cancel each other out are not seen.

## References
- https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Expected, ObservedValue, Outcome, Reference, Remediation, Result, Severity
from scanner.model.kinds import ACCOUNT_SUMMARY, AUTHORIZATION_DETAILS
from scanner.rules.aws._common import account_subject
from scanner.rules.base import AwsContext, Rule

_SUMMARY = Reference(
    "AWS: GetAccountSummary", "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html"
)


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome for the account."""
    reported = dict(ctx.account.summary)
    counted = {
        "Roles": len(ctx.account.roles),
        "Users": len(ctx.account.users),
        "Groups": len(ctx.account.groups),
    }
    unknown = sorted(name for name in counted if name not in reported)
    different = sorted(name for name, number in counted.items() if reported.get(name, number) != number)
    result, code = Result.PASS, "COUNTS_AGREE"
    message = "Roles, users and groups read are as many as the account's own summary says."
    if different:
        result, code = Result.INCOMPLETE, "COUNTS_DIFFER"
        pairs = (f"{name.lower()}: {counted[name]} read, {reported[name]} in the summary" for name in different)
        message = f"Something was not read, or changed meanwhile: {'; '.join(pairs)}."
    elif unknown:
        result, code = Result.INCOMPLETE, "COUNT_UNKNOWN"
        message = f"The account's summary does not say how many {', '.join(unknown).lower()} there are."
    yield Outcome(
        subject=account_subject(ctx),
        result=result,
        message=message,
        reason_code=code,
        expected=Expected({name: reported.get(name) for name in counted}, "iam:GetAccountSummary"),
        observed=ObservedValue(counted),
    )


RULE = Rule(
    id="AWS-COVER-001",
    title="The account's own counts agree with what was read",
    severity=Severity.HIGH,
    axis=Axis.COVERAGE,
    family="completeness",
    requires=(AUTHORIZATION_DETAILS, ACCOUNT_SUMMARY),
    check=check,
    remediation=Remediation(
        summary="Run the scan again while nobody changes identities.",
        cli="aws iam get-account-summary",
    ),
    references=(_SUMMARY,),
)
