"""Read a condition written as prose ("key in [a, b]; other is not null") into IAM's form."""

from __future__ import annotations

import re

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.model.common import JsonObject

NO_CONDITION = frozenset({"", "-", "\u2013", "\u2014", "none", "n/a"})
"""What a page prints for "no condition": nothing, a hyphen, an en or em dash, or the word."""

_KEY = r"(?P<key>[A-Za-z0-9-]+:\S+)"
_CLAUSE = re.compile(
    rf"""{_KEY}\s+(?:
        (?P<null>is\s+null|is\s+not\s+null)
        | (?P<negated>not\s+)?in\s+\[(?P<list>[^\[\]]*)\]
        | (?P<word>=|==|!=|not\s+like|like)\s*(?P<value>\S.*)
    )\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_OPERATORS = {
    "=": "StringEquals",
    "==": "StringEquals",
    "!=": "StringNotEquals",
    "like": "StringLike",
    "not like": "StringNotLike",
}


class ConditionText(msgspec.Struct, frozen=True):
    """A condition cell as IAM conditions, and the clauses that were not understood."""

    conditions: JsonObject
    """Operator -> key -> list of values."""
    rejected: tuple[str, ...] = ()


def parse_conditions(text: str, catalogue: Catalogue) -> ConditionText:
    """Read clauses joined by `;` (all must hold).

    `=` and `in` mean StringEquals, `like` StringLike, `is not null` Null false. A key that the catalogue types as an
    array gets `ForAllValues:`, because a page that writes "tag keys = x" limits all of them.
    """
    conditions: dict[str, dict[str, list[str]]] = {}
    rejected: list[str] = []
    if text.strip().lower() in NO_CONDITION:
        return ConditionText({})
    for clause in (part.strip() for part in text.split(";")):
        parsed = _clause(clause, catalogue)
        if parsed is None:
            rejected.append(clause)
            continue
        operator, key, values = parsed
        if key in conditions.setdefault(operator, {}):
            rejected.append(clause)
            continue
        conditions[operator][key] = values
    return ConditionText({op: keys for op, keys in conditions.items() if keys}, tuple(rejected))


def _clause(clause: str, catalogue: Catalogue) -> tuple[str, str, list[str]] | None:
    """Read one clause as (operator, key, values); None if it is not of a known form."""
    match = _CLAUSE.match(clause)
    if match is None:
        return None
    key = match["key"]
    if match["null"]:
        return "Null", key, ["false" if "not" in match["null"].lower() else "true"]
    if match["list"] is not None:
        values = [_unquoted(value) for value in match["list"].split(",")]
        operator = "StringNotEquals" if match["negated"] else "StringEquals"
    else:
        values = [_unquoted(match["value"])]
        operator = _OPERATORS[re.sub(r"\s+", " ", match["word"].lower())]
    if not all(values):
        return None
    array = (catalogue.key_type(key) or "").startswith("ArrayOf")
    return (f"ForAllValues:{operator}" if array else operator), key, values


def _unquoted(text: str) -> str:
    """Return a value without the quotes a page may put around it."""
    value = text.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
