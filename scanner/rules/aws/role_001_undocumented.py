"""AWS-ROLE-001: Every role that is Porter's by name or trust is documented.

## What it checks
Every IAM role whose name starts like Porter's, that carries Porter's tag, or whose trust policy admits one of Porter's
accounts, is looked up in the documented version. A role that is not there fails. The access engine answers whether the
trust admits Porter, so a role that trusts everyone counts too, unless its conditions shut Porter out. A role that
trusts an identity provider on Porter's domain fails too.

## Why it matters
A role nobody documented is access nobody reviewed. It survives the removal of everything that is documented.

## Remediation
Ask Porter what the role is for. Remove it, or take Porter's account out of its trust policy, if there is no answer.

## Limits
Porter's organization is not published. A role that is open to another organization than your own is MANUAL: a person
must compare it; your own is known where `organizations:DescribeOrganization` was answered. So is a role whose trust
names what is called like Porter's: a repository's owner, a service account, an account of Porter's in a condition. A
role that belongs to Porter but has another name and no tag, and trusts only roles of this account, is not recognised;
nor is one that trusts every subject of an identity provider that many share.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import Answer
from scanner.baseline.records import KnownExtra
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_PRINCIPAL,
    PORTER_PERMISSIONS,
    account_subject,
    evidence_of,
    expectation,
    not_applicable,
    role_subject,
    undecided_outcome,
)
from scanner.rules.aws._power import ADMINISTRATOR, IAM_ADMINISTRATOR, grants_all
from scanner.rules.base import AwsContext, Rule
from scanner.rules.context import is_named_like_vendor, matches_name
from scanner.rules.differences import witness_of
from scanner.rules.held import held_by_role
from scanner.rules.questions import POSSIBLE, UNDECIDED, ask_permissions, vendor_answer
from scanner.rules.vendor_marks import by_tag, trust_marks
from scanner.rules.words import count, quote, worst

_ROLE_MANAGEMENT = (
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:UpdateAssumeRolePolicy",
)


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per role that is or may be Porter's, unread trust among them, else one for the account."""
    found = False
    for role in (*ctx.porter_roles, *ctx.open_to_organizations):
        found = True
        yield _judge(ctx, role) if role in ctx.porter_roles else _open_to_organization(ctx, role)
    for role in sorted(ctx.account.roles, key=lambda r: r.arn):
        if role in ctx.porter_roles or role in ctx.open_to_organizations:
            continue
        outcome = _other(ctx, role)
        if outcome is not None:
            found = True
            yield outcome
    if not found:
        yield _none_found(ctx)


def _other(ctx: AwsContext, role: AwsRole) -> Outcome | None:
    """Return what to say of a role that neither its name nor an AWS principal makes Porter's; None: nothing."""
    if isinstance(role.trust, NotObserved):
        return Outcome(
            subject=role_subject(role),
            result=Result.INCOMPLETE,
            message=f"The trust policy of {quote(role.name)} could not be read, so Porter may be admitted by it.",
            reason_code="TRUST_UNREAD",
            evidence=(role.evidence,),
        )
    marks = list(dict.fromkeys(trust_marks(role.trust.value, ctx.baseline)))
    if not marks:
        return None
    certain = [mark for mark in marks if mark.certain]
    powerful = _power(ctx, role)
    shown = [mark.words for mark in certain or marks]
    words = ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")
    ask = "It is not documented" if certain else "That points to Porter: compare by hand"
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL if certain else Result.MANUAL,
        message=f"{quote(role.name)} {words}. {ask}.",
        reason_code="IDENTITY_PROVIDER" if certain else "POINTS_TO_PORTER",
        severity=(Severity.CRITICAL if powerful else Severity.HIGH) if certain else Severity.MEDIUM,
        severity_reason=f"it {powerful}" if certain and powerful else "",
        observed=ObservedValue({"marks": [mark.words for mark in marks], **held_by_role(role)}, "trust policy"),
        evidence=evidence_of(role),
    )


def _none_found(ctx: AwsContext) -> Outcome:
    if not ctx.account.roles:
        return not_applicable(ctx, "No role was read in this account.")
    roles = count(len(ctx.account.roles), "role")
    return Outcome(
        subject=account_subject(ctx),
        result=Result.PASS,
        message=f"{roles} examined: none is named like Porter's and none admits a Porter account.",
        reason_code="NONE_FOUND",
    )


