"""Fill in what a documented version's GCP part leaves open: variables in braces."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from scanner.baseline.fields import shown
from scanner.baseline.records_gcp import DocumentedServiceAccount, FederationClaim, GcpBaseline
from scanner.errors import BaselineError

_BRACES = re.compile(r"\{([a-z][a-z0-9_]*)\}")
# No wildcard, quote, brace or blank: a value may not widen what is documented, nor leave its CEL string.
_VALUE = re.compile(r"[A-Za-z0-9_+=,.@:-]{1,128}")
_ACCOUNT = re.compile(r"[0-9]{12}")


def bind_gcp(baseline: GcpBaseline, values: Mapping[str, str]) -> GcpBaseline:
    """Return the baseline with every `{variable}` replaced by its value or default.

    A variable without either stays in braces: rules that need it say so. Raises `BaselineError` if a value is for no
    variable of this version, or is not acceptable.
    """
    filled = {v.name: v.default for v in baseline.variables if v.default is not None} | _accepted(baseline, values)
    return replace(baseline, service_accounts=tuple(_account(a, filled) for a in baseline.service_accounts))


def is_open(text: str) -> bool:
    """Return whether a variable of the text has no value."""
    return _BRACES.search(text) is not None


def _accepted(baseline: GcpBaseline, values: Mapping[str, str]) -> dict[str, str]:
    kinds = {v.name: v.kind for v in baseline.variables}
    for name, value in values.items():
        if name not in kinds:
            known = ", ".join(f"`{k}`" for k in kinds) or "none"
            raise BaselineError(f"baseline `{baseline.id}`: unknown parameter `{shown(name)}`: known are {known}")
        pattern = _ACCOUNT if kinds[name] == "account-id" else _VALUE
        if not pattern.fullmatch(value):
            raise BaselineError(f"baseline `{baseline.id}`: parameter `{name}`: `{shown(value)}` is not acceptable")
    return dict(values)


def _account(account: DocumentedServiceAccount, filled: Mapping[str, str]) -> DocumentedServiceAccount:
    def fill(text: str) -> str:
        return _BRACES.sub(lambda found: filled.get(found[1], found[0]), text)

    federation = account.federation
    return replace(
        account,
        grants=tuple(replace(g, role=fill(g.role)) for g in account.grants),
        federation=_federation(federation, filled) if federation else None,
    )


def _federation(claim: FederationClaim, filled: Mapping[str, str]) -> FederationClaim:
    def fill(text: str) -> str:
        return _BRACES.sub(lambda found: filled.get(found[1], found[0]), text)

    return replace(
        claim,
        aws_account=fill(claim.aws_account),
        conjuncts=tuple(fill(c) for c in claim.conjuncts),
        member=fill(claim.member),
    )
