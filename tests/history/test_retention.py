"""Retention as a plan: what is dropped when, and where the clock must be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import UsageError
from scanner.history.retention import Action, Held, Holding, before, parse_age, plan

NOW = datetime(2027, 3, 31, 12, tzinfo=UTC)


def held(days: int, holding: Holding = Holding.WHOLE, **more: bool) -> Held:
    return Held(f"run-{days:05}", NOW - timedelta(days=days), holding, 1_000, **more)


@pytest.mark.parametrize(
    ("age", "moment"),
    [
        ("1m", "2027-02-28"),
        ("13m", "2026-02-28"),
        ("3y", "2024-03-31"),
        ("30d", "2027-03-01"),
        (" 12 M ", "2026-03-31"),
    ],
)
def test_ages_are_by_the_calendar(age: str, moment: str) -> None:
    assert before(NOW, parse_age(age)).date().isoformat() == moment


@pytest.mark.parametrize("text", ["", "13", "0m", "-1m", "13 months", "1e3d", "10000d", "13m12d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time to keep"):
        parse_age(text)


def test_longer_than_there_have_been_bundles() -> None:
    with pytest.raises(UsageError, match="longer than there have been bundles"):
        before(NOW, parse_age("9999m"))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(1, 300))
def test_more_months_are_never_less_time(moment: datetime, months: int) -> None:
    now = moment.replace(tzinfo=UTC)
    assert before(now, parse_age(f"{months}m")) < now
    assert before(now, parse_age(f"{months + 1}m")) < before(now, parse_age(f"{months}m"))


def actions(*bundles: Held, keep: str = "13m", keep_evidence: str = "6m") -> list[Action]:
    made = plan(bundles, now=NOW, keep=parse_age(keep), keep_evidence=parse_age(keep_evidence))
    return [step.action for step in made]


def test_evidence_goes_first_then_the_bundle_and_the_newest_stays() -> None:
    assert actions(held(1), held(500), held(300), held(100)) == [
        Action.REMOVE,
        Action.DROP_EVIDENCE,
        Action.KEEP,
        Action.KEEP,
    ]


@pytest.mark.parametrize(
    ("bundle", "action"),
    [
        (held(300, Holding.DIGEST_ONLY), Action.KEEP),
        (held(300, Holding.DIGEST_ONLY, unfinished=True), Action.DROP_EVIDENCE),
        (held(500, Holding.DIGEST_ONLY), Action.REMOVE),
        (held(500, Holding.REMOVED), Action.KEEP),
        (held(500, Holding.REMOVED, unfinished=True), Action.REMOVE),
        (held(100, Holding.DIGEST_ONLY, unfinished=True), Action.DROP_EVIDENCE),
        (held(100, Holding.REMOVED, unfinished=True), Action.REMOVE),
        (held(300, Holding.REMOVED), Action.KEEP),
    ],
)
def test_what_was_begun_is_finished_and_what_is_done_is_not_done_again(bundle: Held, action: Action) -> None:
    assert actions(bundle, held(1))[0] is action


def test_a_bundle_of_the_future_means_that_a_clock_is_wrong() -> None:
    with pytest.raises(UsageError, match="after the clock of this machine"):
        actions(held(500), held(-1))


def test_a_clock_far_ahead_removes_nothing() -> None:
    with pytest.raises(UsageError, match="may be wrong"):
        actions(held(500), held(450))


def test_evidence_is_not_kept_longer_than_its_bundle() -> None:
    with pytest.raises(UsageError, match="longer than its bundle"):
        actions(held(1), keep="6m", keep_evidence="13m")


def test_a_directory_without_bundles_has_nothing_to_do() -> None:
    assert actions() == []
