"""AWS-TRUST-003: Every role open to another account requires an ExternalId.

## What it checks
Each Porter role that a principal outside the account may assume: may it do so without any ExternalId? Documented
exceptions fail here too, and are named as such: they are documented risks.

## Why it matters
Porter acts for many customers with one role. Without an ExternalId, whoever can make Porter's platform act for the
wrong project reaches this account (the confused deputy).

## Remediation
Ask Porter when these roles will use an ExternalId. Until then limit who may assume them by aws:PrincipalArn
conditions and alarms on AssumeRole in CloudTrail.

## Limits
The page says that the controller that assumes these roles cannot send an ExternalId; adding one by hand would lock
Porter out.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_CONFUSED_DEPUTY,
    IAM_EXTERNAL_ID,
    expectation,
    not_applicable,
    role_subject,
    source_text,
    undecided_outcome,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import witness_of
from scanner.rules.questions import IMPOSSIBLE, POSSIBLE, UNDECIDED, any_outside
from scanner.rules.words import quote

_NO_EXTERNAL_ID = {"Null": {"sts:ExternalId": "true"}}


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role that a principal outside the account may assume."""
    found = False
    for role in ctx.porter_roles:
        outside = any_outside(role, ctx.account, ctx.catalogue)
        if outside.outcome != IMPOSSIBLE:
            found = True
            yield _judge(ctx, role)
    if not found:
        yield not_applicable(ctx, "No Porter role can be assumed from outside the account.")


def _judge(ctx: AwsContext, role: AwsRole) -> Outcome:
    page = ctx.documented(role)
    key = page.key if page else None
    answer = any_outside(role, ctx.account, ctx.catalogue, conditions=_NO_EXTERNAL_ID)
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), "Whether an ExternalId is needed", answer, porter_role=key)
    expected = None
    if answer.outcome != POSSIBLE:
        result, code = Result.PASS, "REQUIRED"
        message = f"{quote(role.name)} cannot be assumed from outside without an ExternalId."
    else:
        result, code = Result.FAIL, "NO_EXTERNAL_ID"
        message = f"{quote(role.name)} can be assumed from outside without an ExternalId."
        if page is not None and page.trust.external_id == "none-documented":
            source = page.trust.external_id_source or page.source
            code = "DOCUMENTED_RISK"
            message += f" The document says so ({source_text(source)}): {page.trust.external_id_reason}"
            expected = expectation(ctx, "no ExternalId", source)
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=key,
        expected=expected,
        witness=witness_of(answer.witness),
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="AWS-TRUST-003",
    title="Every role open to another account requires an ExternalId",
    severity=Severity.HIGH,
    axis=Axis.POSTURE,
    family="external-id",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter for an ExternalId on these roles; watch their AssumeRole events until then.",
        owner="porter",
        risk_of_change="Adding the condition without Porter locks its controllers out.",
    ),
    references=(IAM_EXTERNAL_ID, IAM_CONFUSED_DEPUTY),
    claims=(7, 9),
)
