"""report.json read back is the same report: any format can be made of it later."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.errors import InputError
from scanner.model.common import EvidencePointer
from scanner.model.pages import Excerpt, PageFile
from scanner.model.report import Report
from scanner.model.snapshot import ApiCall
from scanner.render.csv_report import render_controls_csv, render_findings_csv, render_populations_csv
from scanner.render.html.report import render_html
from scanner.render.json_order import ordered
from scanner.render.json_read import read_report
from scanner.render.json_report import render_json
from scanner.render.json_sources import arn_path, clock_skew_s
from scanner.render.junit import render_junit
from scanner.render.markdown import render_markdown
from scanner.render.ocsf import render_ocsf
from scanner.render.oscal import render_oscal
from scanner.render.sarif import render_sarif

FORMATS: dict[str, Callable[[Report], str | bytes]] = {
    "json": render_json,
    "html": render_html,
    "sarif": render_sarif,
    "ocsf": render_ocsf,
    "oscal": render_oscal,
    "findings": render_findings_csv,
    "controls": render_controls_csv,
    "populations": render_populations_csv,
    "junit": render_junit,
    "markdown": render_markdown,
}


def with_pages(report: Report) -> Report:
    page = PageFile(sample.GAAD, 1, "evidence/page-0001.json", "ab" * 32, 17)
    excerpt = Excerpt(sample.GAAD, "/0/RoleDetailList/3", '{"a":1}', 7, ("external_id",))
    return replace(report, pages=(page,), excerpts=(excerpt,))


@pytest.mark.parametrize("name", ["small", "clean", "drifted", "incomplete"])
def test_every_format_is_the_same_from_the_report_and_from_its_json(name: str) -> None:
    made = with_pages(sample.SAMPLES[name]())
    report = ordered(made)
    again = read_report(render_json(made), "x")
    assert again == report
    for kind, render in FORMATS.items():
        assert render(again) == render(report), kind


def test_hostile_text_comes_back_as_it_was_written() -> None:
    data = render_json(sample.hostile())
    assert render_json(read_report(data, "x")) == data


def change(*path: Any, value: Any) -> bytes:
    document = json.loads(render_json(sample.small()))
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a report.json of this version"),
        (b"[1]", "not a report.json of this version: expected `object`"),
        (b"\xff", "not a report.json of this version"),
        (b"[" * 100_000, "not a report.json of this version"),
        (change("schema", value="porter-audit/report/v2"), "not a report.json of this version: invalid enum value"),
        (change("findings", 0, "result", value="OK"), "not a report.json of this version: invalid enum value"),
        (change("findings", 0, "rule_digest", value="made up"), "what this version makes of it is not the same"),
        (change("later", value=1), "what this version makes of it is not the same"),
        (change("run", "started", value="2026-05-30T25:00:00.000Z"), "not a report.json of this version"),
    ],
)
def test_what_is_no_report_of_this_version_is_refused_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_report(data, "report `x`")
    assert str(caught.value).startswith(f"report `x`: {message}")
    assert "\n" not in str(caught.value)


def test_a_report_that_was_laid_out_anew_is_still_the_same() -> None:
    data = render_json(sample.small())
    assert render_json(read_report(json.dumps(json.loads(data), indent=2).encode(), "x")) == data


# --- what the fields say ---------------------------------------------------------------------------------------------


def finding_of(report: Report, *evidence: EvidencePointer) -> dict[str, Any]:
    found = replace(report.findings[0], evidence=evidence)
    made: dict[str, Any] = json.loads(render_json(with_pages(replace(report, findings=(found,)))))["findings"][0]
    return made


def test_evidence_names_the_file_of_its_page_and_the_value_stands_once() -> None:
    (first, whole, beyond) = finding_of(
        sample.small(),
        EvidencePointer(sample.GAAD, "/0/RoleDetailList/3"),
        EvidencePointer(sample.GAAD),
        EvidencePointer(sample.GAAD, "/7/RoleDetailList/3"),
    )["evidence"]
    assert (first["path"], first["sha256"], first["redactions"]) == (
        "evidence/page-0001.json",
        "ab" * 32,
        ["external_id"],
    )
    assert (whole["path"], whole["sha256"], whole["redactions"]) == (None, None, None)
    assert beyond["path"] is None
    (excerpt,) = json.loads(render_json(with_pages(sample.small())))["excerpts"]
    assert (excerpt["json_pointer"], excerpt["text"]) == ("/0/RoleDetailList/3", '{"a":1}')


def test_units_name_their_files() -> None:
    units = json.loads(render_json(with_pages(sample.small())))["units"]
    raw = {unit["unit_id"]: unit["raw"] for unit in units}
    assert raw[sample.GAAD] == [{"path": "evidence/page-0001.json", "sha256": "ab" * 32, "bytes": 17}]
    assert all(not files for unit_id, files in raw.items() if unit_id != sample.GAAD)


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("arn:aws:iam::111122223333:role/porter", "/"),
        ("arn:aws:iam::111122223333:role/a/b/porter", "/a/b/"),
        ("arn:aws:iam::111122223333:root", None),
        ("arn:aws:s3:::bucket/key", None),
        ("111122223333", None),
        ("", None),
    ],
)
def test_the_path_of_an_identity_is_in_its_arn(key: str, path: str | None) -> None:
    assert arn_path(key) == path


def call(server_date: str | None, late_s: float) -> ApiCall:
    ended = sample.T0 + timedelta(seconds=late_s)
    return replace(sample.small().calls[0], server_date=server_date, ended=ended)


@pytest.mark.parametrize(
    ("calls", "skew"),
    [
        ([], None),
        ([(None, 0)], None),
        ([("no date", 0)], None),
        ([("Sat, 30 May 2026 02:00:00 -0000", 0)], None),
        ([("Sat, 30 May 2026 02:00:00 GMT", 0)], 0),
        ([("Sat, 30 May 2026 02:00:00 GMT", 0), ("Sat, 30 May 2026 02:00:00 GMT", -90)], -90),
        ([("Sat, 30 May 2026 02:00:00 GMT", 61), (None, 900)], 61),
    ],
)
def test_clocks_are_compared_where_they_differ_most(calls: list[tuple[str | None, float]], skew: int | None) -> None:
    assert clock_skew_s(call(*one) for one in calls) == skew
