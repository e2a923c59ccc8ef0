"""AWS-CLAIM-001: A bucket role reaches the objects of its own bucket only.

## What it checks
Each live per-bucket role: may it read, write or delete an object of a bucket that cannot be its own? The engine is
asked with two made-up bucket names, one of them with Porter's prefix.

## Why it matters
The page promises one bucket per role; the statement it prints grants every bucket of every account that admits the
role. A pod with one of these roles reads every bucket in the account that does not forbid it.

## Remediation
Ask Porter to put the bucket's ARN into the policy. Protect other buckets by a bucket policy that denies these roles.

## Limits
The printed ARN is the documented grant, so the conformance rules pass; this rule judges the claim. Bucket policies
are not read.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.baseline.records import DocumentedRole
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    IAM_BEST_PRACTICES,
    PORTER_PERMISSIONS,
    documented_roles,
    evidence_of,
    expectation,
    not_applicable,
    role_subject,
    undecided_outcome,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import spoken, witness_of
from scanner.rules.questions import POSSIBLE, UNDECIDED, ask_permissions
from scanner.rules.words import quote

_OBJECT_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
_FOREIGN_BUCKETS = ("a-bucket-of-another-team", "porter-a-bucket-of-another-cluster")


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per live per-bucket role."""
    found = False
    for role, page in documented_roles(ctx):
        if "*" in page.name_pattern:
            found = True
            yield _judge(ctx, role, page)
    if not found:
        yield not_applicable(ctx, "No per-bucket role exists in this account.")


def _judge(ctx: AwsContext, role: AwsRole, page: DocumentedRole) -> Outcome:
    resources = tuple(f"arn:{ctx.account.partition}:s3:::{bucket}/object" for bucket in _FOREIGN_BUCKETS)
    answer = ask_permissions(role, ctx.account, ctx.catalogue, actions=_OBJECT_ACTIONS, resources=resources)
    if answer.outcome == UNDECIDED:
        return undecided_outcome(role_subject(role), "The buckets it reaches", answer, porter_role=page.key)
    broken = answer.outcome == POSSIBLE
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL if broken else Result.PASS,
        message=f"{quote(role.name)} reaches other buckets too: {spoken(answer.witness)}. The page says one."
        if broken
        else f"{quote(role.name)} does not reach the objects of other buckets.",
        reason_code="OTHER_BUCKETS" if broken else "OWN_BUCKET",
        porter_role=page.key,
        expected=expectation(ctx, "objects of its own bucket", page.source),
        witness=witness_of(answer.witness),
        evidence=evidence_of(role),
    )


RULE = Rule(
    id="AWS-CLAIM-001",
    title="A bucket role reaches the objects of its own bucket only",
    severity=Severity.HIGH,
    axis=Axis.POSTURE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter to name the bucket in the policy; deny these roles on your other buckets.",
        owner="porter",
        risk_of_change="A bucket policy that denies too much stops log collection.",
    ),
    references=(PORTER_PERMISSIONS, IAM_BEST_PRACTICES),
    claims=(20, 47),
)
