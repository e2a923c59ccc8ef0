"""Whose an AWS thing is once Porter should be gone: by trust, by documented name, or by Porter's own tag."""

from __future__ import annotations

from collections.abc import Container, Iterator

from scanner.access.records import Answer
from scanner.baseline.records import AwsBaseline
from scanner.model.common import NotObserved
from scanner.model.inventory import AwsRole, AwsStack
from scanner.rules.aws.stack_001_porter_role import live_stacks, owned_roles
from scanner.rules.base import AwsContext
from scanner.rules.context import matches_name
from scanner.rules.questions import IMPOSSIBLE, UNDECIDED, vendor_answer
from scanner.rules.revoked import command
from scanner.rules.vendor_marks import by_tag
from scanner.rules.words import quote


def trusting(ctx: AwsContext) -> Iterator[tuple[AwsRole, Answer]]:
    """Yield each role that may admit one of the vendor's accounts, with the engine's answer; unread ones too."""
    for role in sorted(ctx.account.roles, key=lambda r: r.arn):
        if isinstance(role.trust, NotObserved):
            yield role, Answer(UNDECIDED, reason=f"the trust policy could not be read: {role.trust.reason}")
        elif role in ctx.porter_roles or role in ctx.open_to_organizations:
            answer = vendor_answer(role, ctx.baseline, ctx.account, ctx.catalogue)
            if answer.outcome != IMPOSSIBLE:
                yield role, answer


def whose(ctx: AwsContext, role: AwsRole) -> str | None:
    """Return why a role is the vendor's whatever its trust says, in words; None: nothing says so."""
    return by_name(ctx.baseline, role.name) or by_tag(ctx.baseline, role.tags)


def by_name(baseline: AwsBaseline, name: str) -> str | None:
    """Return why a name is one of the vendor's: documented, or named by its other material. Case does not matter."""
    folded = name.lower()
    for page in baseline.roles:
        if matches_name(page.name_pattern.lower(), folded):
            return f"it is documented as {quote(page.key)}"
    for extra in baseline.known_extras:
        if matches_name(extra.name_pattern.lower(), folded):
            return f"other material of Porter names it ({extra.source})"
    return None


def vendor_roles(ctx: AwsContext) -> dict[str, AwsRole]:
    """Return the roles that are the vendor's by name, tag or trust, by ARN."""
    admitted = {role.arn for role, answer in trusting(ctx) if answer.outcome != UNDECIDED}
    return {role.arn: role for role in ctx.account.roles if role.arn in admitted or whose(ctx, role)}


def is_vendor_role_arn(ctx: AwsContext, vendors: Container[str], arn: str) -> bool:
    """Return whether a role ARN is one of the vendor's roles, there (`vendors`) or already deleted."""
    return arn in vendors or by_name(ctx.baseline, arn.rpartition("/")[2]) is not None


def looks_like_vendor(ctx: AwsContext, name: str) -> bool:
    """Return whether a name begins like the vendor's."""
    return name.lower().startswith(ctx.baseline.name_prefix.lower())


def role_removal(ctx: AwsContext, role: AwsRole) -> tuple[str, ...]:
    """Return the commands that delete a role, in the order in which IAM accepts them."""
    named = ("--role-name", role.name)
    steps = [delete_stack(s) for s in _owners(ctx, role)]
    for policy in role.policies:
        if policy.arn:
            steps.append(command("aws", "iam", "detach-role-policy", *named, "--policy-arn", policy.arn))
        elif not policy.name.startswith("("):  # a placeholder for a list that was not read
            steps.append(command("aws", "iam", "delete-role-policy", *named, "--policy-name", policy.name))
    for profile in role.instance_profiles:
        take = ("remove-role-from-instance-profile", "--instance-profile-name", profile)
        steps.append(command("aws", "iam", *take, *named))
    return (*steps, command("aws", "iam", "delete-role", *named))


def _owners(ctx: AwsContext, role: AwsRole) -> Iterator[AwsStack]:
    claim = ctx.baseline.stack
    for stack in live_stacks(ctx, claim) if claim else ():
        if role.name in owned_roles(stack):
            yield stack


def delete_stack(stack: AwsStack) -> str:
    """Return the command that deletes a stack."""
    return command("aws", "cloudformation", "delete-stack", "--stack-name", stack.name, "--region", stack.region)


def stack_words(ctx: AwsContext, role: AwsRole) -> str:
    """Return what the stack has to do with a role, in words."""
    owner = next(_owners(ctx, role), None)
    if owner is not None:
        return f"The stack {quote(owner.name)} in {owner.region} owns it."
    name = quote(ctx.baseline.stack.name) if ctx.baseline.stack else "no documented stack"
    return f"It belongs to no stack {name} that was found: deleting the stack does not remove it."
