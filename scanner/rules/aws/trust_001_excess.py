"""AWS-TRUST-001: Porter roles can be assumed by nobody beyond the documented principals.

## What it checks
The trust policy of each documented role against the documented trust: principals, services, actions and conditions,
decided by the access engine. Naming Porter's account where the document names one role, or this account where it
names nobody, is more than documented. An ExternalId the document does not ask for is better than documented and
passes.

## Why it matters
Permissions say what a role may do; trust says who may do it. One more principal gets everything the role has.

## Remediation
Take the principal out of the trust policy, or restore the documented condition.

## Limits
The trust policy alone: whether the other side's own policies let it call sts:AssumeRole is not visible from here. EKS
Pod Identity associations are AWS-POD-001.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import Comparison, Piece
from scanner.model.finding import Axis, Expected, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_PRINCIPAL,
    PORTER_PERMISSIONS,
    documented_roles,
    expectation,
    not_applicable,
    open_result,
    role_subject,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import difference, open_reasons, spoken, witness_of
from scanner.rules.external_id import uses, values
from scanner.rules.held import denied_in
from scanner.rules.judge import RoleJudgement, trust_body
from scanner.rules.questions import account_of
from scanner.rules.words import count, listed, quote

_WORDS = {
    "principal": "admits a principal that is not documented",
    "action": "allows an action that is not documented",
    "condition": "admits a documented principal without its documented condition",
    "resource": "goes beyond the document",
}


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per role and kind of excess, else one outcome per role."""
    found = False
    for role, _ in documented_roles(ctx):
        found = True
        judged = ctx.judge(role)
        excess = judged.trust.excess if judged.trust is not None else ()
        for kind in sorted({p.kind for p in excess}):
            yield _excess(ctx, judged, kind, [p for p in excess if p.kind == kind])
        if not excess:
            yield _contained(ctx, judged)
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def _excess(ctx: AwsContext, judged: RoleJudgement, kind: str, pieces: list[Piece]) -> Outcome:
    severity, why = _severity(ctx, pieces)
    names = [name for p in pieces for values_ in p.principals.values() for name in values(values_)]
    more = f" {count(len(pieces), 'piece')} in all." if len(pieces) > 1 else ""
    denied = denied_in([judged.role.trust])
    return Outcome(
        subject=role_subject(judged.role),
        result=Result.FAIL,
        message=f"The trust policy of {quote(judged.role.name)} {_WORDS.get(kind, 'goes beyond the document')} "
        f"({listed(names)}): {spoken(pieces[0].witness)}.{more}",
        reason_code=f"TRUST_{kind.upper()}",
        discriminator=kind,
        severity=severity,
        severity_reason=why,
        porter_role=judged.documented.key,
        expected=_documented(ctx, judged),
        observed=ObservedValue(
            {"admitted": names, "denied": denied} if denied else names, f"{pieces[0].document}: {pieces[0].statement}"
        ),
        diff=difference(judged.trust, pieces) if judged.trust is not None else None,
        witness=witness_of(pieces[0].witness),
        evidence=(judged.role.evidence,),
    )


def _severity(ctx: AwsContext, pieces: list[Piece]) -> tuple[Severity, str]:
    for piece in pieces:
        for kind, names in piece.principals.items():
            outside = [n for n in values(names) if account_of(n) != ctx.account.account_id]
            if kind != "Service" and outside:
                return Severity.CRITICAL, "a principal outside the account"
            if kind != "Service":
                return Severity.HIGH, "more principals of the account itself"
    return Severity.MEDIUM, "one more AWS service"


def _documented(ctx: AwsContext, judged: RoleJudgement) -> Expected:
    trust = judged.documented.trust
    rows = [
        {"principals": s.principals, "actions": list(s.actions), "conditions": s.conditions} for s in trust.statements
    ]
    return expectation(ctx, rows, trust.statements[0].source if trust.statements else judged.documented.source)


def _contained(ctx: AwsContext, judged: RoleJudgement) -> Outcome:
    seen = judged.trust
    reasons = (judged.trust_unread,) if seen is None else open_reasons(seen)
    if reasons:
        result, code = open_result(reasons), "TRUST_UNREAD" if seen is None else "UNDECIDED"
        message = f"Who may assume {quote(judged.role.name)} is not proven: {listed(reasons, 3)}."
    else:
        result, code = Result.PASS, "CONTAINED"
        message = f"Only documented principals may assume {quote(judged.role.name)}." + _notes(judged, seen)
    return Outcome(
        subject=role_subject(judged.role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=judged.documented.key,
        expected=_documented(ctx, judged),
        diff=difference(seen) if seen is not None else None,
        evidence=(judged.role.evidence,),
    )


def _notes(judged: RoleJudgement, seen: Comparison | None) -> str:
    notes = ""
    body = trust_body(judged.role.trust)
    if judged.documented.trust.external_id != "required" and isinstance(body, dict) and any(uses(body)):
        notes += " An ExternalId is required although none is documented: better than documented."
    if seen is not None and seen.missing:
        names = [n for p in seen.missing for values_ in p.principals.values() for n in values(values_)]
        notes += f" Narrower than documented for {listed(names)}."
    return notes


RULE = Rule(
    id="AWS-TRUST-001",
    title="Porter roles can be assumed by nobody beyond the documented principals",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="external-id",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Take the principal out of the trust policy, or restore the documented condition.",
        cli="aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument",
        risk_of_change="A principal that is in use loses its access at once.",
    ),
    references=(PORTER_PERMISSIONS, IAM_PRINCIPAL),
    claims=(7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18),
)
