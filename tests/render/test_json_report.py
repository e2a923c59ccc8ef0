"""report.json is canonical, keeps its shipped schema, and says everything OUTPUTS section 6 asks for."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.model.finding import Result
from scanner.model.report import Report
from scanner.render.json_report import render_json, report_schema
from scanner.resources import data_dir

SCHEMA = json.loads(report_schema())


def parsed(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(render_json(report))
    return document


def problems(document: dict[str, Any]) -> list[str]:
    return [e.json_path for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)]


def test_shipped_schema_is_what_the_types_say() -> None:
    assert (data_dir("baselines") / "schema" / "report.schema.json").read_bytes() == report_schema()


def test_schema_is_valid_draft_2020_12() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_every_sample_keeps_the_schema(name: str) -> None:
    assert problems(parsed(sample.SAMPLES[name]())) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict", "as_documented"), "probably"),
        (("schema",), "porter-audit/report/v2"),
        (("findings", 0, "result"), "OK"),
        (("findings", 0, "finding_id"), "17"),
        (("findings", 0, "fingerprint"), "F-17"),
        (("findings", 0, "evaluated_at"), "yesterday"),
        (("findings", 0, "axis"), "risk"),
        (("units", 0, "status"), "fine"),
        (("summary", "exit_code"), -1),
    ],
)
def test_schema_refuses_a_wrong_value(path: tuple[Any, ...], value: Any) -> None:
    document = parsed(sample.small())
    inner: Any = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert problems(document)


def test_schema_refuses_a_finding_without_any_one_of_its_fields() -> None:
    document = parsed(sample.small())
    for field in list(document["findings"][0]):
        kept = document["findings"][0].pop(field)
        assert problems(document) == ["$.findings[0]"], field
        document["findings"][0][field] = kept


def test_bytes_are_canonical() -> None:
    raw = render_json(sample.drifted())
    again = json.dumps(json.loads(raw), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert raw == again.encode() + b"\n"


def test_order_of_findings_reviews_and_units_in_the_record_does_not_matter() -> None:
    report = sample.drifted()
    turned = replace(report, findings=report.findings[::-1], reviews=report.reviews[::-1], units=report.units[::-1])
    assert render_json(turned) == render_json(report)


def test_units_carry_no_raw_pages() -> None:
    report = sample.clean()
    loaded = replace(report, units=tuple(replace(u, pages=({"Raw": "planted-raw-answer"},)) for u in report.units))
    assert b"planted-raw-answer" not in render_json(loaded)


def test_evidence_names_the_call_that_fetched_the_page() -> None:
    report = sample.small()
    found = replace(report.findings[0], evidence=(sample.EvidencePointer(sample.GAAD, "/2/RoleDetailList/0"),))
    evidence = parsed(replace(report, findings=(found,)))["findings"][0]["evidence"][0]
    third = [c for c in report.calls if c.unit_id == sample.GAAD][2]
    assert evidence["request_id"] == third.request_id
    assert evidence["api"] == "iam:GetAccountAuthorizationDetails"
    assert evidence["command"] == (
        "aws iam get-account-authorization-details --region us-east-1 --filter Role LocalManagedPolicy"
    )


def test_evidence_of_an_unknown_unit_is_shown_without_a_call() -> None:
    report = sample.small()
    found = replace(report.findings[0], evidence=(sample.EvidencePointer("aws/none", "/x"),), requires_units=("gone",))
    finding = parsed(replace(report, findings=(found,)))["findings"][0]
    assert finding["evidence"][0]["api"] is None
    assert finding["requires_units"] == [{"status": None, "unit_id": "gone"}]


def test_widened_and_weakened_pieces_are_in_added_and_by_kind() -> None:
    report = sample.drifted()
    role = next(r for r in parsed(report)["reviews"] if r["name"] == "porter-infra-manager")
    assert [e["kind"] for e in role["diff"]["added"]] == ["action", "resource", "condition"]
    assert [e["kind"] for e in role["diff"]["widened"]] == ["resource"]
    assert [e["kind"] for e in role["diff"]["weakened_conditions"]] == ["condition"]
    assert all(e["witness"]["replayable"] for e in role["diff"]["added"])


def test_results_and_status_stand_apart() -> None:
    report = sample.small()
    waived = replace(report.findings[0], status="WAIVED", waiver={"id": "W-1"})
    finding = parsed(replace(report, findings=(waived,)))["findings"][0]
    assert (finding["result"], finding["status"], finding["waiver"]) == (Result.FAIL.value, "WAIVED", {"id": "W-1"})


def test_times_are_utc_with_milliseconds() -> None:
    run = parsed(sample.small())["run"]
    assert run["as_of"] == "2026-05-30T02:00:00.125Z"
    assert run["ended"] == "2026-05-30T02:00:08.537Z"
