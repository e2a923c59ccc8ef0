"""SARIF, OCSF, OSCAL, CSV, JUnit and Markdown: projections as a table, schemas, hostile text, same bytes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import oscal_check
import pytest
import sample_report as sample
import sarif_check
from msgspec.structs import replace

from scanner.model.finding import Finding, Result, Severity, Subject
from scanner.model.report import Report, Verdict
from scanner.model.snapshot import Scope
from scanner.render import csv_report, sarif
from scanner.render.csv_report import render_controls_csv, render_findings_csv, render_populations_csv
from scanner.render.junit import render_junit
from scanner.render.markdown import plain, render_markdown
from scanner.render.ocsf import render_ocsf
from scanner.render.oscal import render_oscal
from scanner.render.projection import PROJECTIONS
from scanner.render.sarif import render_sarif

HERE = Path(__file__).resolve().parent
SARIF_SCHEMA = HERE.parents[1] / ".venv" / "sarif-2.1.0.json"
"""Fetched by name in CI, not shipped: the file itself says nothing of its licence."""
OSCAL_SCHEMA = HERE.parents[1] / ".venv" / "oscal-ar.json"
"""NIST's, as a package that is fetched by hash carries it."""
JUNIT_SCHEMA = HERE.parents[1] / ".venv" / "junit-10.xsd"
"""What Jenkins holds JUnit's files to, as the source of pytest carries it."""
WRITERS: dict[str, Callable[[Report], bytes]] = {
    "sarif": render_sarif,
    "ocsf": render_ocsf,
    "oscal": render_oscal,
    "findings": render_findings_csv,
    "controls": render_controls_csv,
    "populations": render_populations_csv,
    "counts": csv_report.render_counts_csv,
    "junit": render_junit,
    "markdown": render_markdown,
}
WAIVER = {"id": "W-1", "kind": "accept", "reason": "agreed with the security team", "owner": "sec"}
STATUSES = ("FAIL", "PASS", "MANUAL", "INCOMPLETE", "WAIVED", "NOT_APPLICABLE", "ERROR")


def of_status(status: str, **more: Any) -> Finding:
    result = Result.FAIL if status == "WAIVED" else Result(status)
    waiver = WAIVER if status == "WAIVED" else None
    found = sample.finding("AWS-X-001", "Title", result, "porter-manager", f"Message of {status}.", **more)
    return replace(found, status=status, waiver=waiver)


def report_of(*findings: Finding, **more: Any) -> Report:
    made = sample.report(list(findings), [], Verdict("no", "no. Something.", "much"), exit_code=1)
    return replace(made, **more)


def sarif_result(status: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render_sarif(report_of(of_status(status, **more))))
    return dict(made["runs"][0]["results"][0])


# --- the table of OUTPUTS section 4 ---------------------------------------------------------------------------------

SARIF = {
    "FAIL": ("fail", "error", False),
    "PASS": ("pass", "none", False),
    "MANUAL": ("review", "none", False),
    "INCOMPLETE": ("open", "none", True),
    "WAIVED": ("fail", "error", False),
    "NOT_APPLICABLE": ("notApplicable", "none", False),
    "ERROR": ("open", "none", True),
}
OCSF = {"FAIL": 3, "PASS": 1, "MANUAL": 99, "INCOMPLETE": 2, "WAIVED": 3, "NOT_APPLICABLE": 99, "ERROR": 99}
OSCAL = {
    "FAIL": ("not-satisfied", "fail"),
    "PASS": ("satisfied", "pass"),
    "MANUAL": None,
    "INCOMPLETE": ("not-satisfied", "other"),
    "WAIVED": ("not-satisfied", "fail"),
    "NOT_APPLICABLE": None,
    "ERROR": ("not-satisfied", "other"),
}
JUNIT = {
    "FAIL": "failure",
    "PASS": None,
    "MANUAL": "skipped",
    "INCOMPLETE": "error",
    "WAIVED": "skipped",
    "NOT_APPLICABLE": "skipped",
    "ERROR": "error",
}


