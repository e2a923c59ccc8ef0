"""`verify-revoked`: the two lines, the commands that remove what is left, exit codes, bundles."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner.app.demo.show import DemoOptions, demo
from scanner.collect.snapshot_io import dump_snapshot

Porter = Callable[..., Any]


@cache
def snapshot(cloud: str) -> bytes:
    return dump_snapshot(demo(DemoOptions(scenario="revoked", baseline="porter@2026-05", cloud=cloud)).snapshot)


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], Path]:
    def write(cloud: str) -> Path:
        path = tmp_path / f"{cloud}.json"
        path.write_bytes(snapshot(cloud))
        return path

    return write


@pytest.mark.parametrize(
    ("cloud", "survivor", "command"),
    [
        ("aws", "porter-manager", "aws iam delete-role --role-name porter-manager"),
        ("gcp", "porter-manager", "gcloud iam service-accounts delete"),
        ("azure", "platform-automation", "az ad sp delete --id"),
    ],
)
def test_what_is_left_is_named_with_the_command_that_removes_it(
    porter: Porter, source: Callable[[str], Path], cloud: str, survivor: str, command: str
) -> None:
    done = porter("verify-revoked", cloud, "--from", source(cloud))
    assert done.code == 1, done.err
    assert "Nothing of Porter is left: no." in done.out
    assert f"What still lets Porter in: {survivor}" in done.out or survivor in done.out
    assert command in done.out
    assert "As documented" not in done.out


def test_a_gate_above_what_is_left_still_says_no(porter: Porter, source: Callable[[str], Path]) -> None:
    printed = ("--format", "json", "--out", "-")
    done = porter("verify-revoked", "aws", "--from", source("aws"), "--fail-on", "none", *printed)
    assert done.code == 0
    report = json.loads(done.out)
    assert report["run"]["question"] == "revoked"
    assert report["verdict"]["as_documented"] == "no"


def test_a_bundle_replays_with_the_same_question(
    porter: Porter, source: Callable[[str], Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = porter("verify-revoked", "gcp", "--from", source("gcp"), "--out", out, "--bundle", "full")
    assert done.code == 1, done.err
    (bundle,) = (path.parent for path in out.rglob("manifest.json"))
    again = porter("replay", bundle)
    assert again.code == 0, again.err
    rules = json.loads((bundle / "inputs" / "rules.json").read_text())
    assert {rule["id"].rpartition("-")[0] for rule in rules} == {"GCP-REVOKED"}


def test_a_scan_never_runs_these_rules(porter: Porter, source: Callable[[str], Path]) -> None:
    done = porter("scan", "aws", "--from", source("aws"), "--format", "json", "--out", "-")
    report = json.loads(done.out)
    assert not [f["rule_id"] for f in report["findings"] if "REVOKED" in f["rule_id"]]
    assert report["run"]["question"] == "documented"


def test_the_wrong_cloud_and_a_template_are_one_clear_line(
    porter: Porter, source: Callable[[str], Path], tmp_path: Path
) -> None:
    wrong = porter("verify-revoked", "azure", "--from", source("aws"))
    assert wrong.code == 3
    assert "holds no Azure subscription" in wrong.err
    template = tmp_path / "template.json"
    template.write_text(json.dumps({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {}}}}))
    planned = porter("verify-revoked", "aws", "--from", template)
    assert planned.code == 3
    assert "not what is left" in planned.err


@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
def test_the_help_has_its_own_exit_codes(porter: Porter, cloud: str) -> None:
    done = porter("verify-revoked", cloud, "--help")
    assert done.code == 0
    assert "0  nothing of Porter is left, and everything needed to say so was read" in done.out


def test_the_demo_names_the_surviving_roles_and_ends_with_1(
    porter: Porter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = porter("demo", "--scenario", "revoked")
    assert done.code == 1, done.err
    answer, doors, path = done.out.splitlines()[-3:]
    assert answer.startswith("Nothing of Porter is left: no. 9 things of Porter's are left in account 111122223333.")
    assert doors == "What still lets Porter in: porter-infra-manager, porter-manager, support-2025-03."
    assert path.startswith("Report: ")
