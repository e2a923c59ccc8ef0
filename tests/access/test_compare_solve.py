"""Conditions on one key: what holds at once is what some value of a dense grid satisfies, by the second evaluator."""

from __future__ import annotations

import importlib.util
import itertools
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.access.clause import Clause, parse_conditions
from scanner.access.compare import compare
from scanner.access.evaluator.authorize import allows
from scanner.access.records import NamedDocument
from scanner.access.solve import solve

SEED = os.environ.get("FUZZ_SEED", "1")


def _fuzzing():
    """Return the helper module of this folder, which is not a package."""
    spec = importlib.util.spec_from_file_location("access_fuzzing", Path(__file__).with_name("fuzzing.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


fuzzing = _fuzzing()
Block = dict[str, dict[str, object]]
Context = dict[str, Any]


def block(rng: random.Random, key: str) -> Block:
    """Return one operator on the key, in a form that AWS documents for a key of its type."""
    kind = fuzzing.KEY_TYPES[key]
    family = kind.removeprefix("ArrayOf")
    if rng.random() < 0.15:
        return {"Null": {key: rng.choice(("true", "false"))}}
    operator = rng.choice(fuzzing.OPERATORS[family]) + rng.choice(("", "", "IfExists"))
    if kind != family:
        operator = rng.choice(("ForAllValues:", "ForAnyValue:")) + operator
    values = [v for v in fuzzing.VALUES[family] if isinstance(v, str)]
    return {operator: {key: rng.sample(values, min(len(values), rng.choice((1, 1, 2, 3))))}}


def clauses(conditions: Block) -> frozenset[Clause]:
    return frozenset(parse_conditions(conditions, "test", variables=True))


def merged(blocks: list[Block]) -> Block | None:
    """Return the blocks as one, or None where two say the same operator."""
    found: Block = {}
    for each in blocks:
        if found.keys() & each.keys():
            return None
        found |= each
    return found


def holds(required: Block, never: list[Block], context: Context) -> bool | None:
    """Return whether all of `required` and no whole block of `never` holds, by the second evaluator."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": required}
    denies = [{**statement, "Effect": "Deny", "Condition": each} for each in never]
    document = {"Version": "2012-10-17", "Statement": [statement, *denies]}
    request = {"principal": None, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "context": context}
    return allows([document], request)


def grid(key: str) -> list[Context]:
    """Return contexts without the key, with each neighbour of the values used here, and for sets with each two."""
    kind = fuzzing.KEY_TYPES[key]
    values = fuzzing._NEIGHBOURS[kind.removeprefix("ArrayOf")]
    if not kind.startswith("ArrayOf"):
        return [{}, *({key: v} for v in values)]
    return [{}, *({key: list(dict.fromkeys(pair))} for pair in itertools.combinations_with_replacement(values, 2))]


@pytest.mark.parametrize("key", fuzzing.KEY_TYPES)
def test_conditions_on_one_key_hold_together_exactly_where_some_value_satisfies_them(key: str) -> None:
    rng, outcomes = random.Random(f"{SEED} {key}"), set()
    contexts = grid(key)
    for _ in range(60):
        required = merged([block(rng, key) for _ in range(rng.choice((1, 1, 2)))])
        never = [m for _ in range(rng.choice((0, 1, 1, 2))) if (m := merged([block(rng, key)])) is not None]
        if required is None:
            continue
        solution = solve(clauses(required), [clauses(n) for n in never], fuzzing.KeyTypes().key_type)
        outcomes.add(solution.outcome)
        if solution.outcome == "found":
            (value,) = solution.context.values() or (None,)
            shown = {} if value is None else {key: list(value) if isinstance(value, tuple) else value}
            assert holds(required, never, shown) is True, (required, never, shown)
        if solution.outcome == "none":
            found = [c for c in contexts if holds(required, never, c) is True]
            assert not found, (required, never, found[0])
    assert {"found", "none"} <= outcomes


FAR = [("Numeric", n) for n in ("1e28", "1e29", "1e59", "-1e29", "-1e59", "9" * 60, "1e-59", "0." + "9" * 60)]
FAR += [("Date", n) for n in ("9" * 20, "-" + "9" * 20, "0." + "9" * 30, "9" * 20 + "." + "9" * 30)]
"""Numbers with more digits than arithmetic keeps by default: one more or less of them is still another number."""


@pytest.mark.parametrize(("family", "number"), FAR)
@pytest.mark.parametrize("operator", ["LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals", "NotEquals"])
def test_however_far_a_limit_lies_there_are_values_beyond_it(family: str, operator: str, number: str) -> None:
    conditions: Block = {f"{family}{operator}": {"aws:MultiFactorAuthAge": number}}
    assert solve(clauses(conditions), [], lambda _: None).outcome == "found"
    documented = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    live = {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": conditions}
    sides = ([NamedDocument("page", {"Version": "2012-10-17", "Statement": [s]})] for s in (live, documented))
    assert compare(*sides).contained is not True


@pytest.mark.parametrize(
    ("low", "high"), [("1e-59", "1e59"), ("1." + "0" * 40 + "1", "1." + "0" * 40 + "2"), ("-1e59", "1")]
)
def test_between_two_different_numbers_there_is_a_third(low: str, high: str) -> None:
    between: Block = {"NumericGreaterThan": {"k:n": low}, "NumericLessThan": {"k:n": high}}
    (number,) = solve(clauses(between), [], lambda _: "Numeric").context.values()
    assert holds(between, [], {"k:n": number}) is True
    below: Block = {"NumericGreaterThan": {"k:n": high}, "NumericLessThan": {"k:n": low}}
    assert solve(clauses(below), [], lambda _: "Numeric").outcome == "none"


UNPUBLISHED, PUBLISHED = "acme:Colour", "sts:ExternalId"


def compared(live: Block, *documented: Block) -> str:
    def granting(name: str, conditions: tuple[Block, ...]) -> list[NamedDocument]:
        statements = [{"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": one} for one in conditions]
        return [NamedDocument(name, {"Version": "2012-10-17", "Statement": statements})]

    return compare(granting("live", (live,)), granting("page", documented), catalogue=fuzzing.KeyTypes()).verdict


@pytest.mark.parametrize(
    ("live", "documented"),
    [
        ({"StringEquals": {"K": "a"}, "StringLike": {"K": "b*"}}, [{"StringEquals": {"K": "z"}}]),
        ({"StringEquals": {"K": ["a", "b"]}}, [{"StringEquals": {"K": "a"}}, {"StringEquals": {"K": "b"}}]),
    ],
)
def test_nothing_rests_on_an_unpublished_key_having_one_value(live: Block, documented: list[Block]) -> None:
    def of(key: str) -> tuple[Block, ...]:
        return tuple({o: {key: k["K"]} for o, k in one.items()} for one in (live, *documented))

    assert compared(*of(UNPUBLISHED)) == "undecided"
    assert compared(*of(PUBLISHED)) in ("equal", "narrower")


@pytest.mark.parametrize("key", [UNPUBLISHED, PUBLISHED])
def test_fewer_values_of_a_key_are_inside_more_also_where_it_is_not_published(key: str) -> None:
    assert compared({"StringEquals": {key: "a"}}, {"StringEquals": {key: ["a", "b"]}}) == "narrower"
    assert compared({"StringEquals": {key: "a"}}, {"StringLike": {key: "a*"}}) == "narrower"
    assert compared({"StringEquals": {key: "a"}}, {"StringEquals": {key: "a"}}) == "equal"
    assert compared({"StringNotEquals": {key: ["a", "b"]}}, {"StringNotEquals": {key: "a"}}) == "narrower"
