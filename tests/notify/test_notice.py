"""What there is to tell: changes by cause, gaps, and nothing twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanner.errors import InputError
from scanner.model.config import DEFAULT_EVENTS, Event
from scanner.model.notice import Gap, Notice
from scanner.notify.decide import Told, decide
from scanner.notify.message import message
from scanner.notify.notice import changes_of, is_incomplete, minimal, notice, triples
from scanner.notify.source import ToldReport, read_report

from .reports import ACCOUNT, blind, finding, gone, report


def told(made: dict[str, Any]) -> ToldReport:
    return read_report(json.dumps(made).encode(), "test")


def made(*reports: dict[str, Any], gaps: tuple[Gap, ...] = ()) -> Notice:
    return notice([told(one) for one in reports], "/out/report.json", gaps)


def test_only_changes_are_told() -> None:
    deltas = ["new", "worsened", "reappeared", "waiver_expired", "improved", "rule_changed", "fixed"]
    silent = ["unchanged", "waived", "unknown_incomplete", None]
    findings = [finding(f"role-{n}", delta) for n, delta in enumerate([*deltas, *silent])]
    told_of = made(report(*findings, gone=[gone("gone"), gone("unknown", "unknown_incomplete")]))
    assert told_of.counts == {**dict.fromkeys(deltas, 1), "fixed": 2}
    assert [cause.delta for cause in told_of.causes][-3:] == ["improved", "fixed", "fixed"]


def test_identical_deviations_of_many_accounts_are_one_cause() -> None:
    accounts = [f"{n:012}" for n in range(1, 41)]
    told_of = made(*(report(finding(account=a), account=a) for a in accounts))
    (cause,) = told_of.causes
    assert (cause.targets, len(cause.findings), told_of.targets) == (40, 40, 40)
    text = message(notice_with(told_of, "changes")).text
    assert "`" not in text
    assert "the same in 40 AWS accounts" in text
    assert "40 new" in text


def notice_with(made: Notice, *events: str) -> Notice:
    from msgspec.structs import replace

    return replace(made, events=events)


@pytest.mark.parametrize(
    "other",
    [{"action": "iam:*"}, {"severity": "low"}, {"delta": "worsened"}, {"rule_id": "AWS-PERM-002"}, {"name": "another"}],
    ids=lambda o: next(iter(o)),
)
def test_what_differs_is_another_cause(other: dict[str, Any]) -> None:
    second = finding(account="222222222222", **other)
    assert len(made(report(finding()), report(second, account="222222222222")).causes) == 2


def test_the_key_is_of_the_set_of_fingerprint_content_and_delta() -> None:
    one, two = finding("a"), finding("b")
    assert made(report(one, two)).key == made(report(two, one, day=3)).key
    assert made(report(one)).key != made(report(one, two)).key
    assert made(report(one)).key != made(report(finding("a", "worsened"))).key
    assert made(report(one)).key != made(report(finding("a", action="iam:*"))).key


def test_without_a_history_open_deviations_are_told_and_risks_are_left_to_the_report() -> None:
    risk = finding("risk", None, axis="posture")
    told_of = made(report(finding("a", None), risk, finding("b", None, status="WAIVED"), history=None))
    assert told_of.counts == {"open": 1}


WAIVER = {"id": "W", "state": "in_force", "expires": "2026-12-31"}
INCOMPLETE = {
    "an unread unit": (blind(), True),
    "a rule that failed": (report(finding(result="ERROR", status="ERROR")), True),
    "the exit code": (report(summary={"exit_code": 2}), True),
    "an acknowledged gap": (
        report(finding(result="INCOMPLETE", status="INCOMPLETE", blocking=True, waiver={"id": "W"})),
        False,
    ),
    "an unread unit beside a deviation": (report(finding(), units=blind()["units"]), True),
    "an unread unit that is acknowledged": (
        report(units=blind()["units"], waivers=[{**WAIVER, "units": [u["unit_id"] for u in blind()["units"]]}]),
        False,
    ),
    "a supplementary gap": (report(finding(result="INCOMPLETE", status="INCOMPLETE")), False),
    "nothing": (report(finding()), False),
}


@pytest.mark.parametrize(("one", "expected"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_when_a_run_is_incomplete(one: dict[str, Any], expected: bool) -> None:
    assert is_incomplete(told(one)) is expected


class Nights:
    """A channel, night after night."""

    def __init__(self, *events: Event) -> None:
        self.events = events or DEFAULT_EVENTS
        self.told = Told()

    def __call__(self, *reports: dict[str, Any]) -> list[str]:
        """Return why the channel is told of a night."""
        read = [told(one) for one in reports]
        incomplete = any(is_incomplete(one) for one in read)
        hashes = triples(changes_of(read))
        decision = decide(self.events, notice(read, ""), hashes, self.told, incomplete=incomplete)
        self.told = decision.after
        return list(decision.notice.events) if decision.notice is not None else []


def test_a_change_is_told_once() -> None:
    night = Nights()
    assert night(report(finding("a"))) == ["changes"]
    assert night(report(finding("a"))) == []  # the same report again
    assert night(report(finding("a", "unchanged"), day=1)) == []
    assert night(report(day=2, gone=[gone("a")])) == ["changes"]
    assert night(report(finding("a", "reappeared"), day=3)) == ["changes"]
    assert night(report(day=4, gone=[gone("a")])) == ["changes"]
    assert night(report(finding("a", "reappeared"), day=5)) == ["changes"]


def test_what_stands_every_night_is_not_told_every_night() -> None:
    """A waiver whose time is over has that delta until somebody mends it."""
    night = Nights()
    over = finding("w", "waiver_expired")
    assert night(report(finding("a"), over)) == ["changes"]
    assert night(report(finding("a", "unchanged"), over, day=1)) == []
    assert night(report(finding("a", "worsened", action="iam:*"), over, day=2)) == ["changes"]


def test_every_incomplete_night_is_told_and_the_recovery_whatever_a_channel_asks_for() -> None:
    night = Nights(Event.DIGEST)
    night(report())
    assert night(blind(1)) == ["incomplete"]
    assert night(blind(1)) == []
    assert night(blind(2)) == ["incomplete"]
    assert night(report(day=3)) == ["recovery"]
    assert night(report(day=4)) == []


def test_a_digest_once_in_each_week() -> None:
    night = Nights(Event.DIGEST)
    weeks = [night(report(finding("a", "unchanged"), day=day)) for day in range(15)]
    # 1 June 2026 is a Monday.
    assert [day for day, events in enumerate(weeks) if events] == [0, 7, 14]


def test_a_target_without_a_report_is_a_gap() -> None:
    told_of = made(report(), gaps=(Gap("aws", "222222222222", ("access denied",)),))
    assert told_of.as_documented == {"not proven": 1, "yes": 1}
    text = message(notice_with(told_of, "incomplete")).text
    assert "INCOMPLETE in 1 of 2 AWS accounts" in text
    assert "222222222222: access denied" in text


def test_minimal_says_neither_names_nor_ids() -> None:
    secretive = [ACCOUNT, "arn:", "porter-manager", "acme", "/out", "aws.eks"]
    waivers = [{"id": "W-1", "state": "in_force", "expires": "2026-06-05"}]
    one = made(blind(0, ACCOUNT, finding()), report(finding(), day=1, waivers=waivers))
    full = notice_with(one, "changes", "incomplete", "digest")
    text = json.dumps([message(minimal(full)).subject, message(minimal(full)).text])
    assert [word for word in secretive if word in text] == []
    assert "AWS-PERM-001" in text
    everything = message(full).text
    assert all(word in everything for word in (ACCOUNT, "porter-manager", "/out", "aws.eks"))


def test_a_message_has_five_causes_and_says_how_many_more() -> None:
    findings = [finding(f"role-{n}", action=f"s3:Get{n}") for n in range(9)]
    lines = message(notice_with(made(report(*findings)), "changes")).text.splitlines()
    assert sum(line.startswith("- new, high: ") for line in lines) == 5
    assert "- and 4 more causes; the report has all" in lines


BAD = {
    "text": b"monday",
    "another file": b'{"schema": "porter-audit/period/v1"}',
    "no zone": json.dumps(report(run={"run_id": "r", "as_of": "2026-06-01T00:00:00"})).encode(),
    "another version": json.dumps(report(schema="porter-audit/report/v9")).encode(),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="report `x`: "):
        read_report(data, "report `x`")