def test_every_status_has_its_words() -> None:
    results = {r.value for r in Result} | {"WAIVED"}
    assert set(PROJECTIONS) == results == set(STATUSES) == set(SARIF) == set(OCSF) == set(OSCAL) == set(JUNIT)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_in_sarif(status: str) -> None:
    made = json.loads(render_sarif(report_of(of_status(status))))["runs"][0]
    result = made["results"][0]
    notified = any(status in n["message"]["text"] for n in made["invocations"][0]["toolExecutionNotifications"])
    assert (result["kind"], result["level"], notified) == SARIF[status]
    suppression = {"kind": "external", "status": "accepted", "justification": WAIVER["reason"]}
    assert result["suppressions"] == ([suppression] if status == "WAIVED" else [])
    assert made["invocations"][0]["executionSuccessful"] is not notified


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_in_ocsf(status: str) -> None:
    event = json.loads(render_ocsf(report_of(of_status(status))))
    assert event["compliance"]["status_id"] == OCSF[status]
    assert event["status_code"] == status
    assert (event["status_id"] == 3) == (status == "WAIVED")
    assert event["compliance"]["status_details"][0].startswith(status)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_in_oscal(status: str) -> None:
    result = json.loads(render_oscal(report_of(of_status(status))))["assessment-results"]["results"][0]
    assert len(result["observations"]) == 1
    assert {p["name"]: p["value"] for p in result["observations"][0]["props"]}["status"] == status
    found = result.get("findings", [])
    assert [(f["target"]["status"]["state"], f["target"]["status"]["reason"]) for f in found] == (
        [OSCAL[status]] if OSCAL[status] else []
    )
    assert [risk["status"] for risk in result.get("risks", [])] == (
        ["deviation-approved"] if status == "WAIVED" else []
    )


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_in_junit(status: str) -> None:
    case = ElementTree.fromstring(render_junit(report_of(of_status(status)))).find(".//testcase")
    assert case is not None
    assert [child.tag for child in case] == ([JUNIT[status]] if JUNIT[status] else [])


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_in_csv(status: str) -> None:
    row = rows(render_findings_csv(report_of(of_status(status))))[0]
    assert (row["status"], row["result"]) == (status, "FAIL" if status == "WAIVED" else status)
    assert ("agreed with" in row["waiver"]) == (status == "WAIVED")


@pytest.mark.parametrize(
    ("severity", "level", "ocsf"),
    [
        *((Severity.CRITICAL, "error", 5), (Severity.HIGH, "error", 4), (Severity.MEDIUM, "warning", 3)),
        *((Severity.LOW, "note", 2), (Severity.INFO, "note", 1)),
    ],
)
def test_a_failure_keeps_its_severity_and_a_pass_alarms_nobody(severity: Severity, level: str, ocsf: int) -> None:
    assert sarif_result("FAIL", severity=severity)["level"] == level
    assert json.loads(render_ocsf(report_of(of_status("FAIL", severity=severity))))["severity_id"] == ocsf
    assert json.loads(render_ocsf(report_of(of_status("PASS", severity=severity))))["severity_id"] == 1


@pytest.mark.parametrize(
    ("delta", "state", "activity"),
    [
        *((None, None, 1), ("new", "new", 1), ("reappeared", "new", 1), ("unchanged", "unchanged", 2)),
        *(("worsened", "updated", 2), ("improved", "updated", 2), ("waiver_expired", "updated", 2)),
        *(("rule_changed", "updated", 2), ("waived", "unchanged", 2), ("fixed", "absent", 3)),
    ],
)
def test_a_change_since_last_night_is_told(delta: str | None, state: str | None, activity: int) -> None:
    assert sarif_result("FAIL", delta=delta).get("baselineState") == state
    assert json.loads(render_ocsf(report_of(of_status("FAIL", delta=delta))))["activity_id"] == activity


# --- schemas --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ocsf_schema() -> Any:
    import jsonschema
    from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.5.0")).get_class_schema(
        class_name="compliance_finding", profiles=["cloud"]
    )
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_ocsf_keeps_the_official_schema(ocsf_schema: Any, name: str) -> None:
    report = sample.SAMPLES[name]()
    lines = render_ocsf(report).decode().split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(report.findings)
    for line in lines:
        assert [error.message[:200] for error in ocsf_schema.iter_errors(json.loads(line))] == []


OTHER_CLOUDS = [
    (Scope("gcp", "project", "123456789012", "acme"), "gcp.iam.service_account", "GCP Project"),
    (Scope("gcp", "organization", "42"), "gcp.iam.binding", "organization"),
    (
        Scope("azure", "subscription", "0f0f0f0f-0000-4000-8000-000000000000"),
        "azure.role_assignment",
        "Azure Subscription",
    ),
    (Scope("azure", "tenant", "0f0f0f0f-0000-4000-8000-000000000001"), "entra.app", "tenant"),
    (Scope("files", "porter-yaml", "shop/porter.yaml"), "porter.connection", "porter-yaml"),
]


