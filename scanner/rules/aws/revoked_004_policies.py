"""AWS-REVOKED-004: No customer-managed policy of Porter's roles is left.

## What it checks
The account's own managed policies: those that are attached to nothing but roles of Porter's.

## Why it matters
A managed policy survives the role it was made for. It can be attached again at once, and it clutters every later
review with permissions nobody asked for.

## Remediation
Detach the policy, delete its old versions, then the policy.

## Limits
Porter's documents name no policies. One that is attached to nothing and merely has a name like Porter's is listed by
AWS-REVOKED-009; one that is attached to a role of yours too is taken for yours.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Remediation, Severity, Subject
from scanner.model.inventory import AwsGroup, AwsManagedPolicy, AwsRole, AwsUser
from scanner.model.kinds import AUTHORIZATION_DETAILS
from scanner.rules.aws._common import IAM_MANAGED, PORTER_PERMISSIONS, account_subject
from scanner.rules.aws._revoked import vendor_roles
from scanner.rules.base import AwsContext, Rule
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per policy of Porter's roles alone, else one PASS for the account."""
    vendors = set(vendor_roles(ctx))
    holders = _holders(ctx)
    own = [p for p in ctx.account.policies if not p.aws_managed]
    found = [p for p in own if holders.get(p.arn) and holders[p.arn].keys() <= vendors]
    for policy in found:
        yield _left(policy, sorted(holders[policy.arn].values()))
    if not found:
        read = count(len(own), "customer-managed policy", "customer-managed policies")
        yield none_left(account_subject(ctx), f"{read} read: none is attached to roles of Porter's alone.")


def _holders(ctx: AwsContext) -> dict[str, dict[str, str]]:
    """Return who holds each managed policy: ARN of the policy to ARN and name of each holder."""
    found: dict[str, dict[str, str]] = {}
    identities: list[AwsRole | AwsUser | AwsGroup] = [*ctx.account.roles, *ctx.account.users, *ctx.account.groups]
    for identity in identities:
        for policy in identity.policies:
            if policy.arn:
                found.setdefault(policy.arn, {})[identity.arn] = identity.name
    return found


def _left(policy: AwsManagedPolicy, names: list[str]) -> Outcome:
    return left(
        policy_subject(policy),
        f"{quote(policy.name)} is attached to {listed(names)} and to nothing else.",
        severity=Severity.LOW,
        evidence=(policy.evidence,),
        steps=policy_removal(policy, names),
        summary="Delete the policies that only Porter's roles have.",
        observed=names,
    )


def policy_subject(policy: AwsManagedPolicy) -> Subject:
    """Return a managed policy as a subject."""
    return Subject("aws.iam.policy", policy.arn, policy.name)


def policy_removal(policy: AwsManagedPolicy, roles: list[str]) -> tuple[str, ...]:
    """Return the commands that delete a policy."""
    named = ("--policy-arn", policy.arn)
    off = [command("aws", "iam", "detach-role-policy", "--role-name", role, *named) for role in roles]
    versions = [
        command("aws", "iam", "delete-policy-version", *named, "--version-id", version)
        for version in policy.other_versions
    ]
    return (*off, *versions, command("aws", "iam", "delete-policy", *named))


RULE = Rule(
    id="AWS-REVOKED-004",
    title="No customer-managed policy of Porter's roles is left",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Delete the policies that only Porter's roles have.",
        cli="aws iam delete-policy --policy-arn ARN",
    ),
    references=(PORTER_PERMISSIONS, IAM_MANAGED),
    claims=(52,),
)
