"""Metrics of a fleet: what each target ended as, when it was last read, and nothing that a cloud's text could break."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import test_fleet as fleet
from hypothesis import given, settings
from hypothesis import strategies as st
from test_prometheus import read

from scanner.app.fleet.rollup import roll_up
from scanner.model.fleet import FindingCount, Gap, OpenPoint, Place, Reach, Rollup, Skipped, TargetResult
from scanner.render.prometheus import COMPLETE, HELP, SUCCESS, fleet_text, parsed

FIRST, SECOND = datetime(2026, 6, 1, 2, tzinfo=UTC), datetime(2026, 6, 2, 2, tzinfo=UTC)
LAST = {"reach": Reach.LATE, "exit_code": 2, "as_documented": "not proven", "why": "late"}


def row(number: int, when: datetime = FIRST, **changes: Any) -> TargetResult:
    return fleet.result(number, as_of=when, **changes)


def rolled(*rows: TargetResult, **plan: Any) -> Rollup:
    return roll_up(fleet.plan(list(rows), **plan), rows)


def told(data: bytes, name: str, label: str = "scope") -> dict[str, float]:
    return {labels[label]: value for labels, value in read(data).get(name, [])}


def test_each_target_says_how_it_ended_and_what_was_found() -> None:
    counts = (FindingCount("high", "FAIL", "new", 2), FindingCount("low", "WAIVED", "none", 1))
    data = fleet_text(rolled(row(1, findings=counts, exit_code=1, as_documented="no"), row(2, **LAST)))
    metrics = read(data)
    ended = {one["scope"]: (one["outcome"], one["as_documented"]) for one, _ in metrics["target_outcome"]}
    assert ended == {"100000000001": ("read", "no"), "100000000002": ("late", "not proven")}
    assert [(one["scope"], one["severity"], one["status"], one["delta"], n) for one, n in metrics["findings"]] == [
        ("100000000001", "high", "FAIL", "new", 2),
        ("100000000001", "low", "WAIVED", "none", 1),
    ]
    states = told(data, "fleet_targets", "state")
    assert {k: states[k] for k in ("targets", "read", "late", "broken")} == {
        "targets": 2, "read": 1, "late": 1, "broken": 0,
    }  # fmt: skip
    assert set(metrics) <= set(HELP)


@pytest.mark.parametrize(
    "night", [LAST, {"open_points": (OpenPoint("unit", "denied"),), "exit_code": 2}], ids=["late", "incomplete"]
)
def test_a_target_keeps_the_time_of_its_last_complete_reading(night: dict[str, Any]) -> None:
    before = fleet_text(rolled(row(1), row(2)))
    after = fleet_text(rolled(row(1, SECOND), row(2, SECOND, **night)), parsed(before))
    assert told(after, COMPLETE) == {"100000000001": SECOND.timestamp(), "100000000002": FIRST.timestamp()}
    read_at = FIRST if night is LAST else SECOND
    assert told(after, SUCCESS)["100000000002"] == read_at.timestamp()


def test_a_target_that_was_never_complete_has_a_time_that_sets_an_alarm_off() -> None:
    data = fleet_text(rolled(row(1, **LAST)))
    assert told(data, COMPLETE) == {"100000000001": 0}
    again = fleet_text(rolled(row(1, **LAST)), parsed(data))
    assert told(again, COMPLETE) == {"100000000001": 0}


def test_a_target_that_is_missing_from_a_broken_list_is_not_forgotten_and_one_that_was_closed_is() -> None:
    before = parsed(fleet_text(rolled(row(1), row(2), row(3))))
    closed = Skipped(row(3).place, "targets[1]", "the account is SUSPENDED")
    gone = rolled(row(1, SECOND), skipped=(closed,))
    assert set(told(fleet_text(gone, before), COMPLETE)) == {"100000000001"}
    cut = rolled(row(1, SECOND), skipped=(closed,), gaps=(Gap("targets[1]", "was not read to the end"),))
    data = fleet_text(cut, before)
    assert told(data, COMPLETE) == {"100000000001": SECOND.timestamp(), "100000000002": FIRST.timestamp()}
    assert read(data)["fleet_gaps"] == [({}, 1.0)]


ODD = st.text(st.characters(codec=None), min_size=1, max_size=30) | st.sampled_from(
    ["x" * 600, "x" * 601, fleet.HOSTILE, 'a"} 1\nunits 7', "\\", "\ud800", "a\u202eb"]
)


@given(st.lists(ODD, min_size=1, max_size=5, unique=True))
@settings(max_examples=80, deadline=None)
def test_whatever_a_cloud_calls_its_places_the_file_can_be_read_and_no_two_become_one(ids: list[str]) -> None:
    rows = [msgspec.structs.replace(row(n), place=Place("gcp", "project", one)) for n, one in enumerate(ids)]
    data = fleet_text(msgspec.structs.replace(rolled(row(1)), targets=tuple(rows)))
    assert len(read(data)["target_outcome"]) == len(ids)
    assert all(len(line) < 1_500 for line in data.decode().splitlines())
    late = [msgspec.structs.replace(one, reach=Reach.LATE) for one in rows]
    after = fleet_text(msgspec.structs.replace(rolled(row(1)), targets=tuple(late)), parsed(data))
    assert read(after)[COMPLETE] == read(data)[COMPLETE]


def test_what_is_written_of_a_target_is_bounded_however_much_is_wrong_in_it() -> None:
    many = tuple(fleet.deviation(f"{n:064x}", severity="high") for n in range(5_000))
    small = fleet_text(rolled(row(1, findings=(FindingCount("high", "FAIL", "new", 1),), deviations=many[:1])))
    large = fleet_text(rolled(row(1, findings=(FindingCount("high", "FAIL", "new", 5_000),), deviations=many)))
    assert len(large.splitlines()) == len(small.splitlines())
