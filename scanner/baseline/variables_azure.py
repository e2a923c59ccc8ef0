"""Fill in what the Azure part of a documented version leaves open."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from scanner.baseline.fields import shown
from scanner.baseline.records_azure import AzureBaseline, DocumentedApplication, DocumentedRoleDefinition
from scanner.errors import BaselineError

_BRACES = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# No wildcard, brace or blank: a value may not widen what is documented.
_VALUES = {
    "account-id": (re.compile(r"[0-9]{12}"), "12 digits"),
    "subscription-id": (_GUID, "an id such as 00000000-0000-0000-0000-000000000000"),
    "tenant-id": (_GUID, "an id such as 00000000-0000-0000-0000-000000000000"),
    "text": (re.compile(r"[A-Za-z0-9_+=,.@:/-]{1,512}"), "letters, digits or any of _+=,.@:/-, without wildcards"),
}


def bind_azure(baseline: AzureBaseline, values: Mapping[str, str]) -> AzureBaseline:
    """Return the baseline with every `{variable}` that has a value or default replaced by it.

    A variable without stays in braces: a rule that meets one says what it could not compare.
    Raises `BaselineError` if a value is for no variable of this version, or is not acceptable.
    """
    variables = {variable.name: variable for variable in baseline.variables}
    for name in values:
        if name not in variables:
            known = ", ".join(f"`{one}`" for one in variables) or "none"
            raise BaselineError(f"baseline `{baseline.id}`: unknown parameter `{shown(name)}`: known are {known}")
    filled: dict[str, str] = {}
    for name, variable in variables.items():
        value = values.get(name, variable.default)
        if value is None:
            continue
        pattern, expected = _VALUES[variable.kind]
        if not pattern.fullmatch(value):
            where = f"baseline `{baseline.id}`: parameter `{name}`"
            raise BaselineError(f"{where}: `{shown(value)}` is not acceptable, expected {expected}")
        filled[name] = value
    return replace(
        baseline,
        role_definitions=tuple(_definition(one, filled) for one in baseline.role_definitions),
        applications=tuple(_application(one, filled) for one in baseline.applications),
    )


def _fill(text: str, filled: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda match: filled.get(match[1], match[0]), text)


def _definition(one: DocumentedRoleDefinition, filled: Mapping[str, str]) -> DocumentedRoleDefinition:
    return replace(one, assignable_scopes=tuple(_fill(scope, filled) for scope in one.assignable_scopes))


def _application(one: DocumentedApplication, filled: Mapping[str, str]) -> DocumentedApplication:
    return replace(
        one,
        role_assignments=tuple(replace(claim, scope=_fill(claim.scope, filled)) for claim in one.role_assignments),
        federated_credentials=tuple(
            replace(
                claim,
                issuer_pattern=_fill(claim.issuer_pattern, filled),
                subject_pattern=_fill(claim.subject_pattern, filled),
            )
            for claim in one.federated_credentials
        ),
    )
