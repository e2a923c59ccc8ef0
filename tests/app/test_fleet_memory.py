"""What is remembered of a target when it is over: a bounded number of answers, whatever its ARNs were."""

from __future__ import annotations

import functools
import gc
import sys

import pytest

from scanner.access.pattern import compile_pattern, covers, tokenize
from scanner.app.fleet import memory
from scanner.app.fleet.target import key_check, read_target
from scanner.app.fleet.work import Work
from scanner.model.fleet import Reach

from .test_fleet_executor import IDS, target, work


def _judge_an_account(number: int) -> None:
    """Ask the engine what it is asked of every account: about ARNs that no other account has."""
    arn = f"arn:aws:iam::{number:012d}:role/"
    for name in range(10):
        one, other = (compile_pattern(tokenize(f"{arn}{name}{end}")) for end in ("*", "/x"))
        assert covers(one, other)


def _remembered() -> int:
    return sum(table.cache_info().currsize for table in memory.tables())


def _asked(**changes: object) -> Work:
    return work(target(IDS[0]), **changes)


def test_what_is_remembered_does_not_grow_with_the_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 500)
    sizes = []
    for number in range(100):
        _judge_an_account(number)
        memory.forget_if_many()
        sizes.append(_remembered())
    assert 0 < max(sizes) <= 500


def test_a_target_that_is_over_leaves_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 0)
    _judge_an_account(1)
    assert _remembered() > 0
    done = read_target(_asked(key_check=key_check()[::-1] + "x"))
    assert done.result.reach is Reach.FAILED
    assert _remembered() == 0


def test_every_table_of_the_engine_is_known() -> None:
    known = {id(table) for table in memory.tables()}
    there = [one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper)]
    ours = [one for one in there if one.__module__.startswith("scanner.access.") and one.__module__ in sys.modules]
    assert len(ours) > 10
    assert {f"{one.__module__}.{one.__name__}" for one in ours if id(one) not in known} == set()
