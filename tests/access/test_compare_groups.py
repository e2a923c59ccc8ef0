"""Actions of a statement are judged together only where they share their fate: a list is what each is alone."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from scanner.access.compare import compare
from scanner.access.records import Comparison, NamedDocument

Policy = dict[str, Any]
ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "iam:PassRole", "iam:GetRole"]
KEYED = {"StringEquals": {"aws:PrincipalTag/team": "a"}}


def allow(*actions: str, **more: object) -> Policy:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def deny(*actions: str, **more: object) -> Policy:
    return {**allow(*actions, **more), "Effect": "Deny"}


def decide(live: list[Policy], documented: list[Policy]) -> Comparison:
    sides = ([NamedDocument("policy", {"Version": "2012-10-17", "Statement": s})] for s in (live, documented))
    return compare(*sides)


def beyond(live: list[Policy], documented: list[Policy]) -> list[str]:
    return sorted(action for piece in decide(live, documented).excess for action in piece.actions)


@pytest.mark.parametrize("denied", [d for n in (1, 2) for d in itertools.combinations(ACTIONS[:3], n)])
@pytest.mark.parametrize("order", list(itertools.permutations(ACTIONS[:3])))
def test_a_deny_of_some_actions_takes_only_those_away(order: tuple[str, ...], denied: tuple[str, ...]) -> None:
    expected = sorted(set(order) - set(denied))
    assert beyond([allow(*order), deny(*denied)], [allow("iam:GetRole")]) == expected
    assert beyond([allow(*order), deny(*denied, Resource="arn:aws:s3:::a/*")], [allow("iam:GetRole")]) == sorted(order)
    assert beyond([allow(*order), deny(*denied, Condition=KEYED)], [allow("iam:GetRole")]) == sorted(order)


@pytest.mark.parametrize("order", list(itertools.permutations(ACTIONS[:3])))
def test_a_documented_deny_of_some_actions_puts_only_those_beyond(order: tuple[str, ...]) -> None:
    documented = [allow("s3:*"), deny("s3:PutObject")]
    assert beyond([allow(*order)], documented) == ["s3:PutObject"]
    assert beyond([allow(*order), deny("s3:PutObject")], documented) == []
    assert beyond([allow(*order), deny("s3:GetObject")], documented) == ["s3:PutObject"]
    assert beyond([allow(*order)], [allow("s3:*"), deny("s3:PutObject", Condition=KEYED)]) == ["s3:PutObject"]


@pytest.mark.parametrize("number", range(60))
def test_a_list_of_actions_means_what_its_actions_mean_one_by_one(number: int) -> None:
    rng = random.Random(number)

    def statement(effect: str) -> Policy:
        named = rng.choice((rng.sample(ACTIONS, rng.choice((1, 2, 3))), ["s3:*"], ["iam:*Role"]))
        found: Policy = {"Effect": effect, "Action": named, "Resource": rng.choice(("*", "arn:aws:s3:::a/*"))}
        return {**found, "Condition": KEYED} if rng.random() < 0.3 else found

    denies = [statement("Deny") for _ in range(rng.choice((0, 1, 2)))]
    documented = [statement("Allow"), statement("Allow")] + [statement("Deny") for _ in range(rng.choice((0, 0, 1)))]
    live = {**statement("Allow"), "Action": rng.sample(ACTIONS, 4)}
    alone = [a for a in live["Action"] if beyond([{**live, "Action": a}, *denies], documented)]
    assert beyond([live, *denies], documented) == sorted(alone)
    whole = decide([live, *denies], documented)
    assert (whole.contained is True) == (not alone)
