"""AWS-TRUST-002: Roles documented with an ExternalId cannot be assumed without it.

## What it checks
For each role whose trust is documented to require an ExternalId, the engine is asked: may any principal outside the
account assume it with another ExternalId, or with none? Then the form: one concrete value, compared by StringEquals,
no wildcard, not empty, equal to the value the operator gave, unchanged since the previous run.

## Why it matters
Porter serves many customers from one account. The ExternalId is what stops one customer's request from reaching
another's account. Anything but an exact comparison with one value is no guard.

## Remediation
Restore `StringEquals` on sts:ExternalId with the value of the Porter project.

## Limits
Values are compared as tokens; the value itself is never read into a report. Without the expected value, any one
concrete value passes, and only a change is noticed.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.baseline.records import DocumentedRole
from scanner.model.common import JsonObject, NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_EXTERNAL_ID,
    IAM_OPERATORS,
    PORTER_PERMISSIONS,
    documented_roles,
    expectation,
    not_applicable,
    role_subject,
    undecided_outcome,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import spoken, witness_of
from scanner.rules.external_id import (
    NOTHING,
    concrete_tokens,
    denied_otherwise,
    fact_of,
    live_external_id,
    uses,
)
from scanner.rules.judge import trust_body
from scanner.rules.questions import POSSIBLE, UNDECIDED, any_outside, external_principals
from scanner.rules.words import listed, quote


class _Defect(msgspec.Struct, frozen=True):
    code: str
    severity: Severity
    words: str


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per live role that is documented to require an ExternalId."""
    found = False
    for role, page in documented_roles(ctx):
        if page.trust.external_id == "required":
            found = True
            yield _judge(ctx, role, page)
    if not found:
        yield not_applicable(ctx, "No role that is documented with an ExternalId exists in this account.")


def _judge(ctx: AwsContext, role: AwsRole, page: DocumentedRole) -> Outcome:
    body = trust_body(role.trust)
    if isinstance(body, NotObserved):
        return _say(ctx, role, page, Result.INCOMPLETE, "TRUST_UNREAD", f"Trust policy not read: {body.reason}.")
    if not external_principals(body, ctx.account.account_id):
        words = f"No principal outside the account may assume {quote(role.name)}."
        return _say(ctx, role, page, Result.NOT_APPLICABLE, "NOBODY_OUTSIDE", words)
    value = live_external_id(body, ctx.inventory.external_ids)
    other = {"StringNotEquals": {"sts:ExternalId": [value if value is not None else NOTHING]}}
    answer = any_outside(role, ctx.account, ctx.catalogue, conditions=other)
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), "The ExternalId", answer, porter_role=page.key)
    defect = _defect(ctx, role, body, guarded=answer.outcome != POSSIBLE)
    if defect is None:
        return _say(ctx, role, page, Result.PASS, "REQUIRED", _pass_words(ctx, role, body))
    outcome = _say(ctx, role, page, Result.FAIL, defect.code, f"{quote(role.name)}: {defect.words}.", defect.severity)
    if answer.outcome == POSSIBLE:
        outcome = msgspec.structs.replace(
            outcome,
            witness=witness_of(answer.witness),
            message=f"{outcome.message} Possible: {spoken(answer.witness)}.",
        )
    return outcome


def _defect(ctx: AwsContext, role: AwsRole, body: JsonObject, *, guarded: bool) -> _Defect | None:
    """Return what is wrong, the gravest first."""
    mentions = list(uses(body))
    tokens = sorted({*(v for use in mentions for v in use.values), *(denied_otherwise(body) if guarded else ())})
    facts = [f for t in tokens if (f := fact_of(t, ctx.inventory.external_ids))]
    if not mentions and not (guarded and tokens):
        return _Defect("MISSING", Severity.CRITICAL, "no ExternalId is required of principals outside the account")
    if any(f.empty for f in facts) or "" in tokens:
        return _Defect("EMPTY", Severity.CRITICAL, "the required ExternalId is empty")
    if any(f.wildcard for f in facts) or any("*" in t or "?" in t for t in tokens):
        return _Defect("WILDCARD", Severity.CRITICAL, "the required ExternalId holds a wildcard")
    if len(concrete_tokens(body)) > 1:
        return _Defect("SEVERAL_VALUES", Severity.CRITICAL, f"{len(concrete_tokens(body))} ExternalIds are accepted")
    if any(f.equals_expected is False for f in facts):
        return _Defect("NOT_EXPECTED", Severity.CRITICAL, "the required ExternalId is not the value that was given")
    if not guarded:
        operators = listed(sorted({use.operator for use in mentions}))
        return _Defect("NOT_A_GUARD", Severity.CRITICAL, f"{operators} on sts:ExternalId does not force one value")
    odd = [use.operator for use in mentions if use.operator.lower() != "stringequals"]
    odd += [] if mentions else ["StringNotEquals in a Deny"]
    if odd:
        return _Defect(
            "FORM", Severity.MEDIUM, f"sts:ExternalId is compared by {listed(odd)}, documented is StringEquals"
        )
    before = dict(ctx.settings.previous_external_ids).get(role.arn)
    confirmed = any(f.equals_expected for f in facts)
    if before is not None and before not in tokens and not confirmed:
        return _Defect("CHANGED", Severity.MEDIUM, "the required ExternalId is not that of the previous run")
    return None


def _pass_words(ctx: AwsContext, role: AwsRole, body: JsonObject) -> str:
    tokens = concrete_tokens(body)
    facts = [f for t in tokens if (f := fact_of(t, ctx.inventory.external_ids))]
    equal = "equal to the value given" if any(f.equals_expected for f in facts) else "no expected value was given"
    return (
        f"Outside principals must send one concrete ExternalId to assume {quote(role.name)} "
        f"(token {listed(tokens)}; {equal})."
    )


def _say(
    ctx: AwsContext,
    role: AwsRole,
    page: DocumentedRole,
    result: Result,
    code: str,
    message: str,
    severity: Severity | None = None,
) -> Outcome:
    body = trust_body(role.trust)
    seen = None
    if not isinstance(body, NotObserved):
        seen = ObservedValue([{u.operator: list(u.values)} for u in uses(body)], "trust policy")
    source = page.trust.external_id_source or page.source
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        severity=severity,
        porter_role=page.key,
        expected=expectation(ctx, "StringEquals sts:ExternalId = one concrete value", source),
        observed=seen,
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="AWS-TRUST-002",
    title="Roles documented with an ExternalId cannot be assumed without it",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="external-id",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Restore StringEquals on sts:ExternalId with the value of your Porter project.",
        steps=(
            "Read the ExternalId of the project in Porter's dashboard, or ask Porter's support.",
            "Write it into the trust policy with StringEquals.",
        ),
        cli="aws iam update-assume-role-policy --role-name ROLE --policy-document file://trust.json",
        risk_of_change="A wrong value locks Porter out until it is corrected.",
    ),
    references=(IAM_EXTERNAL_ID, IAM_OPERATORS, PORTER_PERMISSIONS),
    claims=(8, 21),
)
