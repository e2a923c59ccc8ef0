"""Random Azure assignments under conditions: what the engine calls contained, no concrete request contradicts.

FUZZ_PAIRS sizes the run, FUZZ_SEED varies it.
"""

from __future__ import annotations

import itertools
import os
import random
from typing import Any

import pytest

from scanner.access.azure.authorize import allows_azure
from scanner.access.azure.compare import compare_azure
from scanner.access.records import NamedDocument, Request

Body = dict[str, Any]
PAIRS = int(os.environ.get("FUZZ_PAIRS", "400")) // 2
SEED = os.environ.get("FUZZ_SEED", "1")
_NAME, _TAG = "@Request[A:name]", "@Resource[B:tag]"
_CONDITIONS = (
    f"{_NAME} StringEquals 'a'",
    f"{_NAME} StringNotEquals 'a'",
    f"{_NAME} ForAnyOfAnyValues:StringEquals {{'a', 'b'}}",
    f"{_TAG} StringStartsWithIgnoreCase 'A'",
    f"!(ActionMatches{{'A.X/*/write'}}) OR {_NAME} StringEquals 'a'",
    f"(!(ActionMatches{{'A.X/*'}}) AND !(ActionMatches{{'B.Y/*'}})) OR "
    f"({_NAME} StringEquals 'a' AND {_TAG} StringEquals 'a')",
    f"  {_NAME}   StringEquals 'a'",
    f"{_NAME} SomethingNew 'a'",
    None,
    None,
)
_PATTERNS = ("*", "A.X/*", "A.X/t/write", "A.X/*/read", "B.Y/t/write", "*/read")
_OPERATIONS = ("A.X/t/write", "A.X/t/read", "B.Y/t/write", "B.Y/t/read", "C.Z/t/action")
_VALUES = ("a", "b", "A", "other")


def side(rng: random.Random) -> list[Body]:
    block = {"actions": rng.sample(_PATTERNS, 2), "notActions": rng.sample(_PATTERNS[1:], rng.choice((0, 1)))}
    condition = rng.choice((*_CONDITIONS, *[None] * 8))
    found: list[Body] = [{"name": "r", "permissions": [{**block, "condition": condition}]}]
    for _ in range(rng.choice((1, 1, 2))):
        given = {"roleDefinitionId": "/x/r", "scope": "/subscriptions/s", "principalId": "p"}
        found.append({**given, "condition": rng.choice(_CONDITIONS)})
    return found


def named(bodies: list[Body]) -> list[NamedDocument]:
    return [NamedDocument(f"document {i}", body) for i, body in enumerate(bodies)]


REQUESTS = [
    Request("p", operation, "/subscriptions/s", {"plane": "control", _NAME: name, _TAG: tag})
    for operation, name, tag in itertools.product(_OPERATIONS, _VALUES, _VALUES)
]


@pytest.mark.parametrize("part", range(4))
def test_no_request_contradicts_what_is_called_contained(part: int) -> None:
    rng = random.Random(f"{SEED}/{part}")
    contained = 0
    for _ in range(PAIRS // 4):
        live, base = side(rng), side(rng)
        if rng.random() < 0.4:
            base = [*live[:1], *({**b, "condition": rng.choice((b["condition"], None))} for b in live[1:])]
        result = compare_azure(named(live), named(base))
        beyond = [r for r in REQUESTS if allows_azure(r, live) is True and allows_azure(r, base) is False]
        if result.contained:
            contained += 1
            assert not beyond, (beyond[0], live, base)
        for piece in result.excess:
            assert allows_azure(piece.witness, live) is True
            assert allows_azure(piece.witness, base) is False
    assert contained, "no pair was contained: the run shows nothing"
