"""What is still there of Porter's is told with the value that was seen, if there is one."""

from __future__ import annotations

import pytest

from scanner.model.finding import Result, Severity, Subject
from scanner.rules.revoked import left


@pytest.mark.parametrize("seen", ["108458755588", False, 0, ["a"]])
def test_the_value_that_was_seen_is_shown(seen: object) -> None:
    outcome = left(Subject("aws.role", "r", "n"), "m", severity=Severity.HIGH, evidence=(), observed=seen)
    assert outcome.result is Result.FAIL
    assert outcome.observed is not None
    assert outcome.observed.value == seen


def test_where_nothing_was_seen_nothing_is_shown() -> None:
    outcome = left(Subject("aws.role", "r", "n"), "m", severity=Severity.HIGH, evidence=())
    assert (outcome.observed, outcome.remediation) == (None, None)
    assert left(Subject("aws.role", "r", "n"), "m", severity=Severity.HIGH, evidence=(), steps=("rm",)).remediation
