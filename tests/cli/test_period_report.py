"""`period-report`: nights of a real history with bundles, a pruned one, one that is damaged, and bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .test_history import night, trusting

Porter = Callable[..., Any]
__all__ = ["night"]


@pytest.fixture
def history(night: Callable[..., Any], tmp_path: Path) -> Path:
    """Seven nights of May: the third has no run, the fifth could not read everything, what was new is fixed."""
    path = tmp_path / "history.sqlite"
    bundled = ("--history", path, "--bundle", "full")
    night(1, trusting(), *bundled)
    night(2, trusting("bridge"), *bundled)
    night(4, trusting("bridge"), "--history", path)
    night(5, {**trusting(), "IsTruncated": True, "Marker": "next"}, "--history", path)
    night(6, trusting("bridge"), "--history", path)
    night(7, trusting(), "--history", path)
    return path


def written(porter: Porter, history: Path, out: Path, *options: str | Path) -> tuple[Any, dict[str, Any]]:
    asked = ("--from", "2026-05-01", "--to", "2026-05-07", "--as-of", "2026-06-01T00:00:00Z", "--out", out)
    done = porter("period-report", "--history", history, *asked, *options)
    return done, json.loads((out / "period-report.json").read_text())


def test_the_report_tells_the_truth_of_each_night(porter: Porter, history: Path, tmp_path: Path) -> None:
    options = ("--bundles", tmp_path, "--format", "html,json,binder-csv")
    done, made = written(porter, history, tmp_path / "period", *options)
    assert done.code == 2
    assert done.lines[0] == "aws 111122223333: of 7 nights 5 complete, 1 incomplete, 1 missing"
    (scope,) = made["scopes"]
    assert [n["state"][0] for n in scope["nights"]] == list("ccmcicc")
    assert [n["evidence"] for n in scope["nights"]][:4] == ["replayable", "replayable", None, "no_bundle"]
    bridge = next(d for d in made["deviations"] if d["subject"] == "bridge" and d["axis"] == "conformance")
    assert (bridge["first_seen"], bridge["fixed"], bridge["reappeared"]) == (
        "2026-05-02T02:00:00.000Z",
        "2026-05-07T02:00:00.000Z",
        0,
    )
    assert bridge["episodes"][0]["runs_that_could_not_tell"] == 1
    assert made["reports_found"] == made["runs"] == 6
    gap = scope["nights"][4]["detail"]
    assert "truncated" in gap
    names = {path.name for path in (tmp_path / "period").iterdir()}
    assert names == {
        *("period-report.html", "period-report.json", "period-nights.csv", "period-deviations.csv"),
        *("period-criteria.csv", "period-waivers.csv", "period-notes.csv"),
    }


    written(porter, history, tmp_path / "again", *options)
    for name in names:
        assert (tmp_path / "period" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert_pruned_and_damaged(porter, history, tmp_path)


def assert_pruned_and_damaged(porter: Porter, history: Path, tmp_path: Path) -> None:
    """A bundle that retention reduced is digest only, one that somebody changed is named as damaged."""
    first, second = (next((tmp_path / f"night-{day}").glob("bundle-*")) for day in (1, 2))
    reduced(first)
    report = second / "report.json"
    report.write_bytes(report.read_bytes().replace(b'"FAIL"', b'"PASS"', 1))
    _, made = written(porter, history, tmp_path / "later", "--bundles", tmp_path)
    nights = made["scopes"][0]["nights"]
    assert [n["evidence"] for n in nights][:2] == ["digest_only", "damaged"]
    assert any("is damaged: report.json: its SHA-256 differs" in note for note in made["notes"])


def test_a_report_where_a_tombstone_says_that_nothing_is_left_is_believed_in_nothing(
    porter: Porter, history: Path, tmp_path: Path
) -> None:
    """No hash covers what lies beside the tombstone of a removed bundle, and it went before the report of the run."""
    (bundle,) = (tmp_path / "night-1").glob("bundle-*")
    reduced(bundle, "removed")
    report = bundle / "report.json"
    said = json.loads(report.read_text())
    report.write_text(json.dumps({**said, "run": {**said["run"], "version": "9.9.9"}}))
    _, made = written(porter, history, tmp_path / "later", "--bundles", tmp_path)
    assert made["scopes"][0]["nights"][0]["evidence"] == "digest_only"
    assert "9.9.9" not in json.dumps(made)


def reduced(bundle: Path, kind: Any = "digest-only") -> None:
    """Drop the raw answers of a bundle as retention does."""
    from scanner.evidence import tombstone
    from scanner.evidence.manifest import MANIFEST, load

    data = (bundle / MANIFEST).read_bytes()
    stone = tombstone.of(
        load(data), data, kind=kind, written="2026-05-30T00:00:00Z", keep="1d", gone=()
    )
    (bundle / tombstone.TOMBSTONE).write_bytes(tombstone.dump(stone))
    for path in (bundle / "evidence").rglob("*"):
        if path.is_file():
            path.unlink()


def test_a_whole_week_exits_with_0(porter: Porter, night: Callable[..., Any], tmp_path: Path) -> None:
    for day in (1, 2):
        night(day, trusting(), "--history", tmp_path / "h")
    asked = ("--from", "2026-05-01", "--to", "2026-05-03", "--as-of", "2026-05-02T12:00:00Z")
    done = porter("period-report", "--history", tmp_path / "h", *asked, "--out", tmp_path / "period")
    assert done.code == 0
    made = json.loads((tmp_path / "period" / "period-report.json").read_text())
    assert (made["scopes"][0]["expected"], made["scopes"][0]["not_due"]) == (2, 1)


WRONG = {
    "no date": (["--from", "May"], "`May` is not a date"),
    "a schedule that is none": (["--schedule", "0 2 * * *"], "schedule `0 2 * * *` is not known"),
    "a format that is none": (["--format", "pdf"], "format `pdf` is unknown"),
    "the end before the start": (["--from", "2026-05-09"], "is before the first"),
    "bundles that are not there": (["--bundles", "nowhere"], "bundles `nowhere`: no such directory"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_bad_input_is_one_line_and_writes_nothing(
    porter: Porter, night: Callable[..., Any], tmp_path: Path, options: list[str], message: str
) -> None:
    night(1, trusting(), "--history", tmp_path / "h")
    asked = ["--from", "2026-05-01", "--to", "2026-05-03", "--out", str(tmp_path / "period"), *options]
    done = porter("period-report", "--history", tmp_path / "h", *asked)
    assert (done.code, done.out) == (3, "")
    assert message in done.lines[0]
    assert not (tmp_path / "period").exists()


def test_a_history_that_is_not_one(porter: Porter, tmp_path: Path) -> None:
    path = tmp_path / "h"
    path.write_text("text" * 4000)
    asked = ("--from", "2026-05-01", "--to", "2026-05-03", "--out", tmp_path / "period")
    done = porter("period-report", "--history", path, *asked)
    assert (done.code, done.out) == (3, "")
    assert "damaged, or not a history" in done.err
