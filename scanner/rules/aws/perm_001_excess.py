"""AWS-PERM-001: Porter roles may do nothing that is not documented.

## What it checks
All policies of a documented role (inline and attached, in their default versions) together, against the documented
statements together. AWS-managed policies that the document names for the role count with the content AWS gives them
today. Every piece of access beyond the document is shown with a request that is allowed and not documented.

## Why it matters
This is the question the tool exists for: has Porter more than it says it has?

## Remediation
Take the piece out of the policy named in the difference, or ask Porter to document it.

## Limits
A permissions boundary or a service control policy may block what a role's own policies allow; this rule judges the
role's own policies. Statement names and policy names play no part. A condition that the page gives only in prose is
read strictly; what is inside the weaker reading alone is MANUAL.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.access.records import Comparison, Piece
from scanner.model.common import JsonObject
from scanner.model.finding import Axis, Diff, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_BEST_PRACTICES,
    PORTER_PERMISSIONS,
    documented_roles,
    evidence_of,
    not_applicable,
    open_result,
    page_of,
    role_subject,
)
from scanner.rules.aws._power import controls_identities
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import difference, open_reasons, spoken, witness_of
from scanner.rules.held import denied_in
from scanner.rules.judge import RoleJudgement
from scanner.rules.printed import printed_names
from scanner.rules.words import count, listed, quote

KINDS = ("action", "resource", "condition")
_WORDS = {
    "action": "an action that is not documented",
    "resource": "a documented action on more resources than documented",
    "condition": "a documented action without its documented condition",
}


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per role and kind of excess, else one outcome per role."""
    found = False
    for role, _ in documented_roles(ctx):
        found = True
        yield from _judge(ctx, ctx.judge(role))
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def _judge(ctx: AwsContext, judged: RoleJudgement) -> Iterator[Outcome]:
    seen = judged.permissions or judged.readable
    if seen is not None and seen.excess:
        if judged.permissive is not None and judged.permissive.contained is True:
            yield _manual(ctx, judged, seen)
            return
        for kind in sorted({p.kind for p in seen.excess}):
            yield _excess(ctx, judged, seen, kind, [p for p in seen.excess if p.kind == kind])
        return
    yield _contained(ctx, judged)


def _excess(ctx: AwsContext, judged: RoleJudgement, seen: Comparison, kind: str, pieces: list[Piece]) -> Outcome:
    control = controls_identities(ctx, judged, pieces)
    latent = all(p.latent for p in pieces)
    first = next((p for p in pieces if not p.latent), pieces[0])
    more = f" {count(len(pieces), 'piece')} in all." if len(pieces) > 1 else ""
    open_part = " Another policy could not be read." if judged.permissions is None else ""
    severity, why = Severity.HIGH, "access beyond the document"
    if control:
        severity, why = Severity.CRITICAL, f"it includes {control}, with which a principal gives itself more"
    elif latent:
        severity, why = Severity.MEDIUM, "no action published today matches"
    return Outcome(
        subject=role_subject(judged.role),
        result=Result.FAIL,
        message=f"{quote(judged.role.name)} may use {_WORDS.get(kind, 'more')}: {spoken(first.witness)}, "
        f"from {quote(first.document + ': ' + first.statement)}.{more}{open_part}",
        reason_code=f"EXCESS_{kind.upper()}",
        discriminator=kind,
        severity=severity,
        severity_reason=why,
        porter_role=judged.documented.key,
        expected=page_of(ctx, judged.documented),
        observed=ObservedValue(
            _seen(judged, pieces),
            f"{first.document}: {first.statement}",
        ),
        diff=_difference(judged, seen, pieces),
        witness=witness_of(first.witness),
        evidence=evidence_of(judged.role),
    )


def _difference(judged: RoleJudgement, seen: Comparison, pieces: list[Piece]) -> Diff:
    """Return the excess with every policy that could not be read: it may hold more, which no waiver accepted."""
    made = difference(seen, pieces)
    unread = judged.unread if judged.permissions is None else ()
    return msgspec.structs.replace(made, undecided=(*made.undecided, *unread))


def _seen(judged: RoleJudgement, pieces: list[Piece]) -> list[JsonObject]:
    """Return the pieces as they stand in the policies, and the denies beside them, if any."""
    allowed: list[JsonObject] = [
        {"actions": list(p.actions), "resources": list(p.resources), "conditions": p.conditions} for p in pieces
    ]
    denied = denied_in([policy.document for policy in judged.role.policies])
    return [*allowed, {"denied": denied}] if denied else allowed


def _manual(ctx: AwsContext, judged: RoleJudgement, seen: Comparison) -> Outcome:
    first = seen.excess[0]
    return Outcome(
        subject=role_subject(judged.role),
        result=Result.MANUAL,
        message=f"The page states a condition in prose. Read strictly, {quote(judged.role.name)} exceeds it with "
        f"{spoken(first.witness)}; read weakly, it does not.",
        reason_code="PROSE_CONDITION",
        severity=Severity.MEDIUM,
        porter_role=judged.documented.key,
        expected=page_of(ctx, judged.documented),
        diff=difference(seen),
        witness=witness_of(first.witness),
        evidence=evidence_of(judged.role),
    )


def _contained(ctx: AwsContext, judged: RoleJudgement) -> Outcome:
    seen = judged.permissions
    reasons = judged.unread if seen is None else open_reasons(seen)
    if reasons:
        result, code = open_result(reasons), "UNREAD" if seen is None else "UNDECIDED"
        message = f"{quote(judged.role.name)} is not proven to be inside the document: {listed(reasons, 3)}."
    else:
        result, code = Result.PASS, "CONTAINED"
        held = count(len(judged.role.policies), "policy", "policies")
        message = f"Every request that the {held} of {quote(judged.role.name)} allow is documented."
        if printed := printed_names(judged.role.policies):
            message += f" Not in the template, taken as the page prints them: {listed(printed)}."
    return Outcome(
        subject=role_subject(judged.role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=judged.documented.key,
        expected=page_of(ctx, judged.documented),
        diff=difference(seen) if seen is not None else None,
        evidence=evidence_of(judged.role),
    )


RULE = Rule(
    id="AWS-PERM-001",
    title="Porter roles may do nothing that is not documented",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Remove the access named in the difference, or have Porter document it.",
        owner="porter",
        steps=(
            "Send Porter the example request and ask why the role needs it.",
            "Remove the statement from the policy named in the difference if nobody can say.",
        ),
        cli="aws iam get-role-policy --role-name ROLE --policy-name POLICY",
        risk_of_change="Porter may put the policy back; removing access in use stops what Porter does with it.",
    ),
    references=(PORTER_PERMISSIONS, IAM_BEST_PRACTICES),
    claims=(22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 41, 42, 43, 44, 46),
)
