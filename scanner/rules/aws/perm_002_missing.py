"""AWS-PERM-002: Porter roles hold what is documented.

## What it checks
The documented statements of each role against the role's policies together: which documented requests are not allowed
live.

## Why it matters
Less access than documented is safer, but something may not work, or the installation is older or newer than the page.

## Remediation
None for security. Compare the installation's age with the page, or ask Porter.

## Limits
A permissions boundary or a service control policy may take away more; neither is looked at here.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import Comparison
from scanner.model.finding import Axis, Diff, Outcome, Remediation, Result, Severity
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    PORTER_PERMISSIONS,
    documented_roles,
    evidence_of,
    not_applicable,
    open_result,
    page_of,
    role_subject,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import difference, open_reasons
from scanner.rules.judge import RoleJudgement
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role that exists."""
    found = False
    for role, _ in documented_roles(ctx):
        found = True
        yield _judge(ctx, ctx.judge(role))
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def _judge(ctx: AwsContext, judged: RoleJudgement) -> Outcome:
    result, code, message = _decide(judged)
    return Outcome(
        subject=role_subject(judged.role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=judged.documented.key,
        expected=page_of(ctx, judged.documented),
        diff=_removed(judged.permissions),
        evidence=evidence_of(judged.role),
    )


def _decide(judged: RoleJudgement) -> tuple[Result, str, str]:
    seen = judged.permissions
    name = quote(judged.role.name)
    if seen is None:
        return Result.INCOMPLETE, "UNREAD", f"What {name} lacks is not known: {listed(judged.unread, 3)}."
    if seen.missing:
        actions = sorted({p.witness.action for p in seen.missing})
        rows = sorted({p.statement for p in seen.missing})
        return (
            Result.FAIL,
            "MISSING",
            (
                f"{name} lacks {count(len(seen.missing), 'documented piece')} of access ({listed(actions)}; "
                f"statements {listed(rows, 4)})."
            ),
        )
    reasons = open_reasons(seen, "missing")
    if reasons:
        return open_result(reasons), "UNDECIDED", f"What {name} lacks is not decided: {listed(reasons, 3)}."
    statements = count(len(judged.documented.statements), "documented statement")
    return Result.PASS, "COMPLETE", f"{name} allows everything in its {statements}."


def _removed(seen: Comparison | None) -> Diff | None:
    return Diff(removed=difference(seen).removed) if seen is not None and seen.missing else None


RULE = Rule(
    id="AWS-PERM-002",
    title="Porter roles hold what is documented",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Nothing to do for security; ask Porter whether the installation matches the page.", owner="porter"
    ),
    references=(PORTER_PERMISSIONS,),
    claims=(22, 23, 24, 25, 26, 27, 28, 29, 30, 31),
)