@pytest.mark.parametrize(("scope", "kind", "account"), OTHER_CLOUDS, ids=[s.kind for s, _, _ in OTHER_CLOUDS])
def test_other_clouds_are_told_in_every_format(ocsf_schema: Any, scope: Scope, kind: str, account: str) -> None:
    subject = Subject(type=kind, key="//cloud/its own name@x", name="porter")
    found = replace(of_status("FAIL", cloud=scope.cloud, scope=scope), subject=subject)
    report = report_of(found, scopes=(scope,))
    event = json.loads(render_ocsf(report))
    assert list(ocsf_schema.iter_errors(event)) == []
    assert event["cloud"]["account"]["type"] == account
    assert sarif_check.problems(json.loads(render_sarif(report))) == []
    assert oscal_check.problems(json.loads(render_oscal(report))) == []
    assert rows(render_findings_csv(report))[0]["scope_id"] == scope.id
    assert scope.id in render_markdown(report).decode()


def test_the_ocsf_schema_refuses_what_is_wrong(ocsf_schema: Any) -> None:
    event = json.loads(render_ocsf(report_of(of_status("FAIL"))))
    for broken in ({**event, "invented": 1}, {k: v for k, v in event.items() if k != "cloud"}, {**event, "time": "x"}):
        assert list(ocsf_schema.iter_errors(broken))


def test_ocsf_times_are_milliseconds() -> None:
    event = json.loads(render_ocsf(report_of(of_status("FAIL"))))
    assert event["time"] == int(sample.T0.timestamp() * 1000)
    assert event["time"] % 1000 == 125


@pytest.mark.parametrize("version", ["1.1.2", "1.2.1"])
@pytest.mark.parametrize("name", sample.SAMPLES)
def test_oscal_is_complete_and_closed(name: str, version: Any) -> None:
    document = json.loads(render_oscal(sample.SAMPLES[name](), version))
    assert oscal_check.problems(document) == []
    assert document["assessment-results"]["metadata"]["oscal-version"] == version


def test_the_oscal_check_sees_what_is_wrong() -> None:
    def broken(change: Callable[[dict[str, Any]], object]) -> list[str]:
        document = json.loads(render_oscal(report_of(of_status("WAIVED"))))
        change(document["assessment-results"])
        return oscal_check.problems(document)

    assert broken(lambda root: root["results"][0].pop("observations"))
    assert broken(lambda root: root["results"][0]["observations"][0].update(methods=[]))
    assert broken(lambda root: root["results"][0]["risks"].clear())
    assert broken(lambda root: root.update(uuid="1"))
    assert broken(lambda root: root["results"][0].update(invented=1))
    assert broken(lambda root: root["results"][0].update(start="2026-05-30T02:00:00"))
    assert broken(lambda root: root["results"][0]["findings"][0]["target"]["status"].update(state="maybe"))


@pytest.fixture(scope="module")
def oscal_schema() -> Any:
    if not OSCAL_SCHEMA.is_file():
        pytest.skip("`make oscal-schema` fetches the official schema")
    import jsonschema_rs

    # jsonschema does not know the patterns (\\p{L}) that NIST writes.
    return jsonschema_rs.validator_for(json.loads(OSCAL_SCHEMA.read_text()))


@pytest.mark.parametrize("version", ["1.1.2", "1.2.1"])
@pytest.mark.parametrize("name", [*sample.SAMPLES, *STATUSES])
def test_oscal_keeps_the_official_schema(oscal_schema: Any, name: str, version: Any) -> None:
    report = sample.SAMPLES[name]() if name in sample.SAMPLES else report_of(of_status(name))
    document = json.loads(render_oscal(report, version))
    assert [error.message[:200] for error in oscal_schema.iter_errors(document)] == []


def test_the_official_schema_of_oscal_refuses_what_is_wrong(oscal_schema: Any) -> None:
    document = json.loads(render_oscal(report_of(of_status("FAIL"))))
    result = document["assessment-results"]["results"][0]
    result["findings"][0]["target"]["status"]["state"] = "maybe"
    result["observations"][0]["methods"] = []
    assert len(list(oscal_schema.iter_errors(document))) == 2


def test_a_run_that_speaks_to_no_control_does_not_say_all() -> None:
    for report in (sample.SAMPLES["empty"](), report_of(replace(of_status("FAIL"), controls=()))):
        result = json.loads(render_oscal(report))["assessment-results"]["results"][0]
        (selection,) = result["reviewed-controls"]["control-selections"]
        assert selection == {
            "description": "No control of NIST SP 800-53.",
            "include-controls": [{"control-id": "none"}],
        }


