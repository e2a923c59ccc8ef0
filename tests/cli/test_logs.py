"""`--log-format`, `--log-level` and `--metrics`: events that a machine can read, no secrets, and nothing by default."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.app import logs
from scanner.render.prometheus import parsed

from .conftest import gaad, role
from .process import obey_modes, porter_process

Porter = Callable[..., Any]
SENTINEL = "planted-external-" + "id-7c1e"
KEY_ID = "AKIA" + "PLANTEDPLANTED42"


@pytest.fixture(autouse=True)
def _logs_end_with_the_test() -> Iterator[None]:
    yield
    logs.stop()


def events(done: Any) -> list[dict[str, Any]]:
    """Every line of standard error is one JSON object."""
    return [json.loads(line) for line in done.lines]


def test_without_the_options_nothing_is_logged(porter: Porter, export: Path) -> None:
    assert porter("scan", "aws", "--from", export, "--quiet").err == ""


def test_a_scan_tells_its_phases_units_and_end(porter: Porter, export: Path, tmp_path: Path) -> None:
    options = ("--out", tmp_path / "out", "--log-format", "json", "--log-level=debug")
    done = porter("scan", "aws", "--from", export, *options)
    lines = events(done)
    assert [line["event"] for line in lines][::len(lines) - 1] == ["start", "end"]
    assert (lines[-1]["exit_code"], lines[-1]["duration_s"] >= 0) == (0, True)
    phases = [(line["phase"], line["outcome"]) for line in lines if line["event"] == "phase.end"]
    assert phases == [("collect", "done"), ("judge", "done"), ("write", "done"), ("remember", "done")]
    units = [line for line in lines if line["event"] == "unit"]
    assert {unit["target"] for unit in units} == {"aws:111122223333"}
    assert {unit["outcome"] for unit in units} >= {"complete"}
    (told,) = [line for line in lines if line["event"] == "report"]
    assert told["run_id"] == json.loads((tmp_path / "out" / "report.json").read_text())["run"]["run_id"]
    assert len({line["session"] for line in lines}) == 1
    assert next(line["text"] for line in lines if line["event"] == "message").startswith("wrote ")
    assert "As documented" in done.out


def test_text_has_one_line_for_each_event(porter: Porter, export: Path) -> None:
    done = porter("--log-level", "info", "scan", "aws", "--from", export, "--quiet")
    assert done.code == 0
    assert [line.split()[2] for line in done.lines] == [
        *("start", "phase.end", "phase.end", "report", "phase.end", "phase.end", "end"),
    ]
    assert all(line.split()[1] == "INFO" for line in done.lines)


def test_errors_only(porter: Porter, export: Path, tmp_path: Path) -> None:
    assert porter("scan", "aws", "--from", export, "--quiet", "--log-level", "error").err == ""
    done = porter("scan", "aws", "--from", tmp_path / "none", "--log-level", "error")
    assert (done.code, done.lines[0].partition(": ")[0]) == (3, "porter-audit")


def test_a_failure_is_an_event_too(porter: Porter, tmp_path: Path) -> None:
    done = porter("scan", "aws", "--from", tmp_path / "none.json", "--log-format", "json")
    lines = events(done)
    assert done.code == 3
    assert [line["outcome"] for line in lines if line["event"] == "phase.end"] == ["failed"]
    assert any("error" in line.get("text", "") for line in lines)


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_is_in_any_log(
    porter: Porter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("PLANTED", SENTINEL)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::108458755588:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": SENTINEL}},
            }
        ],
    }
    source = tmp_path / f"{KEY_ID}.json"
    source.write_text(json.dumps(gaad(role("porter-manager", trust=trust))))
    options = ("--param", "external_id=env:PLANTED", "--log-format", form, "--log-level", "debug")
    done = porter("scan", "aws", "--from", source, "--out", tmp_path / SENTINEL, *options)
    assert done.code in (0, 1)
    assert len(done.lines) > 8
    assert SENTINEL not in done.err
    assert KEY_ID not in done.err
    missing = porter("scan", "aws", "--from", tmp_path / SENTINEL / KEY_ID, "--debug", *options)
    assert SENTINEL not in missing.err
    assert KEY_ID not in missing.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--log-format", "xml"], "`xml` is no `--log-format`"),
        (["--log-level", "loud"], "`loud` is no `--log-level`"),
        (["--log-format"], "option `--log-format` requires an argument"),
    ],
)
def test_wrong_usage(porter: Porter, export: Path, options: list[str], message: str) -> None:
    done = porter("scan", "aws", "--from", export, *options)
    assert (done.code, done.out) == (3, "")
    assert message in done.err


def samples(path: Path) -> dict[str, float]:
    return {sample.name: sample.value for sample in parsed(path.read_bytes()) if not sample.name.startswith("unit")}


def test_metrics_of_a_run_and_of_one_that_failed(porter: Porter, export: Path, tmp_path: Path) -> None:
    path = tmp_path / "porter.prom"
    assert porter("scan", "aws", "--from", export, "--quiet", "--metrics", path).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    first = samples(path)
    assert first["scan_exit_code"] == 0
    assert porter("scan", "aws", "--from", tmp_path / "none", "--metrics", path).code == 3
    second = samples(path)
    assert second["scan_exit_code"] == 3
    name = "scan_last_complete_timestamp_seconds"
    assert second[name] == first[name] > 0
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_an_incomplete_run_does_not_renew_the_last_complete_one(porter: Porter, tmp_path: Path) -> None:
    source, path = tmp_path / "gaad.json", tmp_path / "porter.prom"
    source.write_text(json.dumps({**gaad(role("application")), "IsTruncated": True, "Marker": "x"}))
    assert porter("scan", "aws", "--from", source, "--quiet", "--metrics", path).code == 2
    assert "scan_last_complete_timestamp_seconds" not in samples(path)


WRONG = {
    "another suffix": ("metrics.txt", "reads only files that end in .prom"),
    "no directory": ("none/porter.prom", "no such directory"),
}


@pytest.mark.parametrize(("name", "message"), WRONG.values(), ids=WRONG)
def test_a_file_of_metrics_that_cannot_be(
    porter: Porter, export: Path, tmp_path: Path, name: str, message: str
) -> None:
    done = porter("scan", "aws", "--from", export, "--metrics", tmp_path / name)
    assert (done.code, done.out) == (3, "")
    assert message in done.err


def test_metrics_that_cannot_be_written_are_told_of(export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir(mode=0o500)
    done = porter_process("scan", "aws", "--from", export, "--metrics", folder / "porter.prom", before=obey_modes)
    assert done.returncode == 4
    assert "permission denied" in done.stderr
