"""`scan aws|gcp|azure --config` and `scan all`: what the file says, what options say, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.app.config.defaults import scan_defaults
from scanner.app.config.read import load_config
from scanner.localcloud.fleet_content import running

from ..localcloud.fleet import accounts, configuration, organization, release, requests, variables
from .conftest import Porter, gaad, role

HEAD = "schema: porter-audit/config/v1\n"
IDS = accounts(3)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = tmp_path / "gaad.json"
    file.write_text(json.dumps(gaad(role("app"))))
    return file


def config(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "porter-audit.yaml"
    file.write_text(HEAD + text)
    return file


def test_the_file_is_the_default_of_every_option(porter: Porter, export: Path, tmp_path: Path) -> None:
    file = config(
        tmp_path,
        "defaults: {documented: porter@2026-08, presence: absent, parameters: {porter_account_id: '123456789012'}}\n"
        "outputs: {directory: out, formats: [json, csv]}\nhistory: nights.db\n"
        "thresholds: {fail_on: low, secret_expiry_days: [60, 30, 10]}\n"
        "targets: [{cloud: aws, account: '111122223333', profile: audit, regions: [eu-west-1]}]\n",
    )
    done = porter("scan", "aws", "--from", export, "--config", file)
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["run"]["baseline"]["id"] == "porter@2026-08"
    assert report["scopes"][0]["presence"] == "absent"
    assert (tmp_path / "out" / "findings.csv").is_file()
    assert (tmp_path / "nights.db").is_file()


def test_an_option_wins_over_the_file_wherever_it_stands(porter: Porter, export: Path, tmp_path: Path) -> None:
    file = config(tmp_path, "defaults: {documented: porter@2026-08, parameters: {porter_account_id: '123456789012'}}\n")
    for order in (
        ["--config", file, "--baseline", "porter@2026-05"],
        ["--baseline", "porter@2026-05", "--config", file],
    ):
        done = porter(
            "scan", "aws", "--from", export, *order, "--param", "porter_account_id=210987654321", "--format", "json",
            "--out", "-",
        )  # fmt: skip
        report = json.loads(done.out)
        assert report["run"]["baseline"]["id"] == "porter@2026-05"
        assert "210987654321" in json.dumps(report["run"]["parameters"])


def test_a_file_that_is_not_valid_is_told_of_before_anything_else(porter: Porter, export: Path, tmp_path: Path) -> None:
    done = porter("scan", "aws", "--from", export, "--config", config(tmp_path, "target: []\n"))
    assert done.code == 3
    assert "line 2: target: unknown key; did you mean `targets`?" in done.err


CASES = [
    ("aws", "{cloud: aws, account: '111122223333', role: 'arn:aws:iam::{account_id}:role/x', external_id: '@xid'}",
     {"assume_role": "arn:aws:iam::111122223333:role/x"}),
    ("gcp", "{cloud: gcp, folder: '42', impersonate: a@b.c}", {"folder": "42", "impersonate": "a@b.c"}),
    ("azure", "{cloud: azure, management_group: platform}", {"management_group": "platform"}),
]  # fmt: skip


@pytest.mark.parametrize(("cloud", "target", "expected"), CASES, ids=[case[0] for case in CASES])
def test_the_one_target_of_a_cloud_says_whom_to_read(
    tmp_path: Path, cloud: str, target: str, expected: dict[str, str]
) -> None:
    loaded = load_config(config(tmp_path, f"targets: [{target}]\n"))
    found = scan_defaults(loaded, cloud, reads=True).options
    assert expected.items() <= found.items()
    assert not set(expected) & set(scan_defaults(loaded, cloud, reads=False).options)
    if cloud == "aws":
        assert found["assume_external_id"] == f"@{tmp_path / 'xid'}"


def test_several_targets_of_a_cloud_say_nothing_about_one_scan(tmp_path: Path) -> None:
    text = "targets: [{cloud: gcp, project: acme-one}, {cloud: gcp, project: acme-two}]\n"
    assert "projects" not in scan_defaults(load_config(config(tmp_path, text)), "gcp", reads=True).options


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with running(organization(IDS, drifted=IDS[:2], denied=IDS[2:]), tmp_path) as endpoint:
        for name, value in variables(endpoint).items():
            monkeypatch.setenv(name, value)
        yield endpoint


def test_scan_all_prints_the_roll_up_and_ends_with_the_strongest_code(
    cloud: str, porter: Porter, tmp_path: Path
) -> None:
    done = porter("scan", "all", "--config", configuration(tmp_path), "--executor", "threads:2")
    assert done.code == 1
    assert "As documented: no. 0 of 3 targets are as documented, 2 are not, 1 are not proven; 1 could not be read" in (
        done.out
    )
    assert "(identical in 2 targets)" in done.out
    assert f"aws account {IDS[2]} (account 0003): role" in done.out
    assert done.lines[-1].startswith("wrote ")
    assert Path(done.lines[-1].removeprefix("wrote ")).is_file()
    again = porter("scan", "all", "--config", tmp_path / "porter-audit.yaml", "--resume")
    assert again.code == 3
    assert "was broken off" in again.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--executor", "spark"], "executor has an unknown form"),
        (["--config", "none.yaml"], "no such file"),
        ([], "names no targets"),
    ],
)
def test_scan_all_with_what_cannot_be_used_is_one_line_and_3(
    porter: Porter, tmp_path: Path, options: list[str], said: str
) -> None:
    file = config(tmp_path, "outputs: {directory: runs}\n")
    done = porter("scan", "all", "--config", file, *options)
    assert done.code == 3
    assert said in done.err


def test_when_the_time_is_over_the_process_ends_and_says_what_was_not_read(tmp_path: Path) -> None:
    """One account takes every request and never answers: nothing may wait for it."""
    with running(organization(IDS[:2], silent=IDS[:1]), tmp_path) as endpoint:
        file = configuration(tmp_path, rest="fleet: {deadline_s: 8}\n")
        command = [sys.executable, "-m", "scanner", "scan", "all", "--config", str(file)]
        done = subprocess.run(
            command, env={**os.environ, **variables(endpoint)}, capture_output=True, text=True, timeout=50, check=False
        )
    assert done.returncode == 2, done.stderr
    assert "the time is over: 1 targets were still being read" in done.stderr
    rollup = json.loads(next(tmp_path.glob("runs/*/rollup.json")).read_text())
    assert {row["place"]["id"]: row["reach"] for row in rollup["targets"]} == {IDS[0]: "late", IDS[1]: "read"}


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupted_the_process_ends_at_once_and_the_run_can_be_continued(tmp_path: Path) -> None:
    with running(organization(IDS[:2], held=IDS[:1]), tmp_path) as endpoint:
        file = configuration(tmp_path)
        command = [sys.executable, "-m", "scanner", "scan", "all", "--config", str(file)]
        environ = {**os.environ, **variables(endpoint)}
        # A run in the background inherits SIGINT ignored, and a program leaves it so.
        with subprocess.Popen(
            command, env=environ, stderr=subprocess.PIPE, text=True, preexec_fn=_hear_interrupts
        ) as process:
            while not any(path.read_bytes() for path in tmp_path.glob("runs/*/journal.ndjson")):
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=50)
        assert process.returncode == 130
        assert "--resume continues where it ended" in said
        release(endpoint)
        done = subprocess.run(
            [*command, "--resume"], env=environ, capture_output=True, text=True, timeout=50, check=False
        )
        assert done.returncode == 0, done.stderr
        assert requests(endpoint)[f"{IDS[1]} GetCallerIdentity"] == 1
