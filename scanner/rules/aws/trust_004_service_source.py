"""AWS-TRUST-004: AWS services may assume Porter roles for this account only.

## What it checks
Each AWS service that a Porter role trusts: may it assume the role for a source outside this account? Only a condition
on aws:SourceAccount, aws:SourceArn or, for Pod Identity, the cluster's ARN in the session tags rules that out.

## Why it matters
A service acts for all its customers. Without such a condition, only the service's own checks and iam:PassRole decide
on whose behalf it uses the role.

## Remediation
Ask Porter to add aws:SourceAccount or aws:SourceArn where the service sends them. Test first.

## Limits
Not every service sends these keys when it assumes a role: for EC2 instance profiles a condition may lock the
instances out.

## References
- https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
- https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import Answer
from scanner.model.common import JsonObject, NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import (
    EKS_POD_IDENTITY,
    IAM_CONFUSED_DEPUTY,
    not_applicable,
    role_subject,
    undecided_outcome,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import witness_of
from scanner.rules.judge import trust_body
from scanner.rules.questions import POSSIBLE, UNDECIDED, allowed_principals, ask_trust
from scanner.rules.words import listed, quote


def foreign_source(account_id: str) -> JsonObject:
    """Return what is true of a service's request that is not on behalf of this account, or does not say so.

    Pod Identity names the cluster in a session tag: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    """
    return {
        "StringNotEquals": {"aws:SourceAccount": [account_id]},
        "ArnNotLike": {"aws:SourceArn": [f"arn:*:*:*:{account_id}:*"]},
        "StringNotLike": {"aws:RequestTag/eks-cluster-arn": [f"arn:*:eks:*:{account_id}:cluster/*"]},
    }


def services_without_source(ctx: AwsContext, role: AwsRole) -> tuple[tuple[str, ...], Answer | None]:
    """Return the trusted services that may act for a foreign source, and one answer that shows it or is undecided."""
    body = trust_body(role.trust)
    if isinstance(body, NotObserved):
        return (), Answer(UNDECIDED, reason=body.reason)
    names = sorted({name for kind, name in allowed_principals(body) if kind == "Service"})
    conditions = foreign_source(ctx.account.account_id)
    free: list[str] = []
    shown: Answer | None = None
    for name in names:
        answer = ask_trust(role, {"Service": [name]}, ctx.account, ctx.catalogue, conditions=conditions)
        if answer.outcome == POSSIBLE:
            free.append(name)
        if answer.outcome == POSSIBLE or (answer.outcome == UNDECIDED and shown is None):
            shown = answer
    return tuple(free), shown


def trusts_services(role: AwsRole) -> bool:
    """Return whether the trust policy names a service, or could not be read."""
    body = trust_body(role.trust)
    return isinstance(body, NotObserved) or any(kind == "Service" for kind, _ in allowed_principals(body))


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter role that trusts a service."""
    found = False
    for role in ctx.porter_roles:
        if trusts_services(role):
            found = True
            yield _judge(ctx, role)
    if not found:
        yield not_applicable(ctx, "No Porter role trusts an AWS service.")


def _judge(ctx: AwsContext, role: AwsRole) -> Outcome:
    page = ctx.documented(role)
    free, answer = services_without_source(ctx, role)
    if not free and answer is not None:
        return undecided_outcome(
            role_subject(role), "The source of services", answer, porter_role=page.key if page else None
        )
    wide = page is None or page.assumable_from_outside
    if free:
        result, code = Result.FAIL, "NO_SOURCE_CONDITION"
        message = (
            f"{listed(free)} may assume {quote(role.name)} without aws:SourceAccount or aws:SourceArn of this account."
        )
    else:
        result, code = Result.PASS, "SOURCE_BOUND"
        message = f"Services assume {quote(role.name)} for this account only."
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=message,
        reason_code=code,
        severity=Severity.MEDIUM if wide else Severity.LOW,
        severity_reason="the role is also open to another account" if wide else "the role serves the cluster only",
        porter_role=page.key if page else None,
        observed=ObservedValue(list(free), "trust policy") if free else None,
        witness=witness_of(answer.witness) if answer else None,
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="AWS-TRUST-004",
    title="AWS services may assume Porter roles for this account only",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="external-id",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Ask Porter to add aws:SourceAccount where the service sends it.",
        owner="porter",
        risk_of_change="A service that does not send the key can no longer assume the role.",
    ),
    references=(IAM_CONFUSED_DEPUTY, EKS_POD_IDENTITY),
    claims=(7, 8, 9, 10, 11, 12),
)
