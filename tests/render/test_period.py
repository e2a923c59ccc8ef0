"""The period report's formats: schema, same bytes, hostile names, and charts that a table repeats."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from scanner.history.period import Known, period
from scanner.history.period_schedule import parse_schedule, span_of
from scanner.model.period import (
    Kept,
    KnownBundle,
    KnownDeviation,
    KnownReport,
    KnownRun,
    KnownWaiver,
    NightState,
    Period,
    Sighting,
)
from scanner.render.html.period import render_period_html
from scanner.render.period_binder import binder_files
from scanner.render.period_json import period_schema, render_period_json
from scanner.resources import data_dir

HOSTILE = "</title><script>document.title='PWNED'</script>{{7*7}}\u202e=cmd|'x'!A1"
START = datetime(2026, 6, 1, 2, tzinfo=UTC)
SCHEMA = json.loads(period_schema())


def run(day: int, **more: Any) -> KnownRun:
    fields: dict[str, Any] = {
        "baseline": "porter@2026-05",
        "as_documented": "no",
        "exit_code": 1,
        "unread": 0,
        "scopes": ("111122223333",),
    }
    return KnownRun(f"run-{day:03}", START + timedelta(days=day), **{**fields, **more})


def deviation(name: str, **more: Any) -> KnownDeviation:
    fields: dict[str, Any] = {
        "finding_id": f"F-{name}",
        "rule_id": "AWS-PERM-001",
        "title": "Nothing beyond the document",
        "axis": "conformance",
        "severity": "high",
        "cloud": "aws",
        "scope": "111122223333",
        "subject": name,
    }
    return KnownDeviation(fingerprint=name.encode().hex().ljust(64, "0")[:64], **{**fields, **more})


def sample(subject: str = "porter-manager", days: int = 13, schedule: str = "nightly") -> Period:
    mine, risk = deviation("a", subject=subject), deviation("b", axis="posture", severity="critical")
    runs = tuple(run(n) for n in range(days) if n not in (4, 5))
    runs = tuple(replace(r, not_proven={"111122223333": 3}, unread=1) if r.run_id == "run-008" else r for r in runs)
    sightings = []
    for made in runs:
        day = (made.as_of - START).days
        if made.not_proven:
            sightings.append(Sighting(made.run_id, mine.fingerprint, "INCOMPLETE", "high", "unknown_incomplete"))
        elif day >= 2:
            fixed = day >= 10
            delta = "fixed" if day == 10 else "unchanged"
            sightings.append(Sighting(made.run_id, mine.fingerprint, "PASS" if fixed else "FAIL", "high", delta))
        sightings.append(Sighting(made.run_id, risk.fingerprint, "FAIL", "critical", "unchanged"))
    waiver = KnownWaiver("W-1", "accept", "expired", subject, "b", "https://t.example/1", subject, START, "2026-06-02")
    known = Known(
        runs=runs,
        deviations={d.fingerprint: d for d in (mine, risk)},
        sightings=tuple(sightings),
        clouds={"111122223333": "aws"},
        bundles={r.run_id: KnownBundle(r.run_id, Kept.REPLAYABLE, "", r.run_id, None, r.run_id) for r in runs[3:]},
        reports={runs[0].run_id: KnownReport(runs[0].run_id, "1", "p@1", "d", "r", "c", "live", (waiver,), (subject,))},
    )
    slots = parse_schedule(schedule)
    span = span_of(date(2026, 6, 1), date(2026, 6, 14), slots)
    return period(known, span, slots, now=START + timedelta(days=12, hours=3), tool_version="1.2.3")


def test_the_shipped_schema_is_what_the_types_say() -> None:
    assert (data_dir("baselines") / "schema" / "period.schema.json").read_bytes() == period_schema()
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_document_keeps_the_schema_and_tells_what_was_missing() -> None:
    document = json.loads(render_period_json(sample()))
    assert [e.json_path for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)] == []
    (scope,) = document["scopes"]
    assert scope["missing_nights"] == ["2026-06-05T00:00:00.000Z", "2026-06-06T00:00:00.000Z"]
    assert (scope["expected"], scope["complete"], scope["incomplete"], scope["not_due"]) == (13, 10, 1, 1)
    mine = next(d for d in document["deviations"] if d["axis"] == "conformance")
    assert (mine["first_seen"], mine["fixed"]) == ("2026-06-03T02:00:00.000Z", "2026-06-11T02:00:00.000Z")
    assert mine["episodes"][0]["runs_that_could_not_tell"] == 1
    assert mine["episodes"][0]["last_seen"] == "2026-06-10T02:00:00.000Z"
    risk = next(d for d in document["deviations"] if d["axis"] == "posture")
    assert (risk["on_first_run"], risk["state"]) == (True, "open")
    unknown = [c for c in document["criteria"] if c["what"] == "program version"]
    assert [c["value"] for c in unknown] == ["1", None]


def test_the_same_period_gives_the_same_bytes() -> None:
    assert render_period_json(sample()) == render_period_json(sample())
    assert render_period_html(sample()) == render_period_html(sample())
    assert binder_files(sample()) == binder_files(sample())


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_the_binder_numbers_every_night_and_runs_no_formula() -> None:
    files = binder_files(sample(HOSTILE))
    nights = rows(files["period-nights.csv"])
    assert [row["number"] for row in nights] == [str(n) for n in range(1, 15)]
    assert [row["state"] for row in nights].count("missing") == 2
    assert [row["run_id"] for row in nights if row["state"] == "missing"] == ["", ""]
    assert {row["value"] for row in rows(files["period-criteria.csv"])} >= {"not known"}
    assert rows(binder_files(sample("=cmd|'x'!A1"))["period-deviations.csv"])[0]["subject"] == "'=cmd|'x'!A1"
    assert "\u202e" not in files["period-deviations.csv"].decode()


def test_hostile_names_are_text() -> None:
    html = render_period_html(sample(HOSTILE)).decode()
    assert "<script" not in html.replace("script-src", "")
    assert "&lt;script&gt;" in html
    assert "{{7*7}}" in html
    assert "\u202e" not in html
    assert "style=" not in html
    assert not re.search(r"\son[a-z]+=", html)


def test_the_page_says_in_words_what_the_charts_show() -> None:
    html = render_period_html(sample()).decode()
    assert "Checked completely: <strong>10 of 13 nights</strong>" in html
    assert html.count('href="#n-missing"') == 3  # two nights and the legend
    assert html.count('href="#n-complete"') == 11
    assert "AWS 111122223333: 2 nights without a run, 1 incomplete" in html
    assert "2026-06-03: 1 open" in html
    assert "2026-06-09: at least 0 open" in html
    assert "2026-06-05: no run" in html
    assert "≤ 8.0 days" in html
    assert "not known: no report was found" in html


@pytest.mark.parametrize("schedule", ["every 6h", "every 7d", "every 36h"])
def test_other_schedules_have_a_calendar_too(schedule: str) -> None:
    html = render_period_html(sample(schedule=schedule)).decode()
    assert html.count('href="#n-') >= 2
    assert "Checked completely" in html


def test_a_period_of_which_nothing_is_known() -> None:
    slots = parse_schedule("nightly")
    empty = period(
        Known((), {}, ()), span_of(date(2026, 6, 1), date(2026, 6, 2), slots), slots, now=START, tool_version="1"
    )
    html = render_period_html(empty).decode()
    assert "no night that was due" in html
    assert "No run is known up to the end of the period" in html
    document = json.loads(render_period_json(empty))
    assert [e.json_path for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)] == []


def test_a_fleet_has_a_table_of_all_and_calendars_of_the_worst() -> None:
    one = sample()
    (scope,) = one.scopes
    whole = replace(scope, nights=tuple(replace(n, state=NightState.COMPLETE) for n in scope.nights))
    many = replace(one, scopes=tuple(replace(whole if n else scope, scope=f"{n:012}") for n in range(300)))
    html = render_period_html(many).decode()
    assert html.count('class="scope-name"') == 25
    assert '<h3 class="scope-name">AWS 000000000000</h3>' in html
    assert "All 300 accounts, projects and subscriptions" in html
    assert '<th scope="row">AWS 000000000299</th>' in html
    assert "the 25 with most nights that are not complete" in html
    assert "nights of each" not in html  # one of them was due on a night less
    same = replace(one, scopes=tuple(replace(scope, scope=f"{n:012}") for n in range(3)))
    assert "3 accounts, projects and subscriptions, 13 nights of each;" in render_period_html(same).decode()
    assert len(html) < 1_500_000


def with_nights(made: Period, **fields: Any) -> str:
    (scope,) = made.scopes
    nights = tuple(replace(night, **fields) if night.run_id else night for night in scope.nights)
    return render_period_html(replace(made, scopes=(replace(scope, nights=nights),))).decode()


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (Kept.NO_BUNDLE, "No run left an evidence bundle here, so no night can be judged again"),
        (Kept.NOT_LOOKED, "Nobody said where the bundles are"),
        (Kept.REPLAYABLE, ""),
    ],
)
def test_the_page_says_why_no_night_can_be_judged_again(kept: Kept, said: str) -> None:
    html = with_nights(sample(), kept=kept)
    for words in ("No run left an evidence bundle", "Nobody said where the bundles are"):
        assert (words in html) == bool(said.startswith(words))
    assert "11 runs in the history, with the reports of 1" in html


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("aws/111122223333/global/aws.iam.access_keys (not_attempted)", "aws.iam.access_keys (not attempted)"),
        ("aws/111122223333/us-east-1/aws.eks.clusters (denied)", "aws.eks.clusters in us-east-1 (denied)"),
        ("gcp/folders/456/global/gcp.node (throttled)", "gcp.node (throttled)"),
        ("azure/aaaa-01/global/entra.owners (truncated)", "entra.owners (truncated)"),
        ("notes/about/aws.things (mine)", "notes/about/aws.things (mine)"),
    ],
)
def test_a_unit_that_was_not_read_is_named_by_its_kind(unit: str, shown: str) -> None:
    html = with_nights(sample(), state=NightState.INCOMPLETE, detail=f"not read: {unit}, {unit}")
    assert f"<td>not read: {shown}, {shown}</td>" in html
