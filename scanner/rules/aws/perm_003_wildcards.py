"""AWS-PERM-003: Wildcards in Porter roles go no further than the documented ones.

## What it checks
Of the access beyond the document, the pieces that come from a wildcard: in an action (`s3:*`) or in a resource that
was widened. The engine decides whether a wildcard reaches beyond the document; a wildcard that stays inside it
passes.

## Why it matters
A wildcard grants what AWS has not published yet: access grows without anyone changing a policy.

## Remediation
Replace the wildcard by the documented actions and resources.

## Limits
The same pieces stand in AWS-PERM-001; this rule names their cause. Documented wildcards are judged by AWS-PERM-004.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.access.records import Piece
from scanner.model.finding import Axis, Diff, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_BEST_PRACTICES,
    PORTER_PERMISSIONS,
    documented_roles,
    evidence_of,
    not_applicable,
    open_result,
    role_subject,
)
from scanner.rules.aws._power import controls_identities
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import difference, open_reasons, spoken, witness_of
from scanner.rules.judge import RoleJudgement
from scanner.rules.words import listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role that exists."""
    found = False
    for role, _ in documented_roles(ctx):
        found = True
        yield _judge(ctx, ctx.judge(role))
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def wild(values: Sequence[str]) -> list[str]:
    """Return the patterns that hold a wildcard."""
    return [v for v in values if "*" in v or "?" in v]


def _is_wild(piece: Piece) -> bool:
    return bool(wild(piece.actions)) or (piece.kind == "resource" and bool(wild(piece.resources)))


def _judge(ctx: AwsContext, judged: RoleJudgement) -> Outcome:
    seen = judged.permissions or judged.readable
    certain = seen is not None and not (judged.permissive is not None and judged.permissive.contained is True)
    pieces = [p for p in seen.excess if _is_wild(p)] if seen is not None and certain else []
    if seen is not None and pieces:
        return _beyond(ctx, judged, pieces, difference(seen, pieces))
    reasons = judged.unread if judged.permissions is None else open_reasons(judged.permissions)
    if reasons:
        result, code = open_result(reasons), "UNDECIDED"
        message = f"Wildcards of {quote(judged.role.name)} are not decided: {listed(reasons, 3)}."
    else:
        result, code, message = Result.PASS, "AS_DOCUMENTED", "No wildcard reaches beyond the document."
    return Outcome(
        subject=role_subject(judged.role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=judged.documented.key,
        evidence=evidence_of(judged.role),
    )


def _beyond(ctx: AwsContext, judged: RoleJudgement, pieces: list[Piece], diff: Diff) -> Outcome:
    patterns = [w for p in pieces for w in (wild(p.actions) or wild(p.resources))]
    control = controls_identities(ctx, judged, pieces)
    return Outcome(
        subject=role_subject(judged.role),
        result=Result.FAIL,
        message=f"{quote(judged.role.name)} holds {listed(patterns)} beyond the document; for example "
        f"{spoken(pieces[0].witness)}.",
        reason_code="EXCESS_WILDCARD",
        severity=Severity.CRITICAL if control else None,
        severity_reason=f"it includes {control}" if control else "",
        porter_role=judged.documented.key,
        observed=ObservedValue(patterns, f"{pieces[0].document}: {pieces[0].statement}"),
        diff=diff,
        witness=witness_of(pieces[0].witness),
        evidence=evidence_of(judged.role),
    )


RULE = Rule(
    id="AWS-PERM-003",
    title="Wildcards in Porter roles go no further than the documented ones",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="wildcard",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Replace the wildcard by the documented actions and resources.",
        owner="porter",
        cli="aws iam get-role-policy --role-name ROLE --policy-name POLICY",
        risk_of_change="Porter may put the policy back with its next update.",
    ),
    references=(PORTER_PERMISSIONS, IAM_BEST_PRACTICES),
    claims=(40, 41),
)
