"""AWS-CLAIM-003: Deleting the stack ends Porter's access.

## What it checks
The roles that admit one of Porter's accounts, against the roles that the CloudFormation stack owns. A role that the
stack does not own stays when the stack is deleted, and keeps its trust.

## Why it matters
One page says that deleting the stack prevents Porter from accessing the account. The other says that it removes IAM
management only. Whoever follows the first believes to have revoked what still works.

## Remediation
To revoke access, delete every role named here, or take Porter's account out of its trust policy, after deleting the
stack.

## Limits
Where no stack was found, the role that the page says the stack creates is taken to be its own.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.porter.run/security-and-compliance/aws-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import Answer
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS, STACK
from scanner.rules.aws._common import (
    PORTER_CONNECT,
    PORTER_PERMISSIONS,
    expectation,
    key_of,
    not_applicable,
    role_subject,
    undecided_outcome,
)
from scanner.rules.aws.stack_001_porter_role import live_stacks, owned_roles
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import witness_of
from scanner.rules.questions import IMPOSSIBLE, UNDECIDED, vendor_answer
from scanner.rules.words import quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per role that admits a Porter account."""
    if ctx.baseline.stack is None:
        yield not_applicable(ctx, "The documented version has no stack whose deletion could end the access.")
        return
    answers = [(r, vendor_answer(r, ctx.baseline, ctx.account, ctx.catalogue)) for r in ctx.porter_roles]
    admitted = [(role, answer) for role, answer in answers if answer.outcome != IMPOSSIBLE]
    owned = _owned(ctx, [role.name for role, _ in admitted])
    for role, answer in admitted:
        yield _judge(ctx, role, answer, owned)
    if not admitted:
        yield not_applicable(ctx, "No role admits a Porter account.")


def _owned(ctx: AwsContext, admitted: list[str]) -> set[str]:
    """Return the roles that go with the stack: those it owns; without one, the first it is documented to create."""
    claim = ctx.baseline.stack
    if claim is None:
        return set()
    stacks = live_stacks(ctx, claim)
    if stacks:
        return set().union(*(owned_roles(s) for s in stacks))
    return set([name for name in claim.creates_roles if name in admitted][:1])


def _judge(ctx: AwsContext, role: AwsRole, answer: Answer, owned: set[str]) -> Outcome:
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), "Whether it admits Porter", answer, porter_role=key_of(ctx, role))
    goes = role.name in owned
    claim = ctx.baseline.stack
    return Outcome(
        subject=role_subject(role),
        result=Result.PASS if goes else Result.FAIL,
        message=f"{quote(role.name)} belongs to the stack and goes with it."
        if goes
        else f"{quote(role.name)} admits Porter and does not belong to the stack: it stays when the stack is deleted.",
        reason_code="OWNED_BY_STACK" if goes else "STAYS_AFTER_STACK",
        porter_role=key_of(ctx, role),
        expected=expectation(ctx, "deleting the stack ends Porter's access", claim.source if claim else None),
        witness=None if goes else witness_of(answer.witness),
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="AWS-CLAIM-003",
    title="Deleting the stack ends Porter's access",
    severity=Severity.HIGH,
    axis=Axis.POSTURE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS,),
    supplementary=(STACK,),
    check=check,
    remediation=Remediation(
        summary="To revoke, delete these roles too, or take Porter's account out of their trust.",
        steps=("Delete the clusters in Porter.", "Delete the stack.", "Delete or lock each role named here."),
        cli="aws iam delete-role --role-name ROLE",
        risk_of_change="Until you want to leave Porter: none, nothing needs to change.",
    ),
    references=(PORTER_CONNECT, PORTER_PERMISSIONS),
    claims=(50, 51),
)
