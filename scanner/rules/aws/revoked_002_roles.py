"""AWS-REVOKED-002: No role that Porter made is left.

## What it checks
Every role that admits nobody of Porter's and is still one of its own: it has a documented name, a name that other
material of Porter gives, or the tag with which Porter marks what it makes. Roles that do admit Porter are reported by
AWS-REVOKED-001.

## Why it matters
Such a role is a set of permissions that nobody owns any more. Whoever may pass it to a service or change its trust
gets what Porter had.

## Remediation
Delete the clusters that use the role, then the role, with the commands of the finding.

## Limits
A role of Porter's with another name, without the tag and without trust in Porter is not recognised.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Remediation, Severity
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    PORTER_CONNECT,
    PORTER_PERMISSIONS,
    account_subject,
    evidence_of,
    key_of,
    role_subject,
)
from scanner.rules.aws._revoked import role_removal, trusting, whose
from scanner.rules.base import AwsContext, Rule
from scanner.rules.questions import UNDECIDED
from scanner.rules.revoked import left, none_left
from scanner.rules.words import count, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per role that is left, else one PASS for the account."""
    admitting = {role.arn for role, answer in trusting(ctx) if answer.outcome != UNDECIDED}
    found = False
    for role in sorted(ctx.account.roles, key=lambda r: r.arn):
        reason = whose(ctx, role) if role.arn not in admitting else None
        if reason is not None:
            found = True
            yield left(
                role_subject(role),
                f"{quote(role.name)} is left: {reason}. It admits none of Porter's accounts.",
                severity=Severity.MEDIUM,
                evidence=evidence_of(role),
                steps=role_removal(ctx, role),
                summary="Delete the roles that Porter made.",
                porter_role=key_of(ctx, role),
                observed=role.arn,
            )
    if not found:
        others = "No other role" if admitting else f"{count(len(ctx.account.roles), 'role')} read: none"
        yield none_left(account_subject(ctx), f"{others} has a documented name or Porter's tag.")


RULE = Rule(
    id="AWS-REVOKED-002",
    title="No role that Porter made is left",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Delete the roles that Porter made.",
        cli="aws iam delete-role --role-name ROLE",
    ),
    references=(PORTER_PERMISSIONS, PORTER_CONNECT),
    claims=(50, 52),
)