def test_oscal_names_nist_controls_and_no_other() -> None:
    result = json.loads(render_oscal(report_of(of_status("FAIL"))))["assessment-results"]["results"][0]
    assert result["reviewed-controls"]["control-selections"][0]["include-controls"] == [{"control-id": "ac-6"}]


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_sarif_keeps_the_standard(name: str) -> None:
    assert sarif_check.problems(json.loads(render_sarif(sample.SAMPLES[name]()))) == []


@pytest.mark.skipif(not SARIF_SCHEMA.is_file(), reason="`make sarif-schema` fetches the official schema")
@pytest.mark.parametrize("name", sample.SAMPLES)
def test_sarif_keeps_the_official_schema(name: str) -> None:
    import jsonschema

    schema = json.loads(SARIF_SCHEMA.read_text())
    log = json.loads(render_sarif(sample.SAMPLES[name]()))
    assert [e.message[:200] for e in jsonschema.Draft4Validator(schema).iter_errors(log)] == []


def test_a_run_of_sarif_holds_no_more_than_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MAX_RESULTS_PER_RUN", 10)
    report = sample.drifted()
    log = json.loads(render_sarif(report))
    assert sarif_check.problems(log) == []
    assert [len(run["results"]) for run in log["runs"]] == [10] * (len(report.findings) // 10) + (
        [len(report.findings) % 10] if len(report.findings) % 10 else []
    )
    severities = [Severity(r["properties"]["severity"]) for run in log["runs"] for r in run["results"]]
    assert severities == sorted(severities, key=list(Severity).index)


def test_sarif_can_tell_two_results_of_one_rule_apart() -> None:
    found = [of_status("FAIL", discriminator=d) for d in ("a", "b")]
    results = json.loads(render_sarif(report_of(*found)))["runs"][0]["results"]
    assert len({r["partialFingerprints"]["primaryLocationLineHash"] for r in results}) == 2


def test_sarif_says_what_was_not_read() -> None:
    invocation = json.loads(render_sarif(sample.incomplete()))["runs"][0]["invocations"][0]
    texts = [n["message"]["text"] for n in invocation["toolExecutionNotifications"] if n["level"] == "error"]
    assert invocation["executionSuccessful"] is False
    assert any("pod_identity" in text and "throttled" in text for text in texts)


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_junit_is_read_by_its_own_readers(name: str, tmp_path: Path) -> None:
    from junitparser import JUnitXml

    report = sample.SAMPLES[name]()
    (tmp_path / "junit.xml").write_bytes(render_junit(report))
    read = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    told = [f.status for f in report.findings]
    assert read.tests == len(told) == sum(len(list(suite)) for suite in read)
    assert read.failures == told.count("FAIL")
    assert read.errors == told.count("INCOMPLETE") + told.count("ERROR")
    skipped = told.count("MANUAL") + told.count("WAIVED") + told.count("NOT_APPLICABLE")
    assert sum(suite.skipped for suite in read) == skipped


@pytest.fixture(scope="module")
def junit_schema() -> Any:
    """The schema by which Jenkins reads JUnit's files: other readers take what it takes."""
    if not JUNIT_SCHEMA.is_file():
        pytest.skip("`make junit-schema` fetches the schema")
    import xmlschema

    return xmlschema.XMLSchema(str(JUNIT_SCHEMA))


@pytest.mark.parametrize("name", [*sample.SAMPLES, *STATUSES])
def test_junit_keeps_the_schema_of_jenkins(junit_schema: Any, name: str) -> None:
    report = sample.SAMPLES[name]() if name in sample.SAMPLES else report_of(of_status(name))
    root = ElementTree.fromstring(render_junit(report))
    assert [str(error.reason) for error in junit_schema.iter_errors(root)] == []


def test_the_schema_of_junit_refuses_what_is_wrong(junit_schema: Any) -> None:
    root = ElementTree.fromstring(render_junit(report_of(of_status("FAIL"))))
    root[0].set("colour", "red")
    assert not junit_schema.is_valid(root)


# --- CSV ------------------------------------------------------------------------------------------------------------


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_every_finding_is_a_row_and_every_control_of_it_a_row_of_the_other_table() -> None:
    report = sample.drifted()
    found = rows(render_findings_csv(report))
    assert [len(found), len(found[0])] == [len(report.findings), len(csv_report.FINDING_COLUMNS)]
    assert len(rows(render_controls_csv(report))) == sum(len(f.controls) for f in report.findings)


