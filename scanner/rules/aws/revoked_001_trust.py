"""AWS-REVOKED-001: No role admits one of Porter's accounts any more.

## What it checks
The trust policy of every role in the account, whatever the role is called. The access engine answers whether one of
Porter's accounts may assume it, wildcards and conditions included. The finding says whether the stack owns the role,
and lists the commands that delete it.

## Why it matters
Deleting the stack deletes the role that the stack made. Roles that Porter made later keep their own trust, and Porter
comes in through them as before. This is what people overlook most when they leave.

## Remediation
Delete every role named here, in the order of the commands. Where the role must stay for a reason of yours, take
Porter's account out of its trust policy.

## Limits
A role that is open to another organization than your own is MANUAL, since Porter's is not published; your own is
known where `organizations:DescribeOrganization` was answered. So is a role that trusts an identity provider, a
repository's owner or a service account named like Porter's. Access by a user or role of your own account that
somebody at Porter has keys of cannot be seen in a trust policy.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Container, Iterator

import msgspec

from scanner.access.records import Answer
from scanner.model.common import Observed
from scanner.model.finding import Axis, Outcome, Remediation, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_PRINCIPAL,
    PORTER_CONNECT,
    account_subject,
    evidence_of,
    key_of,
    role_subject,
    undecided_outcome,
)
from scanner.rules.aws._revoked import role_removal, stack_words, trusting, whose
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import witness_of
from scanner.rules.questions import UNDECIDED, by_organization_only
from scanner.rules.revoked import left, look_alike, none_left
from scanner.rules.vendor_marks import trust_marks
from scanner.rules.words import count, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per role that admits a Porter account or may do so, else one PASS for the account."""
    found = list(trusting(ctx))
    for role, answer in found:
        yield _judge(ctx, role, answer)
    pointing = list(_pointing(ctx, {role.arn for role, _ in found}))
    yield from pointing
    if not found and not pointing:
        read = count(len(ctx.account.roles), "role")
        yield none_left(account_subject(ctx), f"{read} read: none admits one of Porter's accounts.")


def _pointing(ctx: AwsContext, judged: Container[str]) -> Iterator[Outcome]:
    """Yield one MANUAL per other role whose trust points to Porter by something else than an AWS principal."""
    for role in sorted(ctx.account.roles, key=lambda r: r.arn):
        if role.arn in judged or not isinstance(role.trust, Observed):
            continue
        marks = tuple(dict.fromkeys(mark.words for mark in trust_marks(role.trust.value, ctx.baseline)))
        if marks:
            yield look_alike(
                role_subject(role),
                f"{quote(role.name)} {', '.join(marks[:3])}. That points to Porter: compare by hand.",
                evidence=evidence_of(role),
                severity=Severity.MEDIUM,
                code="POINTS_TO_PORTER",
            )


def _judge(ctx: AwsContext, role: AwsRole, answer: Answer) -> Outcome:
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), f"Whether {quote(role.name)} admits Porter", answer)
    if whose(ctx, role) is None and by_organization_only(role, ctx.baseline, ctx.account, ctx.catalogue):
        return look_alike(
            role_subject(role),
            f"{quote(role.name)} is open to an organization. Porter's organization is not published: "
            "compare the id by hand.",
            evidence=evidence_of(role),
            severity=Severity.MEDIUM,
            code="ORGANIZATION_UNKNOWN",
        )
    who = quote(answer.witness.principal) if answer.witness and answer.witness.principal else "one of Porter's accounts"
    outcome = left(
        role_subject(role),
        f"{quote(role.name)} still admits {who}. {stack_words(ctx, role)}",
        severity=Severity.CRITICAL,
        evidence=evidence_of(role),
        steps=role_removal(ctx, role),
        summary="Delete the roles that still admit Porter.",
        code="STILL_TRUSTS",
        porter_role=key_of(ctx, role),
        observed=role.arn,
    )
    return msgspec.structs.replace(outcome, witness=witness_of(answer.witness))


RULE = Rule(
    id="AWS-REVOKED-001",
    title="No role admits one of Porter's accounts any more",
    severity=Severity.CRITICAL,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Delete the roles that still admit Porter.",
        steps=("Detach and delete the role's policies.", "Delete the role."),
        cli="aws iam delete-role --role-name ROLE",
    ),
    references=(PORTER_CONNECT, IAM_PRINCIPAL),
    claims=(50, 51),
)
