"""AWS-CLAIM-002: IAM management lies with one role, and that role does nothing else.

## What it checks
Three statements of the page about the role that manages IAM. It is for IAM operations only: may it use an action of
another service? Only Porter's role assumes it for that purpose: do AWS services hold it too, without a purpose being
named? It is the role that manages IAM: may another Porter role create roles and give them policies?

## Why it matters
A reviewer who believes these statements removes one role and thinks IAM management has ended.

## Remediation
Ask Porter to take role management out of the other roles, and the unused services out of the trust.

## Limits
What is documented elsewhere on the page is conformant; this rule compares the page with itself. A permissions
boundary is not looked at.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import Answer
from scanner.model.common import Observed
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_BEST_PRACTICES,
    PORTER_PERMISSIONS,
    documented_roles,
    evidence_of,
    not_applicable,
    role_subject,
    undecided_outcome,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import spoken, witness_of
from scanner.rules.questions import POSSIBLE, UNDECIDED, allowed_principals, ask_permissions
from scanner.rules.words import listed, quote

IAM_MANAGER = "porter-access-manager"
"""The role that the page presents as the one that manages IAM (contradictions B10 and B13)."""
_LEAVE_OUT_IAM = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
_GIVE_POLICY = ("iam:AttachRolePolicy", "iam:PutRolePolicy")


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield two outcomes for the role that manages IAM, and one for each other documented role."""
    found = False
    for role, page in documented_roles(ctx):
        found = True
        if page.key == IAM_MANAGER:
            yield _iam_only(ctx, role)
            yield _services(role)
        else:
            yield _no_role_management(ctx, role, page.key)
    if not found:
        yield not_applicable(ctx, "No documented role exists in this account.")


def _iam_only(ctx: AwsContext, role: AwsRole) -> Outcome:
    answer = ask_permissions(role, ctx.account, ctx.catalogue, actions=("*",), also=(_LEAVE_OUT_IAM,))
    return _say(
        role,
        IAM_MANAGER,
        "iam-only",
        answer,
        f"{quote(role.name)} is for IAM operations only, yet may use {spoken(answer.witness)}.",
        f"{quote(role.name)} may use IAM actions only, as the page says.",
        Severity.MEDIUM,
    )


def _services(role: AwsRole) -> Outcome:
    subject = role_subject(role)
    if not isinstance(role.trust, Observed):
        unread = Answer(UNDECIDED, reason=role.trust.reason)
        return undecided_outcome(subject, "Its trust", unread, discriminator="services", porter_role=IAM_MANAGER)
    names = sorted({name for kind, name in allowed_principals(role.trust.value) if kind == "Service"})
    return Outcome(
        subject=subject,
        result=Result.FAIL if names else Result.PASS,
        message=f"{quote(role.name)} is for IAM only, yet {listed(names)} may assume it for no named purpose."
        if names
        else f"No AWS service may assume {quote(role.name)}.",
        reason_code="SERVICES_WITHOUT_PURPOSE" if names else "NO_SERVICE",
        discriminator="services",
        severity=Severity.LOW,
        porter_role=IAM_MANAGER,
        evidence=(role.evidence,),
    )


def _no_role_management(ctx: AwsContext, role: AwsRole, key: str) -> Outcome:
    create = ask_permissions(role, ctx.account, ctx.catalogue, actions=("iam:CreateRole",))
    give = ask_permissions(role, ctx.account, ctx.catalogue, actions=_GIVE_POLICY)
    answer = create if create.outcome != POSSIBLE else give
    return _say(
        role,
        key,
        "sole-manager",
        answer,
        f"{quote(role.name)} may create roles and give them policies too: "
        f"deleting {quote(IAM_MANAGER)} does not end IAM management.",
        f"{quote(role.name)} may not both create roles and give them policies.",
        Severity.HIGH,
    )


def _say(role: AwsRole, key: str, name: str, answer: Answer, broken: str, kept: str, severity: Severity) -> Outcome:
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), "The claim", answer, discriminator=name, porter_role=key)
    fails = answer.outcome == POSSIBLE
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL if fails else Result.PASS,
        message=broken if fails else kept,
        reason_code="CLAIM_BROKEN" if fails else "CLAIM_KEPT",
        discriminator=name,
        severity=severity,
        porter_role=key,
        witness=witness_of(answer.witness),
        evidence=evidence_of(role),
    )


RULE = Rule(
    id="AWS-CLAIM-002",
    title="IAM management lies with one role, and that role does nothing else",
    severity=Severity.HIGH,
    axis=Axis.POSTURE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter to keep role management in one role and to drop services without a purpose.",
        owner="porter",
        risk_of_change="Only Porter can change which role its platform uses.",
    ),
    references=(PORTER_PERMISSIONS, IAM_BEST_PRACTICES),
    claims=(23, 45),
)
