"""AWS-CLAIM-004: Pod roles said to be scoped to the account are scoped by a condition.

## What it checks
The role of the Karpenter controller, which the page calls scoped to the customer's account: may Pod Identity assume
it for a source that is not of this account, as far as its trust policy says?

## Why it matters
The claim cannot be verified from a trust policy without a condition on the source or on the cluster. It then rests on
EKS alone, which only gives a role to clusters of the role's own account.

## Remediation
Ask Porter to bind the trust to the account or to the cluster's ARN in the session tags. Test first.

## Limits
EKS itself requires the role and the cluster to be in one account, so this is a claim without evidence, not a hole.

## References
- https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
- https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records import DocumentedRole
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    EKS_POD_IDENTITY,
    IAM_CONFUSED_DEPUTY,
    documented_roles,
    expectation,
    not_applicable,
    role_subject,
    undecided_outcome,
)
from scanner.rules.aws._pods import POD_SERVICE
from scanner.rules.aws.trust_004_service_source import foreign_source
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import witness_of
from scanner.rules.questions import POSSIBLE, UNDECIDED, ask_trust
from scanner.rules.words import quote

SCOPED = ("porter-karpenter",)
"""Roles of which the page says that they are scoped to the account (contradiction B9)."""


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per live role of which the page makes the claim."""
    found = False
    for role, page in documented_roles(ctx):
        if page.key in SCOPED:
            found = True
            yield _judge(ctx, role, page)
    if not found:
        yield not_applicable(ctx, "No role that is said to be scoped to the account exists here.")


def _judge(ctx: AwsContext, role: AwsRole, page: DocumentedRole) -> Outcome:
    source = foreign_source(ctx.account.account_id)
    answer = ask_trust(role, {"Service": [POD_SERVICE]}, ctx.account, ctx.catalogue, conditions=source)
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), "The scope of its trust", answer, porter_role=page.key)
    open_ended = answer.outcome == POSSIBLE
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL if open_ended else Result.PASS,
        message=f"{quote(role.name)} is said to be scoped to this account; no condition on its trust shows it."
        if open_ended
        else f"The trust policy of {quote(role.name)} admits Pod Identity for this account only.",
        reason_code="NOT_EVIDENCED" if open_ended else "EVIDENCED",
        porter_role=page.key,
        expected=expectation(ctx, "scoped to the account", page.source),
        witness=witness_of(answer.witness),
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="AWS-CLAIM-004",
    title="Pod roles said to be scoped to the account are scoped by a condition",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="external-id",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter to bind the trust to the account or to the cluster.",
        owner="porter",
        risk_of_change="A condition that EKS does not meet stops the controller: test first.",
    ),
    references=(EKS_POD_IDENTITY, IAM_CONFUSED_DEPUTY),
    claims=(12,),
)
