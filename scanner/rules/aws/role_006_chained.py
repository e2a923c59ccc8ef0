"""AWS-ROLE-006: No other role of the account can be assumed by a Porter role.

## What it checks
The trust policies of all roles that are not Porter's: an Allow that names a Porter role or one of its sessions, or
names everyone with conditions, is put to the access engine. A role that a Porter role may assume by its trust policy
alone fails.

## Why it matters
Within one account a trust policy that names a role is enough: the role needs no permission of its own. Whatever the
other role may do, Porter may do too, and no policy of Porter's roles shows it.

## Remediation
Take the Porter role out of the other role's trust policy. Pods get a role of their own by Pod Identity, without the
role of the nodes.

## Limits
A trust in the account as a whole delegates to the account's policies: it counts through the Porter role's own
permissions, which AWS-PERM-001 compares. Roles of other accounts that trust Porter's roles are not read.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from scanner.access.principal import role_of_session
from scanner.access.records import Answer
from scanner.model.common import JsonObject, NotObserved, Observed
from scanner.model.finding import Axis, ObservedValue, Outcome, Reference, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_PRINCIPAL,
    account_subject,
    evidence_of,
    no_porter_role,
    role_subject,
    undecided_outcome,
)
from scanner.rules.aws._power import ADMINISTRATOR, IAM_ADMINISTRATOR, grants_all
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import witness_of
from scanner.rules.external_id import statements, values
from scanner.rules.held import held_by_role
from scanner.rules.questions import IMPOSSIBLE, POSSIBLE, UNDECIDED, account_of, allowed_principals, ask_trust
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per other role that a Porter role may assume, else one for the account."""
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
        return
    own = [role.arn for role in ctx.porter_roles]
    theirs = (*ctx.porter_roles, *ctx.open_to_organizations)
    others = [role for role in ctx.account.roles if role not in theirs]
    found = False
    for role in sorted(others, key=lambda r: r.arn):
        outcome = _judge(ctx, role, own)
        if outcome is not None:
            found = True
            yield outcome
    if not found:
        yield _none(ctx, others)


def _none(ctx: AwsContext, others: Sequence[AwsRole]) -> Outcome:
    unread = [role.name for role in others if isinstance(role.trust, NotObserved)]
    said = f"{count(len(others), 'other role')} examined: none lets a Porter role assume it by its trust policy."
    return Outcome(
        subject=account_subject(ctx),
        result=Result.INCOMPLETE if unread else Result.PASS,
        message=f"The trust policies of {listed(unread)} were not read. {said}" if unread else said,
        reason_code="TRUST_UNREAD" if unread else "NONE",
    )


def _judge(ctx: AwsContext, role: AwsRole, own: Sequence[str]) -> Outcome | None:
    """Return what to say of a role; None: no Porter role may assume it by its trust policy alone."""
    if not isinstance(role.trust, Observed):
        return None
    direct = _direct(role.trust.value, own)
    if direct is None:
        return None
    answer = _ask(ctx, msgspec.structs.replace(role, trust=Observed(direct)), own)
    if answer.outcome == IMPOSSIBLE:
        return None
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), f"Whether a Porter role may assume {quote(role.name)}", answer)
    powerful = grants_all(ctx, role, ADMINISTRATOR) or grants_all(ctx, role, IAM_ADMINISTRATOR)
    who = answer.witness.principal if answer.witness and answer.witness.principal else "a Porter role"
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL,
        message=f"{quote(role.name)} is not Porter's, and {quote(who)} may assume it by its trust policy alone.",
        reason_code="CHAINED",
        severity=Severity.CRITICAL if powerful else None,
        severity_reason="the role is an administrator" if powerful else "",
        observed=ObservedValue({"statements": list(answer.statements), **held_by_role(role)}, "trust policy"),
        witness=witness_of(answer.witness),
        evidence=evidence_of(role),
    )


def _ask(ctx: AwsContext, role: AwsRole, own: Sequence[str]) -> Answer:
    """Ask for one Porter role after the other; the first that may assume the role is the witness."""
    undecided: Answer | None = None
    for arn in own:
        conditions: JsonObject = {
            "StringEquals": {"aws:PrincipalAccount": [ctx.account.account_id]},
            "ArnEquals": {"aws:PrincipalArn": [arn]},
        }
        names = [arn, *_sessions(role.trust.value if isinstance(role.trust, Observed) else {}, arn)]
        answer = ask_trust(role, {"AWS": names}, ctx.account, ctx.catalogue, conditions=conditions)
        if answer.outcome == POSSIBLE:
            return answer
        if answer.outcome == UNDECIDED:
            undecided = answer
    return undecided or Answer(IMPOSSIBLE)


def _direct(body: JsonObject, own: Sequence[str]) -> JsonObject | None:
    """Return the trust policy without what only delegates to the account; None if nothing else may name our roles."""
    kept: list[JsonObject] = []
    named = False
    for statement in statements(body):
        allows = statement.get("Effect") == "Allow"
        if not allows or _names(statement, own):
            kept.append(statement)
            named = named or allows
    return {**body, "Statement": kept} if named else None


def _names(statement: JsonObject, own: Sequence[str]) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):  # everyone, NotPrincipal, or not valid
        return True
    named = values(principal.get("AWS", []))
    return any("*" in value or value in own or any(_is_session_of(value, arn) for arn in own) for value in named)


def _sessions(body: JsonObject, arn: str) -> list[str]:
    """Return the sessions of a role that a trust policy names one by one; the role's ARN does not stand for them."""
    return sorted({name for kind, name in allowed_principals(body) if kind == "AWS" and _is_session_of(name, arn)})


def _is_session_of(principal: str, arn: str) -> bool:
    return role_of_session(principal) == arn.rpartition("/")[2] and account_of(principal) == account_of(arn)


RULE = Rule(
    id="AWS-ROLE-006",
    title="No other role of the account can be assumed by a Porter role",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Take the Porter role out of the other role's trust policy.",
        cli="aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument",
        risk_of_change="Whatever assumes the role through the Porter role loses it.",
    ),
    references=(
        IAM_PRINCIPAL,
        Reference(
            "AWS: evaluating requests within an account",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
            "reference_policies_evaluation-logic_policy-eval-denyallow.html",
        ),
    ),
    claims=(22, 31),
)
