"""Which federated credentials let the vendor in, whatever application or identity they hang on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from scanner.baseline.records_azure import AzureBaseline
from scanner.model.inventory_azure import FederatedCredential
from scanner.rules.azure_context import is_named_like_vendor, matches

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_getting_started.html (read 2026-11): an
# issuer is one AWS account's own, and the subject is the ARN of a role.
_AWS_ISSUER = re.compile(r"https://[A-Za-z0-9.-]+\.tokens\.sts\.global\.api\.aws/*")
# https://learn.microsoft.com/entra/workload-id/workload-identities-flexible-federated-identity-credentials
_LOOKUP = re.compile(r"claims\s*\[[^\]]*\]")
_LITERAL = re.compile(r"'([^']*)'")


def takes_vendors_tokens(
    baseline: AzureBaseline, credential: FederatedCredential, issuers: Iterable[str] = ()
) -> bool:
    """Return whether a credential lets the vendor in from AWS.

    By a documented subject, an issuer that the vendor is known to use (`issuers`), a role of the vendor's account or
    name, or the form of subject that earlier set-up scripts made; an expression counts by the texts it compares with.
    One of AWS without any subject may let anybody in, the vendor too.
    """
    if credential.issuer.rstrip("/") in {issuer.rstrip("/") for issuer in issuers}:
        return True
    if is_from_aws(credential) and not any(_texts(credential)):
        return True
    accounts = set(_accounts(baseline))
    return any(_is_vendors(baseline, accounts, credential, text) for text in _texts(credential))


def is_from_aws(credential: FederatedCredential) -> bool:
    """Return whether a credential takes tokens that AWS makes for a role."""
    return _AWS_ISSUER.fullmatch(credential.issuer) is not None


def _is_vendors(baseline: AzureBaseline, accounts: set[str], credential: FederatedCredential, text: str) -> bool:
    claims = [claim for page in baseline.applications for claim in page.federated_credentials]
    if any(matches(claim.subject_pattern, text) for claim in claims):
        return True
    if text.lower().startswith(f"{baseline.name_prefix.lower()}:"):
        return True
    if not (is_from_aws(credential) or text.startswith("arn:")):
        return False
    return is_named_like_vendor(text, baseline) or any(f":{account}:" in text for account in accounts)


def _texts(credential: FederatedCredential) -> Iterator[str]:
    """Yield what a token's subject is compared with."""
    if credential.subject:
        yield credential.subject
    yield from _LITERAL.findall(_LOOKUP.sub("", credential.expression))


def _accounts(baseline: AzureBaseline) -> Iterator[str]:
    """Yield the vendor's AWS accounts, as far as the documented subjects name one."""
    for page in baseline.applications:
        for claim in page.federated_credentials:
            yield from re.findall(r":([0-9]{12}):", claim.subject_pattern)
