"""AWS-REVOKED-007: No identity provider of Porter's is left.

## What it checks
OpenID Connect and SAML providers of the account: those whose issuer is on one of Porter's own domains, and those that
the trust of one of Porter's roles names.

## Why it matters
A provider lets whoever issues its tokens assume every role that trusts it. It is created once and forgotten.

## Remediation
Delete the provider. Roles of yours that trust it stop working: look at the finding's roles first.

## Limits
Porter's documents name no provider; its domain is taken from where they are published. Providers of EKS clusters that
no longer exist and mere look-alikes are listed by AWS-REVOKED-009.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers.html
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import Observed
from scanner.model.finding import Axis, Outcome, Reference, Remediation, Severity, Subject
from scanner.model.inventory import OidcProvider, SamlProvider
from scanner.model.kinds import AUTHORIZATION_DETAILS, OIDC_PROVIDERS, SAML_PROVIDERS
from scanner.rules.aws._common import PORTER_CONNECT, account_subject
from scanner.rules.aws._revoked import vendor_roles
from scanner.rules.base import AwsContext, Rule
from scanner.rules.questions import allowed_principals
from scanner.rules.revoked import command, is_vendor_host, left, none_left, vendor_domains
from scanner.rules.words import count, listed, quote

Provider = OidcProvider | SamlProvider


def check(ctx: AwsContext) -> Iterator[Outcome]:
    """Yield one FAIL per provider of Porter's, else one PASS for the account."""
    providers = all_providers(ctx)
    found = vendor_providers(ctx)
    for provider in providers:
        if provider.arn in found:
            yield _left(provider, found[provider.arn])
    if not found:
        read = count(len(providers), "identity provider")
        yield none_left(account_subject(ctx), f"{read} read: none is Porter's or trusted by one of its roles.")


def all_providers(ctx: AwsContext) -> tuple[Provider, ...]:
    """Return the OpenID Connect and SAML providers of the account."""
    return (*ctx.account.oidc_providers, *ctx.account.saml_providers)


def vendor_providers(ctx: AwsContext) -> dict[str, str]:
    """Return the providers that are the vendor's, by ARN, each with the reason in words."""
    domains = vendor_domains(ctx.baseline.documents, ctx.baseline.name_prefix)
    trusted: dict[str, list[str]] = {}
    for role in vendor_roles(ctx).values():
        body = role.trust.value if isinstance(role.trust, Observed) else {}
        for kind, name in allowed_principals(body):
            if kind == "Federated":
                trusted.setdefault(name, []).append(role.name)
    found: dict[str, str] = {}
    for provider in all_providers(ctx):
        issuer = provider_name(provider)
        if isinstance(provider, OidcProvider) and is_vendor_host(issuer, domains):
            found[provider.arn] = f"its issuer is on {listed(domains)}"
        elif provider.arn in trusted:
            found[provider.arn] = f"{listed(trusted[provider.arn])} of Porter's trusts it"
    return found


def provider_name(provider: Provider) -> str:
    """Return an OpenID Connect provider's issuer without scheme, a SAML provider's name."""
    return provider.arn.partition("provider/")[2]


def provider_subject(provider: Provider) -> Subject:
    """Return an identity provider as a subject."""
    kind = "aws.iam.oidc_provider" if isinstance(provider, OidcProvider) else "aws.iam.saml_provider"
    return Subject(kind, provider.arn, provider_name(provider))


def _left(provider: Provider, why: str) -> Outcome:
    option, call = ("--saml-provider-arn", "delete-saml-provider")
    if isinstance(provider, OidcProvider):
        option, call = ("--open-id-connect-provider-arn", "delete-open-id-connect-provider")
    return left(
        provider_subject(provider),
        f"Identity provider {quote(provider_name(provider))} is left: {why}.",
        severity=Severity.HIGH,
        evidence=(provider.evidence,),
        steps=(command("aws", "iam", call, option, provider.arn),),
        summary="Delete the identity providers of Porter's.",
        observed=provider.arn,
    )


RULE = Rule(
    id="AWS-REVOKED-007",
    title="No identity provider of Porter's is left",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(AUTHORIZATION_DETAILS, OIDC_PROVIDERS, SAML_PROVIDERS),
    check=check,
    remediation=Remediation(
        summary="Delete the identity providers of Porter's.",
        cli="aws iam delete-open-id-connect-provider --open-id-connect-provider-arn ARN",
    ),
    references=(
        PORTER_CONNECT,
        Reference(
            "AWS: identity providers", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers.html"
        ),
    ),
    claims=(52,),
)
