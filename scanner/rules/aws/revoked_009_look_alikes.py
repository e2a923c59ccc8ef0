"""AWS-REVOKED-009: Nothing else has a name like Porter's.

## What it checks
Roles, customer-managed policies, instance profiles and identity providers whose names begin like Porter's although
nothing else says that they are: no trust in Porter, no documented name, no tag. Also providers of EKS clusters that
no longer exist, as Porter's clusters leave them.

## Why it matters
They may be what Porter left under a name nobody documented, or your own. Only a person can tell. They let nobody of
Porter's in, so they do not count against "nothing is left".

## Remediation
Find out whose each one is; delete what nobody claims.

## Limits
Names only. What trusts Porter under any name is reported by AWS-REVOKED-001.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.finding import Axis, Outcome, Remediation, Severity
from scanner.model.inventory import OidcProvider
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS, INSTANCE_PROFILES, OIDC_PROVIDERS, SAML_PROVIDERS
from scanner.rules.aws._common import IAM_BEST_PRACTICES, PORTER_CONNECT, account_subject, role_subject
from scanner.rules.aws._revoked import by_name, is_vendor_role_arn, looks_like_vendor, trusting, vendor_roles
from scanner.rules.aws.revoked_004_policies import policy_subject
from scanner.rules.aws.revoked_005_instance_profiles import profile_subject
from scanner.rules.aws.revoked_007_identity_providers import (
    all_providers,
    provider_name,
    provider_subject,
    vendor_providers,
)
from scanner.rules.base import AwsContext, Rule
from scanner.rules.revoked import look_alike, none_left
from scanner.rules.words import quote

_EKS_ISSUER = "oidc.eks."


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one MANUAL per look-alike, else one PASS for the account."""
    found = False
    for outcome in (*_roles(ctx), *_policies(ctx), *_profiles(ctx), *_providers(ctx)):
        found = True
        yield outcome
    if not found:
        yield none_left(account_subject(ctx), "No role, policy, profile or provider has a name like Porter's.")


def _roles(ctx: AwsContext) -> Iterator[Outcome]:
    judged = {*vendor_roles(ctx), *(role.arn for role, _ in trusting(ctx))}
    for role in sorted(ctx.account.roles, key=lambda r: r.arn):
        if looks_like_vendor(ctx, role.name) and role.arn not in judged:
            words = f"{quote(role.name)} is named like Porter's; it admits none of its accounts and is not documented."
            yield look_alike(role_subject(role), words, evidence=(role.evidence,))


def _policies(ctx: AwsContext) -> Iterator[Outcome]:
    held = {p.arn for role in vendor_roles(ctx).values() for p in role.policies}
    for policy in ctx.account.policies:
        if not policy.aws_managed and looks_like_vendor(ctx, policy.name) and policy.arn not in held:
            words = f"The policy {quote(policy.name)} is named like Porter's; none of its roles has it."
            yield look_alike(policy_subject(policy), words, evidence=(policy.evidence,))


def _profiles(ctx: AwsContext) -> Iterator[Outcome]:
    vendors = vendor_roles(ctx)
    for profile in ctx.account.instance_profiles:
        held = any(is_vendor_role_arn(ctx, vendors, arn) for arn in profile.role_arns)
        judged = held or by_name(ctx.baseline, profile.name)
        if looks_like_vendor(ctx, profile.name) and not judged:
            words = f"The instance profile {quote(profile.name)} is named like Porter's; it holds none of its roles."
            yield look_alike(profile_subject(profile), words, evidence=(profile.evidence,))


def _providers(ctx: AwsContext) -> Iterator[Outcome]:
    judged = vendor_providers(ctx)
    issuers = {(cluster.oidc_issuer or "").partition("//")[2] for cluster in ctx.account.clusters}
    for provider in all_providers(ctx):
        name = provider_name(provider)
        orphan = isinstance(provider, OidcProvider) and name.startswith(_EKS_ISSUER) and name not in issuers
        words = ""
        if orphan:
            words = f"{quote(name)} is the provider of an EKS cluster that no longer exists in the regions read."
        elif ctx.baseline.name_prefix.lower() in name.lower():
            words = f"The provider {quote(name)} is named like Porter's; none of its roles trusts it."
        if words and provider.arn not in judged:
            yield look_alike(provider_subject(provider), words, evidence=(provider.evidence,))


RULE = Rule(
    id="AWS-REVOKED-009",
    title="Nothing else has a name like Porter's",
    severity=Severity.LOW,
    axis=Axis.POSTURE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS, INSTANCE_PROFILES, OIDC_PROVIDERS, SAML_PROVIDERS, CLUSTERS),
    check=check,
    remediation=Remediation(
        summary="Find out whose each look-alike is; delete what nobody claims.",
        cli="aws iam get-role --role-name ROLE",
    ),
    references=(PORTER_CONNECT, IAM_BEST_PRACTICES),
    claims=(52,),
)