def test_every_member_of_a_population_is_a_row() -> None:
    report = sample.clean()
    found = rows(render_populations_csv(report))
    assert [row["key"] for row in found] == list(report.populations[0].keys)
    counted = rows(csv_report.render_counts_csv(report))
    assert [(row["count"], row["sha256"]) for row in counted] == [(str(p.count), p.sha256) for p in report.populations]


def test_a_byte_order_mark_only_where_it_is_asked_for() -> None:
    report = sample.clean()
    plain_bytes, marked = render_findings_csv(report), render_findings_csv(report, bom=True)
    assert marked == csv_report.BOM + plain_bytes
    assert not plain_bytes.startswith(csv_report.BOM)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "|calc", "%0", '=HYPERLINK("https://x","y")'],
)
def test_no_cell_is_a_formula(text: str) -> None:
    cell = csv_report.harmless(text)
    assert cell.startswith("'") or not cell.strip().startswith(("=", "+", "-", "@", "\t", "\r"))
    table = csv_report.table(("a",), [(text,)])
    assert rows(table)[0]["a"] == cell


@pytest.mark.parametrize("text", ["porter-manager", "arn:aws:iam::1:role/a", "", "a=b", "日本"])
def test_ordinary_cells_stay_as_they_are(text: str) -> None:
    assert csv_report.harmless(text) == text


def test_a_cell_is_no_longer_than_a_cell_can_be() -> None:
    assert len(csv_report.harmless("=" + "x" * 100_000)) <= csv_report.MAX_CELL_CHARS


# --- Markdown -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("`x`", "\\`x\\`"),
        ("<!channel> <b>", "&lt;\\!channel&gt; &lt;b&gt;"),
        ("@team and (@me)", "(at)team and ((at)me)"),
        ("porter@2026-05", "porter@2026-05"),
        ("![x](https://evil.example/a.png)", "\\!\\[x\\](https&#58;//evil.example/a.png)"),
        ("www.evil.example", "www&#46;evil.example"),
        ("a\nb", "a⟨U+000A⟩b"),
        ("&lt;", "&amp;lt;"),
    ],
)
def test_names_cannot_speak_markdown(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_the_summary_says_the_verdict_first_and_what_was_not_read() -> None:
    text = render_markdown(sample.incomplete()).decode()
    assert text.splitlines()[0].endswith("As documented: not proven")
    assert "> **INCOMPLETE.**" in text
    assert "> - Pod Identity associations of us-east-1 (throttled)" in text


def test_what_the_summary_leaves_out_is_counted() -> None:
    found = [of_status("FAIL", discriminator=str(n)) for n in range(25)]
    text = render_markdown(report_of(*found)).decode()
    assert "… and 5 more; the report has all" in text


# --- all of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", WRITERS.values(), ids=list(WRITERS))
@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_no_format_repeats_an_unseen_character(writer: Callable[[Report], bytes], text: str) -> None:
    finding = sample.finding("AWS-X-001", text, Result.FAIL, text, text, is_role=True, reason_code=text)
    waived = replace(finding, status="WAIVED", waiver={"reason": text}, discriminator="w", fingerprint="0" * 64)
    population = replace(sample.clean().populations[0], name=text, keys=(text,))
    made = writer(report_of(finding, waived, populations=(population,))).decode()
    assert {char for char in made if not char.isprintable()} <= {"\n", "\r"}
    assert not re.search(r"\\u00(0|1|7f|8|9)|\\u202e|\\u200b", made)


PROGRAM = """
import hashlib
import sample_report as sample
from test_machine_formats import WRITERS
for name in ("drifted", "incomplete", "hostile"):
    for writer in WRITERS.values():
        print(hashlib.sha256(writer(sample.SAMPLES[name]())).hexdigest())
"""


def digests(seed: str, locale: str, zone: str) -> str:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path, "LC_ALL": locale, "TZ": zone}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def test_two_seeds_locales_and_time_zones_give_the_same_bytes() -> None:
    first = digests("1", "C", "UTC")
    assert first == digests("4242", "C.UTF-8", "Asia/Kolkata")
    assert len(first.splitlines()) == 3 * len(WRITERS)


def test_five_thousand_findings_are_all_written() -> None:
    report = sample.large(5_000)
    number = len(report.findings)
    assert number >= 5_000
    assert len(render_ocsf(report).splitlines()) == number
    assert len(rows(render_findings_csv(report))) == number
    assert sum(len(run["results"]) for run in json.loads(render_sarif(report))["runs"]) == number
    assert len(json.loads(render_oscal(report))["assessment-results"]["results"][0]["observations"]) == number
    assert sum(1 for _ in ElementTree.fromstring(render_junit(report)).iter("testcase")) == number
