"""`prune`: says what it would do, does it when told to, and refuses what would lose a night."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import gaad, role
from .process import porter_process

Porter = Callable[..., Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bundles of one account."""
    home = tmp_path_factory.mktemp("nights")
    (home / "gaad.json").write_text(json.dumps(gaad(role("application"))))
    for _ in range(2):
        scanned = porter_process("scan", "aws", "--from", home / "gaad.json", "--out", home / "out", "--bundle", "full")
        assert scanned.returncode == 0, scanned.stderr
    return home / "out"


@pytest.fixture
def nights(made: Path, tmp_path: Path) -> Path:
    """The same, to be pruned."""
    return Path(shutil.copytree(made, tmp_path / "out"))


def bundles(out: Path) -> list[Path]:
    return sorted(out.glob("bundle-*"))


def test_young_bundles_are_kept(porter: Porter, nights: Path) -> None:
    done = porter("prune", nights, "--apply")
    assert (done.code, done.out, done.lines) == (0, "", ["0 bundles pruned, 2 kept"])


def test_a_clock_far_ahead_is_refused_and_nothing_is_lost(porter: Porter, nights: Path) -> None:
    for option in (("--as-of", "2999-01-01T00:00:00Z"), ("--as-of", "2001-01-01T00:00:00Z")):
        done = porter("prune", nights, "--apply", *option)
        assert (done.code, done.out) == (3, "")
    assert all((bundle / "report.json").is_file() for bundle in bundles(nights))


WRONG = {
    "an age that is none": (["--keep", "soon"], "`soon` is not a time to keep"),
    "evidence for longer than its bundle": (["--keep", "1m", "--keep-evidence", "2m"], "longer than its bundle"),
    "a time without zone": (["--as-of", "2026-01-01T00:00:00"], "has no time zone"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_wrong_usage(porter: Porter, tmp_path: Path, options: list[str], message: str) -> None:
    done = porter("prune", tmp_path, *options)
    assert (done.code, done.out) == (3, "")
    assert message in done.err


def test_a_directory_that_is_not_there(porter: Porter, tmp_path: Path) -> None:
    done = porter("prune", tmp_path / "none")
    assert (done.code, done.lines[0]) == (3, f"porter-audit: error: directory `{tmp_path / 'none'}`: no such directory")


def test_a_manifest_that_cannot_be_read_stops_before_anything_is_touched(porter: Porter, nights: Path) -> None:
    manifest = bundles(nights)[0] / "manifest.json"
    manifest.write_text(json.dumps({"schema": "of something else"}))
    done = porter("prune", nights, "--apply")
    assert (done.code, done.out) == (3, "")
    assert "its manifest: not a manifest" in done.err


def test_short_retention_is_warned_of(porter: Porter, nights: Path) -> None:
    done = porter("prune", nights, "--keep", "13m", "--keep-evidence", "3m")
    assert done.code == 0
    assert "warning: evidence is kept for 3m only" in done.err
