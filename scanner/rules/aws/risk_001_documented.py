"""AWS-RISK-001: Porter roles cannot touch what belongs to others, nor switch off detection.

## What it checks
The risk notes on the documented access that are not escalations: keys, buckets, secrets, databases, detection, nodes,
Karpenter and the telemetry prefix. Each is put to the access engine as questions about resources that cannot be
Porter's, for the roles it names.

## Why it matters
All of it is documented, so the conformance rules pass. A customer who accepts the document should know that it
includes this.

## Remediation
Keep other workloads out of the account Porter works in, or deny Porter's roles access to them by resource policies or
by a service control policy. Ask Porter to limit the statements by tag or name.

## Limits
Resource policies, key policies and service control policies are not read: they may forbid what the role's own
policies allow.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.records import Answer
from scanner.model.finding import Axis, Expected, ObservedValue, Outcome, Remediation, Result, Severity
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
from scanner.rules.aws._reach import Reach
from scanner.rules.aws.documented_risks import RISKS, DocumentedRisk
from scanner.rules.base import AwsContext, Rule
from scanner.rules.differences import spoken, witness_of
from scanner.rules.questions import POSSIBLE, UNDECIDED
from scanner.rules.words import listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per risk note and live role it speaks of."""
    found = False
    for role, page in documented_roles(ctx):
        reach = Reach(ctx, role)
        for risk in RISKS:
            if page.key in _roles(ctx, risk):
                found = True
                yield _judge(ctx, role, page.key, risk, reach)
    if not found:
        yield not_applicable(ctx, "No role that a risk note speaks of exists in this account.")


def _roles(ctx: AwsContext, risk: DocumentedRisk) -> tuple[str, ...]:
    note = next((n for n in ctx.baseline.risk_notes if n.id == risk.id), None)
    return note.roles if note else risk.roles


def _judge(ctx: AwsContext, role: AwsRole, key: str, risk: DocumentedRisk, reach: Reach) -> Outcome:
    answers = [reach.ask(step) for step in risk.steps]
    possible = [a for a in answers if a.outcome == POSSIBLE]
    undecided = next((a for a in answers if a.outcome == UNDECIDED), None)
    if not possible and undecided is not None:
        return undecided_outcome(role_subject(role), risk.title, undecided, discriminator=risk.id, porter_role=key)
    note = next((n for n in ctx.baseline.risk_notes if n.id == risk.id), None)
    return Outcome(
        subject=role_subject(role),
        result=Result.FAIL if possible else Result.PASS,
        message=f"{risk.title}: {quote(role.name)} may use {_actions(possible)}, such as {spoken(possible[0].witness)}."
        if possible
        else f"{quote(role.name)} may do nothing of this: {risk.title[0].lower()}{risk.title[1:]}.",
        reason_code="DOCUMENTED_RISK" if possible else "NOT_POSSIBLE",
        discriminator=risk.id,
        severity=Severity(note.severity) if note else risk.severity,
        porter_role=key,
        expected=Expected(note.summary, f"risk note {risk.id}") if note else None,
        observed=ObservedValue(sorted({a.witness.action for a in possible if a.witness}), "possible")
        if possible
        else None,
        witness=witness_of(possible[0].witness) if possible else None,
        evidence=evidence_of(role),
    )


def _actions(possible: list[Answer]) -> str:
    return listed((a.witness.action for a in possible if a.witness), 7)


RULE = Rule(
    id="AWS-RISK-001",
    title="Porter roles cannot touch what belongs to others, nor switch off detection",
    severity=Severity.HIGH,
    axis=Axis.POSTURE,
    family="excess",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Give Porter an account of its own, or deny its roles access to other workloads.",
        steps=(
            "Move other workloads out of the account, or",
            "deny Porter's roles in their resource policies and in a service control policy.",
        ),
        risk_of_change="A deny that matches Porter's own resources stops its controllers.",
    ),
    references=(PORTER_PERMISSIONS, IAM_BEST_PRACTICES),
    claims=(40, 41, 42, 46),
)
