"""Comparing, asking and layers on a small universe of actions and resources, against plain sets."""

from __future__ import annotations

import itertools
import random
from fnmatch import fnmatchcase
from typing import Any

import pytest

from scanner.access.compare import ask, compare
from scanner.access.evaluator.authorize import allows
from scanner.access.records import NamedDocument, Question

Policy = dict[str, Any]
Set = frozenset[tuple[str, str]]
ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:PassRole", "iam:GetRole")
RESOURCES = ("arn:aws:s3:::a/x", "arn:aws:s3:::b/x", "arn:aws:iam::111122223333:role/a")
UNIVERSE: Set = frozenset(itertools.product(ACTIONS, RESOURCES))
ACTION_PATTERNS = (*ACTIONS, "s3:*", "iam:*Role", "*", "s3:?etObject")
RESOURCE_PATTERNS = (*RESOURCES, "arn:aws:s3:::*", "arn:aws:s3:::?/x", "*")


def statement(rng: random.Random, effect: str) -> Policy:
    action = rng.choice(("Action", "Action", "Action", "NotAction"))
    resource = rng.choice(("Resource", "Resource", "Resource", "NotResource"))
    return {
        "Effect": effect,
        action: rng.sample(ACTION_PATTERNS, rng.choice((1, 1, 2))),
        resource: rng.sample(RESOURCE_PATTERNS, rng.choice((1, 1, 2))),
    }


def policy(rng: random.Random, denies: tuple[int, ...] = (0, 1)) -> list[Policy]:
    allowed = [statement(rng, "Allow") for _ in range(rng.choice((1, 2)))]
    return [*allowed, *(statement(rng, "Deny") for _ in range(rng.choice(denies)))]


def named(one: Policy, element: str, text: str) -> bool:
    patterns = one.get(element, one.get(f"Not{element}", ()))
    return any(fnmatchcase(text, p) for p in patterns) != (f"Not{element}" in one)


def allowed(statements: list[Policy]) -> Set:
    """Return what the statements allow of the universe: some Allow and no Deny."""
    found: dict[str, set[tuple[str, str]]] = {"Allow": set(), "Deny": set()}
    for one in statements:
        found[one["Effect"]] |= {(a, r) for a, r in UNIVERSE if named(one, "Action", a) and named(one, "Resource", r)}
    return frozenset(found["Allow"] - found["Deny"])


def document(statements: list[Policy]) -> list[NamedDocument]:
    return [NamedDocument("policy", {"Version": "2012-10-17", "Statement": statements})]


@pytest.mark.parametrize("part", range(10))
def test_what_is_called_contained_has_no_request_more_with_layers_and_without(part: int) -> None:
    rng, contained = random.Random(part), 0
    for _ in range(25):
        live, documented = policy(rng), policy(rng)
        if rng.random() < 0.5:
            documented = [*documented, *live[:1]]
        layers = [policy(rng) for _ in range(rng.choice((0, 0, 1, 2)))]
        result = compare(document(live), document(documented), layers=[document(layer) for layer in layers])
        within = allowed(live).intersection(*map(allowed, layers))
        if result.contained:
            contained += 1
            assert within <= allowed(documented), (live, documented, layers)
        for piece in result.excess:
            assert all(allows([{"Version": "2012-10-17", "Statement": s}], piece.witness) for s in (live, *layers))
            assert allows([{"Version": "2012-10-17", "Statement": documented}], piece.witness) is False
        if not layers and not result.missing and not any(u.direction == "missing" for u in result.undecided):
            assert allowed(documented) <= allowed(live), (live, documented)
    assert contained


@pytest.mark.parametrize("part", range(6))
def test_a_question_is_possible_exactly_where_a_request_is(part: int) -> None:
    rng, outcomes = random.Random(part), set()
    for _ in range(25):
        statements = policy(rng, (0, 1, 2))
        actions, resources = rng.sample(ACTIONS, rng.choice((1, 2))), rng.sample(RESOURCES, rng.choice((1, 2)))
        answer = ask(document(statements), Question(tuple(actions), tuple(resources)))
        wanted = allowed(statements) & set(itertools.product(actions, resources))
        outcomes.add(answer.outcome)
        assert answer.outcome in (("possible",) if wanted else ("impossible", "undecided")), (statements, wanted)
        if answer.witness:
            shown = answer.witness.action.lower(), answer.witness.resource
            assert shown in {(action.lower(), resource) for action, resource in wanted}
    assert outcomes >= {"possible", "impossible"}
