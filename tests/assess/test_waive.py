"""Waivers laid over reports: what is covered, what breaks a waiver, and what never changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scanner.app.gates import exit_code
from scanner.assess.waive import waive
from scanner.assess.waiver_match import glob_matches, too_broad
from scanner.history.waiver_file import read_waivers
from scanner.model.finding import Axis, Diff, DiffEntry, Finding, Result, Severity
from scanner.model.report import Report
from scanner.model.snapshot import UnitStatus
from scanner.model.waiver import Waiver, WaiverState
from scanner.render.words import open_points
from tests.history.waiver_text import ENTRY, GAP, entry, text
from tests.render import sample_report as sample

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HIGH = {"fail_on": "high", "fail_on_posture": "none", "allow_incomplete": False}
PIECE = DiffEntry("action", "porter-manager-policy: 3", ("s3:GetObject",), ("arn:aws:s3:::logs/*",))


def deviation(**more: Any) -> Finding:
    found = sample.finding(
        "AWS-PERM-001", "Nothing beyond the document", Result.FAIL, "porter-manager", "May read logs."
    )
    return replace(found, **{"diff": Diff(added=(PIECE,)), **more})


def report_of(*findings: Finding) -> Report:
    return replace(sample.clean(), findings=findings)


def waivers(*entries: dict[str, Any]) -> tuple[Waiver, ...]:
    return read_waivers(text(*entries), "w")


def about(finding: Finding, **changes: Any) -> dict[str, Any]:
    """Return an entry for a finding as it is."""
    match = {"rule_id": finding.rule_id, "subject": finding.subject.key}
    return entry(match=match, ceiling={"content_hash": finding.content_hash}, **changes)


def laid(finding: Finding, *entries: dict[str, Any], as_of: datetime = NOON) -> Finding:
    return waive(report_of(finding), waivers(*entries), as_of).findings[0]


def test_a_waived_deviation_keeps_its_result_and_stops_nobody() -> None:
    found = deviation()
    before = report_of(found)
    after = waive(before, waivers(about(found)), NOON)
    assert exit_code(before, **HIGH) == 1
    assert exit_code(after, **HIGH) == 0
    waived = after.findings[0]
    assert (waived.result, waived.status, waived.delta) == (Result.FAIL, "WAIVED", "waived")
    assert waived.waiver is not None
    assert (waived.waiver["id"], waived.waiver["owner"]) == ("W-1", "platform@example.com")
    same = {"status": "FAIL", "waiver": None, "delta": None}
    assert replace(waived, **same) == found


def test_the_verdict_still_says_no_and_names_the_waiver() -> None:
    found = deviation()
    after = waive(report_of(found), waivers(about(found)), NOON)
    assert after.verdict.as_documented == "no"
    assert "1 deviation on 1 subject, all of them waived" in after.verdict.headline
    assert after.summary.results["WAIVED"] == 1
    assert after.summary.conformance_fail["high"] == 1


def test_without_waivers_a_report_is_the_same() -> None:
    report = report_of(deviation())
    assert waive(report, (), NOON) is report


WORSE: dict[str, dict[str, Any]] = {
    "another content": {"content_hash": "0" * 64},
    "one piece more": {"content_hash": "1" * 64, "diff": Diff(added=(PIECE, replace(PIECE, actions=("s3:*",))))},
}


@pytest.mark.parametrize("change", WORSE.values(), ids=WORSE)
def test_a_worse_deviation_breaks_the_waiver(change: dict[str, Any]) -> None:
    accepted = deviation()
    after = waive(report_of(deviation(**change)), waivers(about(accepted)), NOON)
    assert after.findings[0].status == "FAIL"
    assert exit_code(after, **HIGH) == 1
    assert after.waivers[0].matched == ()
    assert after.waivers[0].beyond == (accepted.finding_id,)


ALLOWED = {"kind": "action", "actions": ["S3:GetObject", "s3:ListBucket"], "resources": ["arn:aws:s3:::logs/*"]}
CEILINGS: dict[str, tuple[tuple[DiffEntry, ...], bool]] = {
    "the whole of it": ((replace(PIECE, actions=("s3:GetObject", "s3:ListBucket")),), True),
    "less": ((PIECE,), True),
    "two pieces of it": ((PIECE, replace(PIECE, actions=("s3:listbucket",))), True),
    "a wildcard instead": ((replace(PIECE, actions=("s3:Get*",)),), False),
    "another action": ((replace(PIECE, actions=("s3:PutObject",)),), False),
    "a wider resource": ((replace(PIECE, resources=("*",)),), False),
    "another kind": ((replace(PIECE, kind="condition"),), False),
    "another condition": ((replace(PIECE, conditions={"Bool": {"aws:SecureTransport": "false"}}),), False),
    "another principal": ((replace(PIECE, principals={"AWS": ["*"]}),), False),
    "nothing that can be shown": ((), False),
}


@pytest.mark.parametrize(("added", "held"), CEILINGS.values(), ids=CEILINGS)
def test_a_set_of_deviations_is_a_ceiling(added: tuple[DiffEntry, ...], held: bool) -> None:
    found = deviation(diff=Diff(added=added))
    after = laid(found, {**about(found), "ceiling": {"deviations": [ALLOWED]}})
    assert (after.status == "WAIVED") is held


def test_undecided_pieces_are_beyond_every_set() -> None:
    found = deviation(diff=Diff(added=(PIECE,), undecided=("a condition that could not be read",)))
    assert laid(found, {**about(found), "ceiling": {"deviations": [ALLOWED]}}).status == "FAIL"


EXPIRY = {
    "the last millisecond of the day": ("2026-07-30", "2026-07-30T23:59:59.999+00:00", "WAIVED"),
    "the last microsecond of the day": ("2026-07-30", "2026-07-30T23:59:59.999999+00:00", "WAIVED"),
    "the next day": ("2026-07-30", "2026-07-31T00:00:00+00:00", "FAIL"),
    "the next day, still the day before elsewhere": ("2026-07-30", "2026-07-30T20:00:00-04:00", "FAIL"),
    "the last moment of a time": ("2026-07-30T10:00:00Z", "2026-07-30T09:59:59.999+00:00", "WAIVED"),
    "the time itself": ("2026-07-30T10:00:00Z", "2026-07-30T10:00:00+00:00", "FAIL"),
}


@pytest.mark.parametrize(("expires", "as_of", "status"), EXPIRY.values(), ids=EXPIRY)
def test_a_waiver_ends_when_it_says(expires: str, as_of: str, status: str) -> None:
    found = deviation()
    after = laid(found, about(found, expires=expires), as_of=datetime.fromisoformat(as_of))
    assert after.status == status
    assert after.delta == ("waived" if status == "WAIVED" else "waiver_expired")


def test_a_waiver_from_the_future_covers_nothing() -> None:
    found = deviation()
    report = waive(report_of(found), waivers(about(found, created="2026-06-02")), NOON)
    assert report.findings[0].status == "FAIL"
    assert report.waivers[0].state is WaiverState.NOT_YET


@pytest.mark.parametrize(("expires", "status"), [("2026-07-30", "WAIVED"), ("2026-07-31", "FAIL")])
def test_a_critical_finding_is_covered_for_ninety_days_at_most(expires: str, status: str) -> None:
    found = deviation(severity=Severity.CRITICAL)
    assert laid(found, about(found, created="2026-05-01", expires=expires)).status == status


MATCHES = {
    "its fingerprint": ({"fingerprint": deviation().fingerprint}, True),
    "its fingerprint here": ({"fingerprint": deviation().fingerprint, "scope": sample.ACCOUNT}, True),
    "its fingerprint elsewhere": ({"fingerprint": deviation().fingerprint, "scope": "999999999999"}, False),
    "another fingerprint": ({"fingerprint": "0" * 64}, False),
    "a pattern": ({"rule_id": "AWS-PERM-001", "subject": "arn:aws:iam::*:role/porter-m?nager"}, True),
    "another rule": ({"rule_id": "AWS-PERM-002", "subject": "*"}, False),
    "another subject": ({"rule_id": "AWS-PERM-001", "subject": "arn:aws:iam::*:role/porter-manage"}, False),
    "letters of another case": ({"rule_id": "AWS-PERM-001", "subject": "ARN:*"}, False),
    "brackets, which mean nothing": ({"rule_id": "AWS-PERM-001", "subject": "[a]*"}, False),
}


@pytest.mark.parametrize(("match", "held"), MATCHES.values(), ids=MATCHES)
def test_what_a_waiver_is_about(match: dict[str, Any], held: bool) -> None:
    found = deviation()
    assert (laid(found, {**about(found), "match": match}).status == "WAIVED") is held


NOT_FAILURES = [Result.PASS, Result.MANUAL, Result.INCOMPLETE, Result.NOT_APPLICABLE, Result.ERROR]


@pytest.mark.parametrize("result", NOT_FAILURES)
def test_only_a_failure_can_be_waived(result: Result) -> None:
    found = deviation(result=result, status=result.value, blocking=result in (Result.INCOMPLETE, Result.ERROR))
    assert laid(found, about(found)) == found


def incomplete(status: UnitStatus = UnitStatus.DENIED, **more: Any) -> Report:
    """Return a report in which one required unit was not read, and one result hangs on it."""
    report = sample.clean()
    unit = replace(report.units[-1], status=status, required=True)
    found = deviation(
        result=Result.INCOMPLETE,
        status="INCOMPLETE",
        reason_code="UNIT_UNREAD",
        message=f"Not known: could not read {unit.kind} ({status.value}). What was read says: nothing.",
        requires_units=(unit.unit_id,),
        blocking=True,
        diff=None,
    )
    return replace(report, units=(*report.units[:-1], unit), findings=(replace(found, **more),))


def gap(report: Report, **changes: Any) -> dict[str, Any]:
    return entry(GAP, match={"unit": report.units[-1].unit_id}, **changes)


def test_an_acknowledged_gap_is_no_reason_to_stop_and_stays_a_gap() -> None:
    report = incomplete()
    after = waive(report, waivers(gap(report)), NOON)
    assert (exit_code(report, **HIGH), exit_code(after, **HIGH)) == (2, 0)
    found = after.findings[0]
    assert (found.result, found.status, found.blocking) == (Result.INCOMPLETE, "INCOMPLETE", True)
    assert found.waiver is not None
    assert found.waiver["kind"] == "ack"
    assert after.verdict.as_documented == "not proven"
    assert after.waivers[0].units == (report.units[-1].unit_id,)


def test_the_first_page_shows_an_acknowledged_gap_and_who_answers_for_it() -> None:
    report = incomplete()
    points = open_points(waive(report, waivers(gap(report)), NOON))
    assert "denied" in points[0]
    assert "1 result could not be proven" in points
    assert points[-1] == "1 gap acknowledged: waiver W-2 of platform@example.com until 2026-07-30"


GAPS_NOT_COVERED: dict[str, tuple[Report, dict[str, Any]]] = {
    "it ended in another way": (incomplete(UnitStatus.TRUNCATED), {}),
    "the acknowledgement is over": (incomplete(), {"expires": "2026-05-31"}),
    "another unit": (incomplete(), {"match": {"unit": "aws/*/aws.nothing"}}),
    "another account": (incomplete(), {"match": {"unit": "*", "scope": "999999999999"}}),
}


@pytest.mark.parametrize(("report", "changes"), GAPS_NOT_COVERED.values(), ids=GAPS_NOT_COVERED)
def test_a_gap_that_nobody_acknowledged_stops(report: Report, changes: dict[str, Any]) -> None:
    after = waive(report, waivers(entry(gap(report), **changes)), NOON)
    assert exit_code(after, **HIGH) == 2
    assert after.findings[0].waiver is None


OPEN_FOR_ANOTHER_REASON: dict[str, dict[str, Any]] = {
    "undecided access": {"reason_code": "UNDECIDED"},
    "a unit beside it": {"requires_units": (sample.clean().units[-1].unit_id, "aws/none")},
    "a unit nobody asked for": {"message": "Not known: could not read aws.eks.clusters (never asked)."},
}


@pytest.mark.parametrize("change", OPEN_FOR_ANOTHER_REASON.values(), ids=OPEN_FOR_ANOTHER_REASON)
def test_an_acknowledgement_closes_nothing_else(change: dict[str, Any]) -> None:
    report = incomplete(**change)
    assert exit_code(waive(report, waivers(gap(report)), NOON), **HIGH) == 2


def housekeeping(report: Report, entries: Sequence[dict[str, Any]], as_of: datetime = NOON) -> list[Finding]:
    return [f for f in waive(report, waivers(*entries), as_of).findings if f.rule_id == "WAIVER-001"]


def broad(finding: Finding) -> dict[str, Any]:
    return {**about(finding), "match": {"rule_id": finding.rule_id, "subject": "arn:aws:iam::*"}}


HOUSEKEEPING: dict[str, tuple[Report, dict[str, Any], datetime, str]] = {
    "it is well": (report_of(deviation()), about(deviation()), NOON, ""),
    "it matches nothing": (report_of(), ENTRY, NOON, "matches nothing"),
    "what it matched passes": (report_of(deviation(result=Result.PASS, status="PASS")), ENTRY, NOON, "matches nothing"),
    "the rule could not be judged": (
        report_of(deviation(result=Result.INCOMPLETE, status="INCOMPLETE")),
        ENTRY,
        NOON,
        "",
    ),
    "another account was scanned": (
        report_of(),
        entry(match={"rule_id": "AWS-PERM-001", "subject": "x/y", "scope": "999999999999"}),
        NOON,
        "",
    ),
    "a gap that is closed": (report_of(), GAP, NOON, "matches nothing"),
    "it is too broad": (report_of(deviation()), broad(deviation()), NOON, "too broad"),
    "it expired": (
        report_of(deviation()),
        about(deviation()),
        datetime(2026, 8, 1, tzinfo=UTC),
        "it expired (2026-07-30)",
    ),
    "fourteen days are left": (report_of(deviation()), about(deviation()), datetime(2026, 7, 17, tzinfo=UTC), "soon"),
    "fifteen days are left": (report_of(deviation()), about(deviation()), datetime(2026, 7, 16, tzinfo=UTC), ""),
    "what it matched has grown": (
        report_of(deviation(content_hash="9" * 64)),
        about(deviation()),
        NOON,
        "beyond the ceiling: content_hash 9999",
    ),
}


@pytest.mark.parametrize(("report", "given", "as_of", "note"), HOUSEKEEPING.values(), ids=HOUSEKEEPING)
def test_every_waiver_is_judged_itself(report: Report, given: dict[str, Any], as_of: datetime, note: str) -> None:
    (found,) = housekeeping(report, [given], as_of)
    assert found.axis is Axis.HYGIENE
    assert found.result is (Result.FAIL if note else Result.PASS)
    assert note in found.message


def test_housekeeping_stops_nobody() -> None:
    after = waive(report_of(), waivers(ENTRY), NOON)
    strict = {"fail_on": "low", "fail_on_posture": "low", "allow_incomplete": False}
    assert exit_code(after, **strict) == 0


def test_the_order_of_the_file_does_not_matter() -> None:
    found = deviation()
    entries = [about(found), about(found, id="W-0", expires="2026-07-29"), entry(GAP)]
    one = waive(report_of(found), waivers(*entries), NOON)
    assert one == waive(report_of(found), waivers(*reversed(entries)), NOON)
    assert one.findings[0].waiver is not None
    assert one.findings[0].waiver["id"] == "W-1"


# --- patterns --------------------------------------------------------------------------------------------------------

SOME = st.text(alphabet="ab*?[:/", max_size=9)


def plainly(pattern: str, text_: str) -> bool:
    parts = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(parts, text_, re.DOTALL) is not None


@given(SOME, SOME)
def test_a_pattern_means_what_a_plain_reading_says(pattern: str, text_: str) -> None:
    assert glob_matches(pattern, text_) == plainly(pattern, text_)


def test_a_hostile_pattern_does_not_take_long() -> None:
    assert not glob_matches("*a" * 500 + "b", "a" * 5_000)


@pytest.mark.parametrize(
    ("pattern", "broad_"),
    [("*", True), ("arn:aws:iam::*:role/*", True), ("?*", True), ("arn:aws:iam::*", True), ("role/porter-*", False)],
)
def test_what_names_next_to_nothing(pattern: str, broad_: bool) -> None:
    assert too_broad(pattern) is broad_
