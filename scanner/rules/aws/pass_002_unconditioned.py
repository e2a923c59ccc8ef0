"""AWS-PASS-002: Every PassRole of a Porter role names the service it passes to.

## What it checks
Whether a documented role may pass a role to a service that no condition names: the engine is asked for a PassRole to
a service nobody would list. What the document permits is reported here all the same.

## Why it matters
Without iam:PassedToService a role can be handed to any service that runs code or acts for the caller, and so be taken
over.

## Remediation
Ask Porter to add iam:PassedToService with the services it needs, and to list the roles.

## Limits
A condition that lists a service which runs code is still a way to use the role; AWS-ESC-001 looks at that.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records import DocumentedRole
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
    role_subject,
    undecided_outcome,
)
from scanner.rules.aws.pass_001_documented import PASS_ROLE, documented_grants
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import witness_of
from scanner.rules.questions import POSSIBLE, UNDECIDED, ask_permissions
from scanner.rules.words import listed, quote

_UNLISTED_SERVICE = {"StringEquals": {"iam:PassedToService": ["unlisted-service.amazonaws.com"]}}
_UNLISTED_ROLE = "role/a-role-nobody-listed"


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per documented role that exists."""
    found = False
    for role, page in documented_roles(ctx):
        found = True
        yield _judge(ctx, role, page)
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def _judge(ctx: AwsContext, role: AwsRole, page: DocumentedRole) -> Outcome:
    answer = ask_permissions(role, ctx.account, ctx.catalogue, actions=(PASS_ROLE,), conditions=_UNLISTED_SERVICE)
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), "PassRole without a service", answer, porter_role=page.key)
    if answer.outcome != POSSIBLE:
        return Outcome(
            subject=role_subject(role),
            result=Result.PASS,
            message=f"{quote(role.name)} passes roles to named services only, or passes none.",
            reason_code="SERVICE_NAMED",
            porter_role=page.key,
            evidence=evidence_of(role),
        )
    anyone = f"arn:{ctx.account.partition}:iam::{ctx.account.account_id}:{_UNLISTED_ROLE}"
    wide = ask_permissions(
        role, ctx.account, ctx.catalogue, actions=(PASS_ROLE,), resources=(anyone,), conditions=_UNLISTED_SERVICE
    )
    unlimited = wide.outcome == POSSIBLE
    which = "any role" if unlimited else f"roles such as {quote(answer.witness.resource if answer.witness else '')}"
    documented = {s.sid for s in documented_grants(page) if not _names_service(s.conditions)}
    stated = f" The document states it in {listed(sorted(documented))}." if documented else ""
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL,
        message=f"{quote(role.name)} may pass {which} to any service ({listed(answer.statements)}).{stated}",
        reason_code="DOCUMENTED_RISK" if documented else "SERVICE_NOT_NAMED",
        severity=Severity.HIGH if unlimited else Severity.LOW,
        severity_reason="any role to any service" if unlimited else "certain roles to any service",
        porter_role=page.key,
        expected=expectation(ctx, sorted(documented), page.source),
        observed=ObservedValue(list(answer.statements)),
        witness=witness_of((wide if unlimited else answer).witness),
        evidence=evidence_of(role),
    )


def _names_service(conditions: dict[str, dict[str, object]]) -> bool:
    return any(key.lower() == "iam:passedtoservice" for keys in conditions.values() for key in keys)


RULE = Rule(
    id="AWS-PASS-002",
    title="Every PassRole of a Porter role names the service it passes to",
    severity=Severity.HIGH,
    axis=Axis.POSTURE,
    family="passrole",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter to add iam:PassedToService and to list the roles.",
        owner="porter",
        risk_of_change="A service that is left out can no longer be set up by Porter.",
    ),
    references=(IAM_PASS_ROLE, PORTER_PERMISSIONS),
    claims=(34, 37),
)