def _judge(ctx: AwsContext, role: AwsRole) -> Outcome:
    page = ctx.documented(role)
    if page is not None:
        return Outcome(
            subject=role_subject(role),
            result=Result.PASS,
            message=f"Documented as {quote(page.key)}.",
            reason_code="DOCUMENTED",
            porter_role=page.key,
            expected=expectation(ctx, page.key, page.source),
            evidence=(role.evidence,),
        )
    admits = vendor_answer(role, ctx.baseline, ctx.account, ctx.catalogue)
    if admits.outcome == UNDECIDED and not _claims(ctx, role):
        return undecided_outcome(role_subject(role), f"Whether {quote(role.name)} admits Porter", admits)
    return _undocumented(ctx, role, admits)


def _claims(ctx: AwsContext, role: AwsRole) -> str:
    """Return how a role says itself that it is Porter's, in words; empty: it does not."""
    if is_named_like_vendor(role.name, ctx.baseline):
        return "is named like Porter's"
    return "carries Porter's tag" if by_tag(ctx.baseline, role.tags) else ""


def _open_to_organization(ctx: AwsContext, role: AwsRole) -> Outcome:
    admits = vendor_answer(role, ctx.baseline, ctx.account, ctx.catalogue)
    return Outcome(
        subject=role_subject(role),
        result=Result.MANUAL,
        message=f"{quote(role.name)} is open to an organization. Porter's organization is not published: "
        "compare the id by hand.",
        reason_code="ORGANIZATION_UNKNOWN",
        severity=Severity.MEDIUM,
        witness=witness_of(admits.witness),
        evidence=(role.evidence,),
    )


def _undocumented(ctx: AwsContext, role: AwsRole, admits: Answer) -> Outcome:
    extra = next(
        (e for e in ctx.baseline.known_extras if matches_name(e.name_pattern.lower(), role.name.lower())), None
    )
    severity, why = _severity(ctx, role, admits, extra)
    who = "admits Porter's account" if admits.outcome == POSSIBLE else _claims(ctx, role)
    if admits.outcome == UNDECIDED:
        who = f"{who} and may admit it ({admits.reason})"
    known = f" Other material names it: {extra.reason}" if extra else ""
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL,
        message=f"{quote(role.name)} {who} and is not documented.{known}",
        reason_code="KNOWN_EXTRA" if extra else "NOT_DOCUMENTED",
        severity=severity,
        severity_reason=why,
        expected=expectation(ctx, sorted(r.name_pattern for r in ctx.baseline.roles)),
        observed=ObservedValue(held_by_role(role), "trust policy"),
        witness=witness_of(admits.witness),
        evidence=evidence_of(role),
    )


def _severity(ctx: AwsContext, role: AwsRole, admits: Answer, extra: KnownExtra | None) -> tuple[Severity, str]:
    """Return impact by what the role can do and who may assume it."""
    powerful = _power(ctx, role)
    if admits.outcome == POSSIBLE and powerful:
        return Severity.CRITICAL, f"Porter may assume it, and it {powerful}"
    if admits.outcome == POSSIBLE:
        return Severity.HIGH, "Porter may assume it"
    if powerful:
        return Severity.HIGH, f"it {powerful}"
    stated = Severity(extra.severity) if extra else Severity.MEDIUM
    return worst([stated, Severity.LOW]), f"it {_claims(ctx, role)}; no Porter account may assume it"


def _power(ctx: AwsContext, role: AwsRole) -> str:
    if grants_all(ctx, role, ADMINISTRATOR):
        return "is an administrator"
    if grants_all(ctx, role, IAM_ADMINISTRATOR):
        return "may use every IAM action"
    answer = ask_permissions(role, ctx.account, ctx.catalogue, actions=_ROLE_MANAGEMENT)
    return f"may use {answer.witness.action}" if answer.outcome == POSSIBLE and answer.witness else ""


RULE = Rule(
    id="AWS-ROLE-001",
    title="Every role that is Porter's by name or trust is documented",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter what the role is for; remove it or its trust in Porter if nobody can say.",
        steps=("Look up in CloudTrail who assumed the role.", "Ask Porter's support.", "Delete the role or its trust."),
        cli="aws iam get-role --role-name ROLE",
        risk_of_change="Deleting a role in use stops what Porter does with it.",
    ),
    references=(PORTER_PERMISSIONS, IAM_PRINCIPAL),
    claims=(3, 17),
)
