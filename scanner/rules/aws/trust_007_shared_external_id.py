"""AWS-TRUST-007: No two Porter roles share an ExternalId.

## What it checks
The ExternalIds in the trust policies of Porter roles, over all accounts of this run, compared as tokens.

## Why it matters
The page calls the ExternalId a secret of one Porter project. One value for several projects or accounts means that
whoever knows it for one knows it for all. Porter's published code reuses it when one account serves several projects.

## Remediation
Ask Porter for an ExternalId per project and account.

## Limits
Tokens are comparable only within one installation of this tool. Values that Porter uses for other customers cannot be
seen.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import NotObserved, Observed
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import IAM_EXTERNAL_ID, key_of, not_applicable, role_subject
from scanner.rules.base import AwsContext, Rule
from scanner.rules.external_id import uses
from scanner.rules.words import listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role that requires an ExternalId or could not be read."""
    found = False
    owners: dict[str, set[str]] = {}
    for account in ctx.inventory.aws:
        for role in account.roles:
            for token in _tokens(role):
                owners.setdefault(token, set()).add(role.arn)
    for role in ctx.porter_roles:
        if isinstance(role.trust, NotObserved):
            found = True
            yield _say(ctx, role, Result.INCOMPLETE, "TRUST_UNREAD", f"Trust policy not read: {role.trust.reason}.")
        elif _tokens(role):
            found = True
            shared = sorted(set().union(*(owners.get(t, set()) for t in _tokens(role))) - {role.arn})
            if shared:
                message = f"{quote(role.name)} requires the same ExternalId as {listed(shared)}."
                yield _say(ctx, role, Result.FAIL, "SHARED", message)
            else:
                yield _say(
                    ctx,
                    role,
                    Result.PASS,
                    "OWN",
                    f"No other role read in this run has {quote(role.name)}'s ExternalId.",
                )
    if not found:
        yield not_applicable(ctx, "No Porter role requires an ExternalId.")


def _tokens(role: AwsRole) -> set[str]:
    return {v for use in uses(role.trust.value) for v in use.values} if isinstance(role.trust, Observed) else set()


def _say(ctx: AwsContext, role: AwsRole, result: Result, code: str, message: str) -> Outcome:
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        porter_role=key_of(ctx, role),
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="AWS-TRUST-007",
    title="No two Porter roles share an ExternalId",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="external-id",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter for an ExternalId per project and account.",
        owner="porter",
        risk_of_change="Changing the value on one side only locks Porter out.",
    ),
    references=(IAM_EXTERNAL_ID,),
    claims=(21,),
)
