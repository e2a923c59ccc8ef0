"""What can be weakened in the conditions of one Allow statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mutations.aws_state import as_list
from mutations.aws_statements import Change
from scanner.model.common import JsonObject

_BARE = ("ForAllValues:", "ForAnyValue:")


def condition_changes(statement: JsonObject) -> Iterator[Change]:
    """Yield the statement with its conditions dropped and weakened: whole, by operator, by key and by value."""
    conditions = statement.get("Condition")
    if not conditions:
        return
    plain = {k: v for k, v in statement.items() if k != "Condition"}
    yield "condition dropped", "whole", [plain]
    for operator, keys in conditions.items():
        for key, value in keys.items():
            where = f"{operator} {key}"
            dropped = without(conditions, operator, key)
            if dropped:
                yield "condition dropped", where, [{**plain, "Condition": dropped}]
            for kind, new_operator, new_key, new_value in _weaker(operator, key, value):
                merged = with_term(dropped, new_operator, new_key, new_value)
                yield kind, f"{where} -> {new_operator} {new_key}", [{**plain, "Condition": merged}]


def without(conditions: JsonObject, operator: str, key: str) -> JsonObject:
    """Return the block without one term."""
    kept = {o: {k: v for k, v in keys.items() if (o, k) != (operator, key)} for o, keys in conditions.items()}
    return {o: keys for o, keys in kept.items() if keys}


def with_term(conditions: JsonObject, operator: str, key: str, value: Any) -> JsonObject:
    """Return the block with one more term."""
    return {**conditions, operator: {**conditions.get(operator, {}), key: value}}


def _weaker(operator: str, key: str, value: Any) -> Iterator[tuple[str, str, str, Any]]:
    prefix = next((p for p in _BARE if operator.startswith(p)), "")
    bare = operator.removeprefix(prefix)
    values = [str(v) for v in as_list(value)]
    if bare == "Null":
        yield "condition negated", operator, key, "true" if values == ["false"] else "false"
        return
    if not bare.endswith("IfExists"):
        yield "IfExists added", f"{operator}IfExists", key, value
    if prefix == "ForAnyValue:":
        yield "ForAnyValue became ForAllValues", f"ForAllValues:{bare}", key, value
    elif not prefix:
        yield "ForAllValues added", f"ForAllValues:{bare}", key, value
    if bare.startswith("String"):
        yield from _weaker_text(prefix, bare, key, values)
    if bare == "Bool":
        yield "condition value added", operator, key, ["true", "false"]
    yield "another condition key", operator, f"aws:PrincipalTag/{key.rpartition('/')[2].replace(':', '-')}", value


def _weaker_text(prefix: str, bare: str, key: str, values: list[str]) -> Iterator[tuple[str, str, str, Any]]:
    like = f"{prefix}StringLike"
    if bare == "StringLike" and "*" in values:
        return
    yield "condition value widened", like, key, "*"
    yield "condition value widened", like, key, [f"{values[0][:-1]}*", *values[1:]]
    yield "condition value widened", like, key, [f"*{values[0][1:]}", *values[1:]]
    yield "condition value widened", like, key, [f"{values[0][:-1]}?", *values[1:]]
    yield "condition value added", prefix + bare, key, [*values, "something-else"]
    yield "condition operator weakened", f"{prefix}StringEqualsIgnoreCase", key, values
    yield "condition negated", f"{prefix}StringNotEquals", key, values
