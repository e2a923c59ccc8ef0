"""What reports say of the nights before and of waivers; hostile text in them is text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.model.history import Gone, HistoryNote
from scanner.model.waiver import WaiverKind, WaiverRow, WaiverState
from scanner.render.html.report import render_html
from scanner.render.terminal import render_terminal

NIGHT = datetime(2026, 5, 29, 2, tzinfo=UTC)
HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[2J"


def gone(delta: str, subject: str = "porter-manager") -> Gone:
    return Gone("F-0123456789ab", "0" * 64, "AWS-PERM-001", "title", "high", "1", subject, delta, NIGHT, NIGHT)


def row(**more: object) -> WaiverRow:
    fields = {
        "id": "W-1",
        "kind": WaiverKind.ACCEPT,
        "state": WaiverState.IN_FORCE,
        "owner": "platform@example.com",
        "approved_by": "security@example.com",
        "ticket": "https://tickets.example.com/1",
        "reason": "Needed until the migration is done.",
        "created": NIGHT,
        "expires": "2026-07-30",
    }
    return WaiverRow(**{**fields, **more})  # type: ignore[arg-type]


NOTE = HistoryNote(
    source="history",
    previous_run_id="run",
    previous_as_of=NIGHT,
    deltas={"new": 2, "fixed": 1, "unknown_incomplete": 1},
    gone=(gone("fixed"), gone("unknown_incomplete", "porter-infra-manager")),
)


def test_a_report_tells_what_changed_since_the_run_before() -> None:
    report = replace(sample.small(), history=NOTE)
    text = render_terminal(report)
    assert "Since the run before" in text
    assert "2 new, 1 fixed, 1 not known tonight" in text
    page = str(render_html(report))
    assert "2 new, 1 fixed, 1 not known tonight" in page
    assert "not known tonight: AWS-PERM-001 porter-infra-manager" in page


def test_a_first_night_says_so() -> None:
    report = replace(sample.small(), history=HistoryNote("history", None, None))
    assert "the first one known" in render_terminal(report)


def test_where_nobody_asked_nothing_is_said() -> None:
    assert "Since the run before" not in render_terminal(sample.small())
    assert "Since the run before" not in str(render_html(sample.small()))
    assert "Register of waivers" not in str(render_html(sample.small()))


STATES = {
    "in force": (row(), "in force"),
    "with a note": (row(notes=("it expires soon",)), "needs attention"),
    "grown": (row(beyond=("F-1",), notes=("beyond",)), "broken"),
    "expired": (row(state=WaiverState.EXPIRED), "expired"),
    "of the future": (row(state=WaiverState.NOT_YET), "not yet in force"),
}


@pytest.mark.parametrize(("waiver", "words"), STATES.values(), ids=STATES)
def test_the_register_says_how_each_waiver_stands(waiver: WaiverRow, words: str) -> None:
    report = replace(sample.small(), waivers=(waiver,))
    assert f"{words}, covers" in render_terminal(report)
    assert words in str(render_html(report))


def test_hostile_text_stays_text() -> None:
    note = replace(NOTE, gone=(gone("fixed", HOSTILE),))
    waiver = row(id=HOSTILE, owner=HOSTILE, reason=HOSTILE, ticket="javascript:alert(1)", notes=(HOSTILE,))
    report = replace(sample.small(), history=note, waivers=(waiver,))
    assert "\x1b" not in render_terminal(report)
    page = str(render_html(report))
    assert "<img src=x" not in page
    assert 'href="javascript' not in page
