"""AWS-ROLE-002: Every documented role that is not optional exists.

## What it checks
The names of the documented roles against the roles of the account. Roles that the document calls optional may be
absent. An account the operator declares free of Porter must hold none.

## Why it matters
A missing role explains why something does not work, and shows that the documented version describes another
installation. A Porter role in an account that should have none is access somebody forgot.

## Remediation
None is needed for security. Reconnect the account in Porter if the role should be there; revoke what should not be
there.

## Limits
Names only: what a role may do is judged by the other rules. A role below another path counts as present.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records import DocumentedRole
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    PORTER_CONNECT,
    PORTER_PERMISSIONS,
    account_subject,
    documented_roles,
    expectation,
    not_applicable,
    source_text,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role; one for the account where Porter is not, or should not be, there."""
    presence = ctx.account.scope.presence
    if presence == "absent" and ctx.porter_roles:
        yield _unwanted(ctx)
        return
    if presence != "expected" and not ctx.porter_roles:
        yield not_applicable(ctx, "No Porter access found.", "NO_PORTER_ACCESS")
        return
    live: dict[str, list[AwsRole]] = {}
    for role, page in documented_roles(ctx):
        live.setdefault(page.key, []).append(role)
    for page in ctx.baseline.roles:
        yield _judge(ctx, page, live.get(page.key, []))


def _unwanted(ctx: AwsContext) -> Outcome:
    names = [r.name for r in ctx.porter_roles]
    return Outcome(
        subject=account_subject(ctx),
        result=Result.FAIL,
        message=f"Porter is declared absent from this account, yet {count(len(names), 'role')} of it exist: "
        f"{listed(names)}.",
        reason_code="NOT_ABSENT",
        discriminator="absent",
        severity=Severity.HIGH,
        severity_reason="access remains where none should be",
        observed=ObservedValue(names),
        evidence=tuple(r.evidence for r in ctx.porter_roles),
    )


def _judge(ctx: AwsContext, page: DocumentedRole, found: list[AwsRole]) -> Outcome:
    arn = f"arn:{ctx.account.partition}:iam::{ctx.account.account_id}:role/{page.name_pattern}"
    subject = Subject(type="aws.iam.role", key=arn, name=page.name_pattern)
    expected = expectation(ctx, page.name_pattern, page.source)
    if found:
        return Outcome(
            subject=subject,
            result=Result.PASS,
            message=f"Present: {listed(r.name for r in found)}.",
            reason_code="PRESENT",
            porter_role=page.key,
            expected=expected,
            observed=ObservedValue([r.arn for r in found]),
            evidence=tuple(r.evidence for r in found),
        )
    if page.optional:
        return Outcome(
            subject=subject,
            result=Result.NOT_APPLICABLE,
            message=f"{quote(page.name_pattern)} is absent and optional: {page.optional_reason or 'the page says so'}.",
            reason_code="OPTIONAL",
            porter_role=page.key,
            expected=expected,
        )
    return Outcome(
        subject=subject,
        result=Result.FAIL,
        message=f"{quote(page.name_pattern)} is documented ({source_text(page.source)}) and does not exist here.",
        reason_code="ABSENT",
        porter_role=page.key,
        expected=expected,
    )


RULE = Rule(
    id="AWS-ROLE-002",
    title="Every documented role that is not optional exists",
    severity=Severity.INFO,
    axis=Axis.CONFORMANCE,
    family="completeness",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Nothing to do for security; reconnect the account in Porter if the role should exist.",
        owner="porter",
        cli="aws iam list-roles --query \"Roles[?starts_with(RoleName, 'porter')].RoleName\"",
    ),
    references=(PORTER_PERMISSIONS, PORTER_CONNECT),
    claims=(2, 4),
)
