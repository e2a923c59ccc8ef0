"""AWS-REVOKED-003: The stack that Porter had you create is gone.

## What it checks
CloudFormation stacks of the documented name that are not deleted, in every region that was read. A deletion that
failed or has not ended is named as such.

## Why it matters
While the stack exists, so does the role it made, and a failed deletion is easily taken for one that worked.

## Remediation
Delete the stack. Where deletion failed, read the stack's events; often something was attached to the role by hand.

## Limits
Found by name only: a stack that was created under another name shows by the role it owns (AWS-REVOKED-001).

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-delete-stack.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Reference, Remediation, Severity, Subject
from scanner.model.kinds import REGIONS, STACK
from scanner.rules.aws._common import PORTER_CONNECT, account_subject, not_applicable
from scanner.rules.aws._revoked import delete_stack
from scanner.rules.aws.stack_001_porter_role import live_stacks, owned_roles
from scanner.rules.base import AwsContext, Rule
from scanner.rules.revoked import left, none_left
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per stack that is left, else one PASS for the account."""
    claim = ctx.baseline.stack
    if claim is None:
        yield not_applicable(ctx, "The documented version names no stack.")
        return
    found = live_stacks(ctx, claim)
    for stack in found:
        owned = sorted(owned_roles(stack))
        yield left(
            Subject(type="aws.cloudformation.stack", key=stack.stack_id, name=stack.name),
            f"Stack {quote(stack.name)} is left in {stack.region} ({stack.status}) and owns "
            f"{listed(owned) if owned else 'no role'}.",
            severity=Severity.MEDIUM,
            evidence=(stack.evidence,),
            steps=(delete_stack(stack),),
            summary="Delete the stack.",
            region=stack.region,
            observed={"status": stack.status, "roles": owned},
        )
    if not found:
        regions = count(len(ctx.account.regions), "region")
        yield none_left(account_subject(ctx), f"No stack {quote(claim.name)} exists in the {regions} read.")


RULE = Rule(
    id="AWS-REVOKED-003",
    title="The stack that Porter had you create is gone",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(REGIONS, STACK),
    check=check,
    remediation=Remediation(
        summary="Delete the stack.",
        cli="aws cloudformation delete-stack --stack-name PorterRole --region REGION",
    ),
    references=(
        PORTER_CONNECT,
        Reference(
            "AWS: deleting a stack",
            "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-delete-stack.html",
        ),
    ),
    claims=(50,),
)
