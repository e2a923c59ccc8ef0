"""AWS-TRUST-006: Only the roles documented as assumable from outside can be assumed from outside.

## What it checks
For each Porter role the engine is asked whether a principal of another account may assume it. The document names the
roles for which that is so; any other fails. A role that is not documented counts where it admits one of Porter's
accounts.

## Why it matters
The number of doors into the account is the first thing a reviewer asks, and the page gives a number.

## Remediation
Take the foreign principal out of the trust policy.

## Limits
Trust policies only. A role reached by chaining through another Porter role is AWS-ESC-001. Resource policies that
admit Porter's accounts (buckets, keys, queues) are not read.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import Observed
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_EXTERNAL_ID,
    PORTER_PERMISSIONS,
    expectation,
    no_porter_role,
    role_subject,
    undecided_outcome,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import witness_of
from scanner.rules.questions import POSSIBLE, UNDECIDED, any_outside, external_principals, vendor_answer
from scanner.rules.words import listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role."""
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
    for role in ctx.porter_roles:
        yield _judge(ctx, role)


def _judge(ctx: AwsContext, role: AwsRole) -> Outcome:
    page = ctx.documented(role)
    key = page.key if page else None
    if page is None:
        answer = vendor_answer(role, ctx.baseline, ctx.account, ctx.catalogue)
    else:
        answer = any_outside(role, ctx.account, ctx.catalogue)
    allowed = page is not None and page.assumable_from_outside
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), "Whether it can be assumed from outside", answer, porter_role=key)
    if answer.outcome == POSSIBLE and not allowed:
        result, code = Result.FAIL, "NOT_DOCUMENTED_OUTSIDE"
        message = f"{quote(role.name)} can be assumed from outside ({_who(ctx, role)}); the document does not say so."
    elif answer.outcome == POSSIBLE:
        result, code, message = Result.PASS, "DOCUMENTED", f"{quote(role.name)} is open to outside, as documented."
    else:
        result, code, message = Result.PASS, "CLOSED", f"{quote(role.name)} cannot be assumed from outside the account."
    outside = sorted(r.name_pattern for r in ctx.baseline.roles if r.assumable_from_outside)
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=key,
        expected=expectation(ctx, outside, page.source if page else None),
        observed=ObservedValue(_who(ctx, role), "trust policy") if answer.outcome == POSSIBLE else None,
        witness=witness_of(answer.witness),
        evidence=(role.evidence,),
    )


def _who(ctx: AwsContext, role: AwsRole) -> str:
    body = role.trust.value if isinstance(role.trust, Observed) else {}
    return listed(external_principals(body, ctx.account.account_id))


RULE = Rule(
    id="AWS-TRUST-006",
    title="Only the roles documented as assumable from outside can be assumed from outside",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Take the foreign principal out of the trust policy.",
        cli="aws iam update-assume-role-policy --role-name ROLE --policy-document file://trust.json",
        risk_of_change="The foreign principal loses its access at once.",
    ),
    references=(PORTER_PERMISSIONS, IAM_EXTERNAL_ID),
    claims=(17,),
)
