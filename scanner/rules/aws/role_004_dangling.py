"""AWS-ROLE-004: No Porter role trusts a deleted role or user.

## What it checks
The AWS principals of each Porter role's trust policy. IAM replaces a principal by its unique id (AROA..., AIDA...)
when the role or user it named has been deleted.

## Why it matters
Such a trust admits nobody, even if a role with the old name is created again. It shows a change on the other side
that nobody followed up, and it hides from every comparison by name who was meant.

## Remediation
Ask Porter which principal is meant, and write it into the trust policy again; or remove the dead entry.

## Limits
The id does not tell which role or user it was.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import IAM_PRINCIPAL, key_of, no_porter_role, role_subject
from scanner.rules.base import AwsContext, Rule
from scanner.rules.questions import allowed_principals, is_unique_id
from scanner.rules.words import listed


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role."""
    if not ctx.porter_roles:
        yield no_porter_role(ctx)
    for role in ctx.porter_roles:
        yield _judge(ctx, role)


def _judge(ctx: AwsContext, role: AwsRole) -> Outcome:
    dead: list[str] = []
    if isinstance(role.trust, NotObserved):
        result, code, message = Result.INCOMPLETE, "TRUST_UNREAD", f"Trust policy not read: {role.trust.reason}."
    else:
        dead = sorted({name for kind, name in allowed_principals(role.trust.value) if is_unique_id(name)})
        result, code, message = Result.PASS, "NONE", "The trust policy names no deleted principal."
    if dead:
        result, code = Result.FAIL, "DELETED_PRINCIPAL"
        message = f"The trust policy names {listed(dead)}: the id of a role or user that was deleted."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=key_of(ctx, role),
        observed=ObservedValue(dead, "trust policy") if dead else None,
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="AWS-ROLE-004",
    title="No Porter role trusts a deleted role or user",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="stale",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Name the principal again, or remove the dead entry from the trust policy.",
        cli="aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument",
        risk_of_change="None: the entry admits nobody today.",
    ),
    references=(IAM_PRINCIPAL,),
    claims=(7, 8, 9),
)
