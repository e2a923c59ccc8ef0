"""AWS-STACK-001: The CloudFormation stack exists and owns what it should.

## What it checks
The stack that Porter has customers create: it exists while Porter roles exist, owns one of the roles it is documented
to create, owns nothing but IAM roles, and CloudFormation does not report drift. Two pages name different roles;
either is accepted.

## Why it matters
Deleting the stack is how customers are told to revoke access. A stack that does not own the role revokes nothing; a
drifted one shows that somebody changed the role by hand.

## Remediation
Find out who made the roles if there is no stack. Run drift detection, and restore the template's state.

## Limits
Looked for by name in every region that was read. Drift is what CloudFormation last detected; this tool does not start
a detection. The template itself is not read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.baseline.records import StackClaim
from scanner.model.finding import Axis, ObservedValue, Outcome, Reference, Remediation, Result, Severity, Subject
from scanner.model.inventory import AwsStack
from scanner.model.kinds import AUTHORIZATION_DETAILS, REGIONS, STACK
from scanner.rules.aws._common import PORTER_CONNECT, account_subject, expectation, not_applicable
from scanner.rules.base import AwsContext, Rule
from scanner.rules.words import count, listed, quote, worst

_ROLE = "AWS::IAM::Role"
_DEAD = ("DELETE_COMPLETE",)


class _Defect(msgspec.Struct, frozen=True):
    code: str
    severity: Severity
    words: str


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one outcome per stack of the documented name, else one for the account."""
    claim = ctx.baseline.stack
    if claim is None:
        yield not_applicable(ctx, "The documented version names no stack.")
        return
    found = live_stacks(ctx, claim)
    for stack in found:
        yield _judge(ctx, claim, stack)
    if not found:
        yield _absent(ctx, claim)


def live_stacks(ctx: AwsContext, claim: StackClaim) -> list[AwsStack]:
    """Return the stacks of the documented name that are not deleted, the documented region first."""
    found = [s for s in ctx.account.stacks if s.name == claim.name and s.status not in _DEAD]
    return sorted(found, key=lambda s: (s.region != claim.region_hint, s.region))


def owned_roles(stack: AwsStack) -> set[str]:
    """Return the names of the roles that the stack owns."""
    return {r.physical_id for r in stack.resources if r.type == _ROLE and r.physical_id and r.status not in _DEAD}


def _absent(ctx: AwsContext, claim: StackClaim) -> Outcome:
    if not ctx.porter_roles and ctx.account.scope.presence != "expected":
        return not_applicable(ctx, f"No stack {quote(claim.name)} and no Porter role exist.", "NO_PORTER_ACCESS")
    if ctx.account.regions_named:
        words = f"No stack {quote(claim.name)} in {listed(ctx.account.regions)}; no other region was asked for."
        return not_applicable(ctx, words, "REGIONS_NAMED")
    names = [r.name for r in ctx.porter_roles]
    return Outcome(
        subject=account_subject(ctx),
        result=Result.FAIL,
        message=f"No stack {quote(claim.name)} exists in any region read, although {count(len(names), 'Porter role')} "
        f"exist: {listed(names)}.",
        reason_code="ABSENT_STACK",
        expected=expectation(ctx, claim.name, claim.source),
        evidence=tuple(r.evidence for r in ctx.porter_roles),
    )


def _judge(ctx: AwsContext, claim: StackClaim, stack: AwsStack) -> Outcome:
    # What is there comes before what is not: claims of absence fall where something could not be read.
    defects = sorted(_defects(ctx, claim, stack), key=lambda d: d.code.startswith("ABSENT"))
    owned = sorted(owned_roles(stack))
    facts = (
        f"Stack {quote(stack.name)} in {stack.region} ({stack.status}) owns {listed(owned) if owned else 'no role'}."
    )
    return Outcome(
        subject=Subject(type="aws.cloudformation.stack", key=stack.stack_id, name=stack.name),
        result=Result.FAIL if defects else Result.PASS,
        message=" ".join([facts, *(f"{d.words}." for d in defects)]),
        reason_code=defects[0].code if defects else "AS_DOCUMENTED",
        severity=worst(d.severity for d in defects) if defects else None,
        region=stack.region,
        porter_role=next((name for name in claim.creates_roles if name in owned), None),
        expected=expectation(
            ctx, {"roles": list(claim.creates_roles), "types": list(claim.resource_types)}, claim.source
        ),
        observed=ObservedValue(
            {
                "resources": [f"{r.type} {r.physical_id or r.logical_id}" for r in stack.resources],
                "parameters": dict(stack.parameters),
                "drift": stack.drift_status,
            },
            stack.name,
        ),
        evidence=(stack.evidence,),
    )


def _defects(ctx: AwsContext, claim: StackClaim, stack: AwsStack) -> Iterator[_Defect]:
    owned = owned_roles(stack)
    if not owned & set(claim.creates_roles):
        yield _Defect("ABSENT_OWNED_ROLE", Severity.MEDIUM, f"It owns none of {listed(claim.creates_roles)}")
    live = {r.name for r in ctx.account.roles}
    gone = sorted(owned - live)
    if gone:
        yield _Defect("ABSENT_ROLE", Severity.LOW, f"{listed(gone)} no longer exists in IAM")
    strange = sorted({r.type for r in stack.resources if r.type not in claim.resource_types and r.status not in _DEAD})
    if strange:
        yield _Defect("OTHER_RESOURCES", Severity.MEDIUM, f"It also owns {listed(strange)}")
    drifted = [r.logical_id for r in stack.resources if r.drift_status in ("MODIFIED", "DELETED")]
    if stack.drift_status == "DRIFTED" or drifted:
        yield _Defect(
            "DRIFTED", Severity.MEDIUM, "CloudFormation reports drift" + (f" of {listed(drifted)}" if drifted else "")
        )


RULE = Rule(
    id="AWS-STACK-001",
    title="The CloudFormation stack exists and owns what it should",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="drift",
    requires=(AUTHORIZATION_DETAILS, REGIONS, STACK),
    check=check,
    remediation=Remediation(
        summary="Find out who made the roles; restore the state of the template.",
        steps=("Run drift detection on the stack.", "Compare the role with the template.", "Ask Porter's support."),
        cli="aws cloudformation detect-stack-drift --stack-name PorterRole --region us-east-2",
        risk_of_change="Deleting the stack deletes the role it owns and with it Porter's access.",
    ),
    references=(
        PORTER_CONNECT,
        Reference(
            "AWS: detecting drift",
            "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html",
        ),
    ),
    claims=(1, 2),
)
