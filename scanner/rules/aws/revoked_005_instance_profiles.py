"""AWS-REVOKED-005: No instance profile of Porter's is left.

## What it checks
Instance profiles that hold one of Porter's roles or have the name of one. Profiles without a role are read too.

## Why it matters
A profile hands its role to any machine that is started with it. An empty profile of a known name waits for a role.

## Remediation
Take the role out of the profile and delete the profile, with the commands of the finding.

## Limits
Profiles are recognised by the role they hold and by documented role names; Karpenter names its own otherwise.

## References
- https://docs.porter.run/security-and-compliance/aws-permissions
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Reference, Remediation, Severity, Subject
from scanner.model.inventory import AwsInstanceProfile
from scanner.model.kinds import AUTHORIZATION_DETAILS, INSTANCE_PROFILES
from scanner.rules.aws._common import PORTER_PERMISSIONS, account_subject
from scanner.rules.aws._revoked import by_name, is_vendor_role_arn, vendor_roles
from scanner.rules.base import AwsContext, Rule
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, listed, quote


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per profile that is left, else one PASS for the account."""
    vendors, found = vendor_roles(ctx), False
    for profile in ctx.account.instance_profiles:
        held = [arn.rpartition("/")[2] for arn in profile.role_arns if is_vendor_role_arn(ctx, vendors, arn)]
        named = by_name(ctx.baseline, profile.name)
        if held or named:
            found = True
            yield _left(profile, held, named)
    if not found:
        read = count(len(ctx.account.instance_profiles), "instance profile")
        yield none_left(account_subject(ctx), f"{read} read: none holds one of Porter's roles or has its name.")


def _left(profile: AwsInstanceProfile, held: list[str], named: str | None) -> Outcome:
    take = ("aws", "iam", "remove-role-from-instance-profile", "--instance-profile-name", profile.name, "--role-name")
    steps = [command(*take, arn.rpartition("/")[2]) for arn in profile.role_arns]
    steps.append(command("aws", "iam", "delete-instance-profile", "--instance-profile-name", profile.name))
    why = f"it holds {listed(held)}" if held else f"{named}"
    return left(
        profile_subject(profile),
        f"Instance profile {quote(profile.name)} is left: {why}.",
        severity=Severity.LOW,
        evidence=(profile.evidence,),
        steps=steps,
        summary="Delete the instance profiles of Porter's roles.",
        observed=list(profile.role_arns),
    )


def profile_subject(profile: AwsInstanceProfile) -> Subject:
    """Return an instance profile as a subject."""
    return Subject("aws.iam.instance_profile", profile.arn, profile.name)


RULE = Rule(
    id="AWS-REVOKED-005",
    title="No instance profile of Porter's is left",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS, INSTANCE_PROFILES),
    check=check,
    remediation=Remediation(
        summary="Delete the instance profiles of Porter's roles.",
        cli="aws iam delete-instance-profile --instance-profile-name NAME",
    ),
    references=(
        PORTER_PERMISSIONS,
        Reference(
            "AWS: instance profiles",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
            "id_roles_use_switch-role-ec2_instance-profiles.html",
        ),
    ),
    claims=(52,),
)
