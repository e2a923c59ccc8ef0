"""The roll-up's pages and lines: what is told once, hostile names, sizes, and how results become one answer."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.app.fleet.digest import masking
from scanner.app.fleet.rollup import roll_up
from scanner.model.config import Presence
from scanner.model.fleet import (
    PLAN_SCHEMA,
    TARGET_SCHEMA,
    Approval,
    Asked,
    Deviation,
    FleetTarget,
    Gap,
    OpenPoint,
    Place,
    Plan,
    Reach,
    Skipped,
    TargetResult,
)
from scanner.render.fleet import render_rollup_json, render_rollup_text
from scanner.render.html.fleet import render_index, render_target

WHEN = datetime(2026, 6, 1, tzinfo=UTC)
HOSTILE = '</script><script>alert(1)</script>"><img src=x onerror=alert(1)>\x1b[31m\u202e{{7*7}}'


def deviation(group: str = "a" * 64, **changes: Any) -> Deviation:
    made = Deviation(
        group=group,
        finding_id="F-1",
        rule_id="AWS-PERM-001",
        title="Nothing beyond the page",
        axis="conformance",
        severity="high",
        result="FAIL",
        status="FAIL",
        subject="arn:aws:iam::{account_id}:role/x",
        message="`x` may use more",
    )
    return msgspec.structs.replace(made, **changes)


def result(number: int = 1, **changes: Any) -> TargetResult:
    made = TargetResult(
        schema=TARGET_SCHEMA,
        fleet_run_id="run",
        place=Place("aws", "account", f"{100_000_000_000 + number}"),
        asked="targets[1]",
        approval=Approval.NO_LIST,
        presence=Presence.UNKNOWN,
        documented="porter@2026-05",
        reach=Reach.READ,
        exit_code=0,
        as_documented="yes",
        headline="fine",
        conformance_fail={"high": 0},
        posture_fail={"high": 0},
    )
    return msgspec.structs.replace(made, **changes)


def plan(rows: list[TargetResult], **changes: Any) -> Plan:
    targets = tuple(FleetTarget(r.place, r.asked, r.approval, r.documented, ()) for r in rows)
    made = Plan(PLAN_SCHEMA, "run", WHEN, "1.0", "0" * 64, (Asked("targets[1]", len(rows), True),), targets)
    return msgspec.structs.replace(made, **changes)


NO = {"exit_code": 1, "as_documented": "no"}
OPEN = {"exit_code": 2, "as_documented": "not proven"}
FAILED = {**OPEN, "reach": Reach.FAILED, "why": "denied"}
LATE = {**OPEN, "reach": Reach.LATE, "why": "late"}
BROKEN = {"exit_code": 4, "as_documented": "not proven", "reach": Reach.BROKEN, "why": "KeyError"}
CODES: list[tuple[str, list[dict[str, Any]], str, int, int]] = [
    ("all clean", [{}, {}], "yes", 0, 0),
    ("one deviates", [{}, NO], "no", 1, 1),
    ("one is incomplete", [{}, OPEN], "not proven", 2, 0),
    ("a finding beats incompleteness", [OPEN, NO], "no", 1, 1),
    ("one cannot be read", [{}, FAILED], "not proven", 2, 0),
    ("none can be read", [FAILED, FAILED], "not proven", 3, 3),
    ("an internal error beats all", [NO, BROKEN, OPEN], "no", 4, 4),
    ("the time was over for all", [LATE, LATE], "not proven", 2, 0),
]


@pytest.mark.parametrize(("rows", "answer", "code", "lenient"), [c[1:] for c in CODES], ids=[c[0] for c in CODES])
def test_results_become_one_answer_and_the_strongest_code(
    rows: list[dict[str, Any]], answer: str, code: int, lenient: int
) -> None:
    found = [result(number, **row) for number, row in enumerate(rows)]
    rollup = roll_up(plan(found), found)
    assert (rollup.as_documented, rollup.exit_code) == (answer, code)
    assert roll_up(plan(found), found, allow_incomplete=True).exit_code == lenient


def test_what_could_not_be_found_is_not_proven_even_where_all_that_was_found_is_clean() -> None:
    rows = [result()]
    rollup = roll_up(plan(rows, gaps=(Gap("targets[1]", "cut off"),)), rows)
    assert (rollup.as_documented, rollup.exit_code) == ("not proven", 2)


def test_a_target_without_result_is_never_passed_over() -> None:
    rows = [result(1), result(2)]
    with pytest.raises(ValueError, match="aws-100000000002"):
        roll_up(plan(rows), rows[:1])
    with pytest.raises(ValueError, match="one is twice"):
        roll_up(plan(rows[:1]), [rows[0], rows[0]])


ROWS = [
    result(number, as_documented="no", exit_code=1, deviations=tuple(deviation(letter * 64) for letter in letters))
    for number, letters in enumerate(["ab", "a", "bc", "c", "abc"])
]


@given(st.permutations(ROWS))
@settings(max_examples=30, deadline=None)
def test_the_order_in_which_targets_end_does_not_matter(rows: list[TargetResult]) -> None:
    assert render_rollup_json(roll_up(plan(ROWS), rows)) == render_rollup_json(roll_up(plan(ROWS), ROWS))


@pytest.mark.parametrize(
    ("place", "text", "masked"),
    [
        (Place("aws", "account", "111122223333"), "iam::111122223333:role/x", "iam::{account_id}:role/x"),
        (Place("aws", "account", "111122223333"), "logs-111122223333-eu", "logs-{account_id}-eu"),
        (Place("aws", "account", "111122223333"), "9111122223333", "9111122223333"),
        (Place("gcp", "project", "acme"), "x@acme.iam.gserviceaccount.com", "x@{project_id}.iam.gserviceaccount.com"),
        (Place("gcp", "project", "acme"), "acme-prod and myacme", "acme-prod and myacme"),
        (Place("azure", "subscription", "8a3d1f6e-6f0e"), "/s/8A3D1F6E-6F0E/x", "/s/{subscription_id}/x"),
    ],
)  # fmt: skip
def test_a_places_own_id_is_masked_and_nothing_else(place: Place, text: str, masked: str) -> None:
    assert masking(place)(text) == masked


@pytest.mark.parametrize(
    ("one", "key"),
    [("111122223333", "aws-111122223333"), ("../../etc/passwd", "aws-.._.._etc_passwd-"), ("a b", "aws-a_b-")],
)
def test_a_places_key_is_safe_as_a_files_name(one: str, key: str) -> None:
    made = Place("aws", "account", one).key
    assert made.startswith(key)
    assert re.fullmatch(r"[A-Za-z0-9._-]+", made)


def test_ids_that_are_spelled_alike_have_keys_of_their_own() -> None:
    assert len({Place("gcp", "project", one).key for one in ("a/b", "a b", "a_b", "a:b")}) == 4


def hostile_rows() -> list[TargetResult]:
    return [
        result(
            1,
            place=Place("aws", "account", "100000000001", HOSTILE),
            why=HOSTILE,
            reach=Reach.FAILED,
            headline=HOSTILE,
            advice=HOSTILE,
            allows=HOSTILE,
            deviations=(deviation(message=HOSTILE, subject=HOSTILE, title=HOSTILE),),
            open_points=(OpenPoint(HOSTILE, HOSTILE),),
        ),
        result(2),
    ]


def test_hostile_names_are_text_everywhere() -> None:
    rows = hostile_rows()
    skipped = (Skipped(Place("aws", "account", "3", HOSTILE), HOSTILE, HOSTILE),)
    rollup = roll_up(plan(rows, skipped=skipped, gaps=(Gap(HOSTILE, HOSTILE),)), rows)
    groups = {group.group: group for group in rollup.groups}
    for page in (render_index(rollup), render_target(rollup, rows[0], groups)):
        text = page.decode()
        assert "<script" not in text
        assert "<img" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "49" not in re.findall(r"\{\{7\*7\}\}|>49<", text)
    lines = render_rollup_text(rollup)
    assert "\x1b" not in lines
    assert "\u202e" not in lines
    assert json.loads(render_rollup_json(rollup))["gaps"][0]["reason"] == HOSTILE


def test_a_thousand_targets_with_the_same_risks_make_a_page_that_opens() -> None:
    shared = tuple(deviation(f"{n:064x}", axis="posture", message="m" * 300) for n in range(80))
    rows = [result(number, deviations=shared) for number in range(1_000)]
    rollup = roll_up(plan(rows), rows)
    assert len(rollup.groups) == 80
    assert len(rollup.groups[0].targets) == 1_000
    assert len(render_index(rollup)) < 2_000_000
    assert len(render_rollup_json(rollup)) < 6_000_000
    groups = {group.group: group for group in rollup.groups}
    assert len(render_target(rollup, rows[0], groups)) < 200_000


def test_every_link_of_the_pages_leads_somewhere() -> None:
    rows = hostile_rows()
    rollup = roll_up(plan(rows), rows)
    groups = {group.group: group for group in rollup.groups}
    index, target = render_index(rollup).decode(), render_target(rollup, rows[0], groups).decode()
    anchors = {"../../index.html": set(re.findall(r'\bid="([^"]+)"', index))}
    for page in (index, target):
        anchors[""] = set(re.findall(r'\bid="([^"]+)"', page))
        assert "See what was read" in page
        for link in re.findall(r'<a [^>]*href="([^"]+)"', page):
            file, _, anchor = link.partition("#")
            assert anchor in anchors[file] if anchor else file.endswith((".html", ".json")), link
