"""AWS-PASS-001: Porter roles may pass roles only as documented.

## What it checks
The role's policies cut down to iam:PassRole, against the document: which role may be handed to which service. The
engine finds PassRole wherever it hides, for example inside `iam:*`, and sees a lost or widened iam:PassedToService
condition.

## Why it matters
Who may pass a role to a service may act as that role. One PassRole too many is often the account.

## Remediation
Remove the statement, or put back the documented resource and iam:PassedToService condition.

## Limits
The same pieces stand in AWS-PERM-001. Roles that are not documented are AWS-ROLE-001. A documented grant that is
risky in itself is AWS-PASS-002.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.compare import compare
from scanner.access.records import Comparison
from scanner.baseline.documents import permission_documents
from scanner.baseline.records import DocumentedRole, DocumentedStatement
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_PASS_ROLE,
    PORTER_PERMISSIONS,
    documented_roles,
    evidence_of,
    expectation,
    not_applicable,
    open_result,
    role_subject,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import difference, open_reasons, spoken, witness_of
from scanner.rules.judge import readable_documents
from scanner.rules.questions import deny_all_but, restriction
from scanner.rules.words import listed, quote

PASS_ROLE = "iam:PassRole"


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role that exists."""
    found = False
    for role, page in documented_roles(ctx):
        found = True
        yield _judge(ctx, role, page)
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def documented_grants(page: DocumentedRole) -> list[DocumentedStatement]:
    """Return the documented statements that name iam:PassRole."""
    return [s for s in page.statements if any(a.lower() == PASS_ROLE.lower() for a in s.actions)]


def _judge(ctx: AwsContext, role: AwsRole, page: DocumentedRole) -> Outcome:
    live, unread = readable_documents(role.policies)
    only = restriction([deny_all_but([PASS_ROLE])])
    seen = compare(
        [*live, *only],
        [*permission_documents(page, ctx.baseline.aliases), *only],
        catalogue=ctx.catalogue,
        account_id=ctx.account.account_id,
        partition=ctx.account.partition,
    )
    grants = documented_grants(page)
    result, code, message = _decide(role, seen, [f"{name}: {reason}" for name, reason in unread], grants)
    severity, why = _severity(seen)
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        severity=severity,
        severity_reason=why,
        porter_role=page.key,
        expected=expectation(ctx, [_grant(s) for s in grants], grants[0].source if grants else page.source),
        observed=ObservedValue([list(p.resources) for p in seen.excess]) if seen.excess else None,
        diff=difference(seen) if seen.excess else None,
        witness=witness_of(seen.excess[0].witness) if seen.excess else None,
        evidence=evidence_of(role),
    )


def _grant(statement: DocumentedStatement) -> dict[str, object]:
    return {"sid": statement.sid, "resources": list(statement.resources), "conditions": statement.conditions}


def _decide(
    role: AwsRole, seen: Comparison, unread: list[str], grants: list[DocumentedStatement]
) -> tuple[Result, str, str]:
    name = quote(role.name)
    if seen.excess:
        piece = seen.excess[0]
        return (
            Result.FAIL,
            f"PASSROLE_{piece.kind.upper()}",
            (
                f"{name} may pass a role beyond the document: {spoken(piece.witness)}, "
                f"from {quote(piece.document + ': ' + piece.statement)}."
            ),
        )
    reasons = [*unread, *open_reasons(seen)]
    if reasons:
        return open_result(reasons), "UNDECIDED", f"What {name} may pass is not decided: {listed(reasons, 3)}."
    if grants:
        return Result.PASS, "AS_DOCUMENTED", f"{name} passes roles only as {listed(s.sid for s in grants)} documents."
    return Result.PASS, "NONE", f"{name} may pass no role, and none is documented."


def _severity(seen: Comparison) -> tuple[Severity, str]:
    if any("*" in p.resources or not p.resources for p in seen.excess):
        return Severity.CRITICAL, "any role may be passed"
    return Severity.HIGH, "certain roles may be passed"


RULE = Rule(
    id="AWS-PASS-001",
    title="Porter roles may pass roles only as documented",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="passrole",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Remove the grant, or restore the documented resource and iam:PassedToService condition.",
        cli="aws iam get-role-policy --role-name ROLE --policy-name POLICY",
        risk_of_change="A controller that needs to pass the role stops working.",
    ),
    references=(IAM_PASS_ROLE, PORTER_PERMISSIONS),
    claims=(34, 35, 36, 37, 38, 39),
)
