"""The matrix at reduced size: one mutant of every kind on every cloud is found and shown, no rewrite is reported.

Every mutant at every place: python benchmarks/detection.py --full
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from mutations.matrix import CLOUDS, Plan, Row, failures, rows, run
from mutations.records import Verdict

PLAN = Plan(seed=20, per_kind=1)


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    return run(PLAN)


@pytest.fixture(scope="module")
def table(verdicts: list[Verdict]) -> list[Row]:
    return rows(verdicts)


def shown(verdict: Verdict) -> str:
    return f"{verdict.cloud} {verdict.version}: {verdict.kind}: {verdict.place}: {verdict.alarms or verdict.said}"


def test_every_mutant_is_found_by_the_right_rules_and_shown(verdicts: list[Verdict]) -> None:
    assert [shown(v) for v in failures(verdicts) if not v.alarms] == []


def test_no_rule_reports_a_rewrite_or_a_mutant_that_changes_nothing(verdicts: list[Verdict]) -> None:
    assert [shown(v) for v in failures(verdicts) if v.alarms] == []


def test_the_matrix_is_wide_enough_to_mean_something(table: list[Row]) -> None:
    mutations = {(row.cloud, row.kind) for row in table if not row.rewrite}
    rewrites = {(row.cloud, row.kind) for row in table if row.rewrite}
    assert {cloud for cloud, _ in mutations} == set(CLOUDS) == {cloud for cloud, _ in rewrites}
    assert len(mutations) >= 140
    assert len(rewrites) >= 90
    assert sum(row.mutants for row in table if not row.rewrite) >= 150


def test_requests_that_were_tried_show_the_change_without_the_products_help(table: list[Row]) -> None:
    """A search that found nothing by itself would call every missed mutant a rewrite."""
    real = sum(row.mutants for row in table if not row.rewrite)
    assert sum(row.blind for row in table) <= real // 50
