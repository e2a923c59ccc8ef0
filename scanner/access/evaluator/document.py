"""The second evaluator's own reading of AWS policy documents: JSON to records, refusing what AWS would refuse to save.

Nothing here is shared with the comparison engine, on purpose: a misreading must not be able to hide on both sides.
Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html (read 2026-10).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from scanner.access.evaluator.operator import Operator, check_policy_value, parse_operator
from scanner.errors import PolicyError
from scanner.model.common import JsonObject

IDENTITY_KINDS = frozenset({"identity", "boundary", "session", "scp"})
"""Policies whose principal is implied: a Principal element has no place in them."""
_OPTIONAL_RESOURCE = frozenset({"trust", "resource"})
_VERSIONS = {"2008-10-17": False, "2012-10-17": True}
_STATEMENT_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class Test(msgspec.Struct, frozen=True):
    """One operator applied to one context key."""

    operator: Operator
    key: str
    """Lower-cased."""
    values: tuple[str, ...]


class Rule(msgspec.Struct, frozen=True):
    """One statement as written, with its place."""

    document: int
    ref: str
    """Sid, or the 0-based index within the document."""
    allow: bool
    variables: bool
    """Version 2012-10-17: `${...}` is a policy variable."""
    actions: tuple[str, ...]
    """Lower-cased."""
    actions_excluded: bool
    resources: tuple[str, ...] | None
    """None: no Resource element."""
    resources_excluded: bool
    principals: tuple[tuple[str, str], ...] | None
    """(type, value) as written; the bare `*` has type `*`. None: no Principal element."""
    principals_excluded: bool
    tests: tuple[Test, ...]


def read_documents(documents: Sequence[JsonObject], kind: str) -> tuple[Rule, ...]:
    """Return the statements of all documents. `kind` is identity, boundary, session, scp, rcp, resource or trust.

    Raises `PolicyError`.
    """
    return tuple(rule for number, document in enumerate(documents) for rule in _read_document(document, kind, number))


def _read_document(document: Any, kind: str, number: int) -> list[Rule]:
    place = f"{kind} policy {number}"
    if not isinstance(document, dict):
        _refuse(place, "is not a JSON object")
    _only(document, frozenset({"Version", "Id", "Statement"}), place)
    version = document.get("Version", "2008-10-17")
    if not isinstance(version, str) or version not in _VERSIONS:
        _refuse(place, f"unknown Version `{version}`")
    if "Statement" not in document:
        _refuse(place, "has no Statement")
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        _refuse(place, "Statement is neither an object nor a list")
    return [
        _read_statement(statement, kind, number, index, variables=_VERSIONS[version], place=place)
        for index, statement in enumerate(statements)
    ]


def _read_statement(raw: Any, kind: str, number: int, index: int, *, variables: bool, place: str) -> Rule:
    place = f"{place}: statement {index}"
    if not isinstance(raw, dict):
        _refuse(place, "is not a JSON object")
    sid = raw.get("Sid")
    if sid is not None and not isinstance(sid, str):
        _refuse(place, "Sid is not text")
    place = f"{place} `{sid}`" if sid else place
    _only(raw, _STATEMENT_ELEMENTS, place)
    if raw.get("Effect") not in ("Allow", "Deny"):
        _refuse(place, "Effect is neither `Allow` nor `Deny`")
    actions, actions_excluded = _element(raw, "Action", place, optional=False)
    resources, resources_excluded = _element(raw, "Resource", place, optional=kind in _OPTIONAL_RESOURCE)
    principals, principals_excluded = _principal_element(raw, kind, place)
    return Rule(
        document=number,
        ref=sid or str(index),
        allow=raw["Effect"] == "Allow",
        variables=variables,
        actions=tuple(_action(text, place) for text in actions or ()),
        actions_excluded=actions_excluded,
        resources=resources,
        resources_excluded=resources_excluded,
        principals=principals,
        principals_excluded=principals_excluded,
        tests=_conditions(raw.get("Condition", {}), place, variables=variables),
    )


def _element(raw: JsonObject, name: str, place: str, *, optional: bool) -> tuple[tuple[str, ...] | None, bool]:
    present = [key for key in (name, "Not" + name) if key in raw]
    if len(present) == 2:
        _refuse(place, f"has both {name} and Not{name}")
    if not present:
        if optional:
            return None, False
        _refuse(place, f"has neither {name} nor Not{name}")
    key = present[0]
    texts = _texts(raw[key], f"{place}: {key}")
    if not texts and name == "Action":
        _refuse(place, f"{key} is empty")
    return texts, key != name


def _action(text: str, place: str) -> str:
    service, colon, name = text.partition(":")
    if text != "*" and not (service and colon and name):
        _refuse(place, f"action `{text}` is not `service:Name`")
    return text.lower()


def _principal_element(raw: JsonObject, kind: str, place: str) -> tuple[tuple[tuple[str, str], ...] | None, bool]:
    present = [key for key in ("Principal", "NotPrincipal") if key in raw]
    if kind in IDENTITY_KINDS:
        if present:
            _refuse(place, f"{present[0]} has no place in this type of policy")
        return None, False
    if len(present) == 2:
        _refuse(place, "has both Principal and NotPrincipal")
    if not present and kind != "rcp":
        _refuse(place, "has neither Principal nor NotPrincipal")
    if not present:
        return None, False
    pairs = _principal_pairs(raw[present[0]], f"{place}: {present[0]}")
    if kind == "rcp" and (present[0] == "NotPrincipal" or {value for _, value in pairs} != {"*"}):
        # "Principal" of an RCP can only be "*":
        # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
        _refuse(place, "Principal of a resource control policy can only be `*`")
    return pairs, present[0] == "NotPrincipal"


def _principal_pairs(value: Any, place: str) -> tuple[tuple[str, str], ...]:
    if value == "*":
        return (("*", "*"),)
    if not isinstance(value, dict):
        _refuse(place, "is neither `*` nor an object")
    for name in value:
        if name not in _PRINCIPAL_TYPES:
            _refuse(place, f"unknown type `{name}`")
    return tuple((name, text) for name, texts in value.items() for text in _texts(texts, f"{place}: {name}"))


def _conditions(block: Any, place: str, *, variables: bool) -> tuple[Test, ...]:
    if not isinstance(block, dict):
        _refuse(place, "Condition is not an object")
    tests: list[Test] = []
    operators_seen: set[str] = set()
    for name, keys in block.items():
        operator = parse_operator(name)
        if operator is None:
            _refuse(place, f"unknown condition operator `{name}`")
        if name.lower() in operators_seen:
            _refuse(place, f"condition operator `{name}` stands twice in different letter case")
        operators_seen.add(name.lower())
        if not isinstance(keys, dict):
            _refuse(place, f"condition `{name}` is not an object")
        keys_seen: set[str] = set()
        for key, raw_values in keys.items():
            if key.lower() in keys_seen:
                _refuse(place, f"condition `{name}`: key `{key}` stands twice in different letter case")
            keys_seen.add(key.lower())
            values = _scalars(raw_values, f"{place}: condition `{name}`: `{key}`")
            for value in values:
                if (trouble := check_policy_value(operator, value, variables=variables)) is not None:
                    _refuse(place, f"condition `{name}`: `{key}`: {trouble}")
            tests.append(Test(operator=operator, key=key.lower(), values=values))
    return tuple(tests)


def scalar_text(value: object) -> str | None:
    """Return text, boolean or number as the text AWS compares, or None for any other type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(value)
    return None


def _scalars(value: Any, place: str) -> tuple[str, ...]:
    texts: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        text = scalar_text(item)
        if text is None:
            _refuse(place, f"value `{item!r}` is neither text, number nor boolean")
        texts.append(text)
    return tuple(texts)


def _texts(value: Any, place: str) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    for item in items:
        if not isinstance(item, str):
            _refuse(place, f"`{item!r}` is not text")
    return tuple(items)


def _only(raw: JsonObject, known: frozenset[str], place: str) -> None:
    for key in raw:
        if key not in known:
            _refuse(place, f"unknown element `{key}`")


def _refuse(place: str, trouble: str) -> NoReturn:
    raise PolicyError(f"{place}: {trouble}")
