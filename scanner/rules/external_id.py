"""What a trust policy says of sts:ExternalId, and binding the documented `{external_id}` to the live token.

Live values are tokens (see `ExternalIdFact`); the rules never see the value itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from scanner.model.common import JsonObject
from scanner.model.snapshot import ExternalIdFact

VARIABLE = "{external_id}"
KEY = "sts:externalid"
NOTHING = "no-external-id-was-documented-for-comparison"
"""A value no live token equals: tokens start with `xid-`."""


class ExternalIdUse(msgspec.Struct, frozen=True):
    """One mention of sts:ExternalId in an Allow statement."""

    statement: str
    """Sid, or `#index`."""
    operator: str
    values: tuple[str, ...]


def statements(body: JsonObject) -> list[JsonObject]:
    """Return the statements of a policy document; a single statement counts as a list of one."""
    found = body.get("Statement", [])
    items = [found] if isinstance(found, dict) else found
    return [s for s in items if isinstance(s, dict)] if isinstance(items, list) else []


def values(item: Any) -> tuple[str, ...]:
    """Return a policy value as strings; a single value counts as a list of one, JSON booleans are spelt as IAM does."""
    items = item if isinstance(item, list) else [item]
    return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in items)


def uses(body: JsonObject) -> Iterator[ExternalIdUse]:
    """Yield every mention of sts:ExternalId in the Allow statements of a trust policy."""
    for index, statement in enumerate(statements(body)):
        conditions = statement.get("Condition")
        if statement.get("Effect") != "Allow" or not isinstance(conditions, dict):
            continue
        for operator, keys in conditions.items():
            for key, value in keys.items() if isinstance(keys, dict) else ():
                if key.lower() == KEY:
                    yield ExternalIdUse(str(statement.get("Sid") or f"#{index}"), operator, values(value))


def concrete_tokens(body: JsonObject) -> tuple[str, ...]:
    """Return the distinct values that StringEquals compares sts:ExternalId with, sorted."""
    return tuple(sorted({v for use in uses(body) if use.operator.lower() == "stringequals" for v in use.values}))


def denied_otherwise(body: JsonObject) -> tuple[str, ...]:
    """Return the distinct values but for which a Deny shuts everyone out, sorted: the other way to require one."""
    return tuple(
        sorted(
            {
                v
                for statement in statements(body)
                if statement.get("Effect") == "Deny"
                for use in uses({"Statement": [{**statement, "Effect": "Allow"}]})
                if use.operator.lower().removesuffix("ifexists") == "stringnotequals"
                for v in use.values
            }
        )
    )


def _otherwise_asked(body: JsonObject) -> tuple[str, ...]:
    """Return the distinct values that weaker forms of StringEquals ask for, sorted; patterns are no values."""
    asked = {v for use in uses(body) if _asks_for_a_value(use.operator) for v in use.values}
    return tuple(sorted(v for v in asked if "*" not in v and "?" not in v))


def _asks_for_a_value(operator: str) -> bool:
    bare = operator.lower().rpartition(":")[2].removesuffix("ifexists")
    return bare in ("stringequals", "stringequalsignorecase")


def fact_of(token: str, facts: Sequence[ExternalIdFact]) -> ExternalIdFact | None:
    """Return what is known of a token."""
    return next((f for f in facts if f.token == token), None)


def live_external_id(body: JsonObject, facts: Sequence[ExternalIdFact]) -> str | None:
    """Return the one token that the documented ExternalId may stand for, or None.

    That is the only concrete StringEquals value unless it is known to differ from the expected one;
    among several, the one known to be the expected one. Where nothing is compared by StringEquals, a weaker form of it
    tells which value is meant, so that the example request shows what the weakness lets in.
    """
    tokens = concrete_tokens(body) or denied_otherwise(body) or _otherwise_asked(body)
    known = [t for t in tokens if (fact := fact_of(t, facts)) and fact.equals_expected]
    if known:
        return known[0]
    if len(tokens) != 1:
        return None
    fact = fact_of(tokens[0], facts)
    if fact is not None and (fact.equals_expected is False or fact.wildcard or fact.empty):
        return None
    return tokens[0]


def bind_external_id(body: JsonObject, value: str | None) -> JsonObject:
    """Return the documented trust policy with `{external_id}` filled in; None: a value that nothing equals."""
    bound: JsonObject = _replace(body, NOTHING if value is None else value)
    return bound


def _replace(item: Any, value: str) -> Any:
    if isinstance(item, str):
        return item.replace(VARIABLE, value)
    if isinstance(item, list | tuple):
        return [_replace(v, value) for v in item]
    if isinstance(item, dict):
        return {k: _replace(v, value) for k, v in item.items()}
    return item
