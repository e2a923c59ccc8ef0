"""What marks an AWS thing as the vendor's besides its name and its accounts: tags, identity providers, pods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from scanner.baseline.records import AwsBaseline
from scanner.model.common import JsonObject
from scanner.rules.external_id import statements, values
from scanner.rules.questions import vendor_accounts
from scanner.rules.revoked import is_vendor_host, vendor_domains
from scanner.rules.words import quote

_TAG_KEYS = ("aws:resourcetag/", "aws:requesttag/")
_POD_SUBJECT = re.compile(r"system:serviceaccount:([^:]*):(.*)", re.DOTALL)
_OWNER_OF_REPOSITORY = re.compile(r"repo:([^/@]*)")
_OF_CERTIFICATE = "/x509"
"""In the keys under which IAM Roles Anywhere shows a certificate: `aws:PrincipalTag/x509Subject/CN`."""
_ACCOUNT_ID = re.compile(r"(?<!\d)\d{12}(?!\d)")


class Mark(msgspec.Struct, frozen=True):
    """What in a trust policy points to the vendor, other than an AWS principal."""

    words: str
    """What the role does, for a sentence that begins with its name."""
    certain: bool
    """Nobody but the vendor can be meant."""


def by_tag(baseline: AwsBaseline, tags: Sequence[tuple[str, str]]) -> str | None:
    """Return why tags say that a thing is the vendor's."""
    prefix = baseline.name_prefix.lower()
    if not any(key.lower().startswith(prefix) for key, _ in tags):  # asked of every role of an account
        return None
    known = vendor_tags(baseline)
    found = next(((key, value) for key, value in tags if (key, value) in known), None)
    return f"it carries the tag {quote('='.join(found))}" if found else None


def vendor_tags(baseline: AwsBaseline) -> frozenset[tuple[str, str]]:
    """Return the tags with which the vendor marks what it made: those its documented conditions ask for."""
    found: set[tuple[str, str]] = set()
    for role in baseline.roles:
        for statement in role.statements:
            for keys in statement.conditions.values():
                for key, value in keys.items():
                    prefix = next((p for p in _TAG_KEYS if key.lower().startswith(p)), None)
                    tag = key[len(prefix) :] if prefix else ""
                    if tag.lower().startswith(baseline.name_prefix.lower()):
                        found.update((tag, one) for one in values(value) if "*" not in one)
    return frozenset(found)


def is_vendor_pod(baseline: AwsBaseline, namespace: str, service_account: str) -> bool:
    """Return whether pods are the vendor's own by name.

    The namespace counts only where it is the agent's: customers' services may live in others that begin like the
    vendor.
    """
    prefix = baseline.name_prefix.lower()
    return service_account.lower().startswith(prefix) or namespace.lower().startswith(f"{prefix}-agent")


def trust_marks(body: JsonObject, baseline: AwsBaseline) -> Iterator[Mark]:
    """Yield what in the Allow statements of a trust policy points to the vendor, AWS principals apart."""
    domains = vendor_domains(baseline.documents, baseline.name_prefix)
    for statement in statements(body):
        principal = statement.get("Principal")
        if statement.get("Effect") != "Allow" or not isinstance(principal, dict) or not set(principal) - {"AWS"}:
            continue
        for provider in values(principal.get("Federated", [])):
            yield from _of_provider(provider, domains, baseline.name_prefix.lower())
        if "CanonicalUser" in principal:
            yield Mark("admits a canonical user id, which may be any account's", certain=False)
        for key, value in _asked_for(statement):
            yield from _of_value(key, value, baseline)


def _of_provider(provider: str, domains: Sequence[str], prefix: str) -> Iterator[Mark]:
    name = provider.partition("provider/")[2] or provider
    if is_vendor_host(name, domains):
        yield Mark(f"trusts the identity provider {quote(name)}", certain=True)
    elif name.lower().startswith(prefix):
        yield Mark(f"trusts the identity provider {quote(name)}, which is named like Porter's", certain=False)


def _of_value(key: str, value: str, baseline: AwsBaseline) -> Iterator[Mark]:
    prefix = baseline.name_prefix.lower()
    pod, owner = _POD_SUBJECT.match(value), _OWNER_OF_REPOSITORY.match(value)
    named = pod is not None and is_vendor_pod(baseline, pod[1], pod[2])
    named = named or (owner is not None and owner[1].lower().startswith(prefix))
    named = named or (_OF_CERTIFICATE in key.lower() and prefix in value.lower())
    accounts = _ACCOUNT_ID.findall(value)
    if named or (accounts and set(accounts) & set(vendor_accounts(baseline))):
        yield Mark(f"admits {quote(value)}", certain=False)


def _asked_for(statement: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield the keys and values that conditions ask for; what they shut out is no mark."""
    conditions = statement.get("Condition")
    for operator, keys in conditions.items() if isinstance(conditions, dict) else ():
        if "not" in operator.lower() or operator.lower() == "null" or not isinstance(keys, dict):
            continue
        for key, value in keys.items():
            yield from ((key, one) for one in values(value))
