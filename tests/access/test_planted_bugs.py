"""The differential test is only worth its time if it notices mistakes: each one planted here must be reported.

The engine's memory of earlier answers is emptied around every plant.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.access import domain, pattern, search, side, statement


def _sibling(name: str):
    spec = importlib.util.spec_from_file_location(f"access_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


differential = _sibling("test_differential")
PAIRS = 400


def _forget() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("scanner.access."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    _forget()
    yield monkeypatch
    monkeypatch.undo()
    _forget()


def _is_noticed() -> bool:
    for number in range(PAIRS):
        generator, live, documented = differential._pair(number)
        if differential._trouble(generator, live, documented)[0]:
            return True
    return False


def test_without_a_plant_nothing_is_reported(plant):
    assert not _is_noticed()


def test_a_missing_key_that_fails_negated_operators_is_noticed(plant):
    right = domain._on_absent
    plant.setattr(domain, "_on_absent", lambda c: False if c.negated and not c.qualifier else right(c))
    assert _is_noticed()


def test_a_missing_key_that_fails_for_all_values_is_noticed(plant):
    right = domain._on_absent
    plant.setattr(domain, "_on_absent", lambda c: False if c.qualifier == "all" else right(c))
    assert _is_noticed()


def test_a_dropped_star_is_noticed(plant):
    right = pattern.tokenize

    def without_star(text: str, **options: bool):
        tokens = right(text, **options)
        return tokens[:-1] if len(tokens) > 1 and tokens[-1] == pattern.STAR else tokens

    plant.setattr(statement, "tokenize", without_star)
    assert _is_noticed()


def test_a_dropped_negation_is_noticed(plant):
    plant.setattr(domain, "accepts", lambda c, value: any(domain._value_matches(c, p, value) for p in c.values))
    assert _is_noticed()


def test_ignored_denies_are_noticed(plant):
    right = side.Side.__init__

    def without_denies(self, boxes):
        right(self, [box for box in boxes if box.statement.allow])

    plant.setattr(side.Side, "__init__", without_denies)
    assert _is_noticed()


def test_resources_without_letter_case_are_noticed(plant):
    plant.setattr(statement, "_resource", lambda text, variables: pattern.tokenize(text.lower(), variables=variables))
    assert _is_noticed()


def test_not_resource_entries_joined_by_or_are_noticed(plant):
    def beyond_any(box: side.Box, text: object) -> bool:
        hits = [pattern.matches(p, text) for p in box.resources]
        return not all(hits) if box.statement.not_resources else any(hits)

    plant.setattr(search, "_lies_on", beyond_any)
    plant.setattr(side.Box, "lies_on", beyond_any)
    assert _is_noticed()
