"""Nights that go wrong: killed in every phase, a full disk, a directory that may not be written, another form."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .process import obey_modes, porter_process, small_files
from .test_history import night, trusting

Porter = Callable[..., Any]
Night = Callable[..., Any]
__all__ = ["night"]


@pytest.fixture
def asked(porter: Porter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str | Path]]:
    """Return the arguments of a scan of one day of May, with history, and a bundle if wanted."""
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "installation.key"))

    def arguments(day: int, *roles: str, bundle: bool = False) -> list[str | Path]:
        source = tmp_path / f"gaad-{day}.json"
        source.write_text(json.dumps(trusting(*roles)))
        where = ["--out", tmp_path / "out", "--history", tmp_path / "history.sqlite"]
        where += ["--bundle", "full"] if bundle else []
        return ["scan", "aws", "--from", source, "--as-of", f"2026-05-{day:02}T02:00:00Z", *where, "--quiet"]

    return arguments


def nights_of(porter: Porter, path: Path) -> list[dict[str, Any]]:
    shown = json.loads(porter("history", "show", path, "--format", "json").out)
    return sorted(shown, key=lambda line: str(line["as_of"]))


PHASES = {
    "while it reads": ("open", "gaad-", False),
    "while it judges": ("open", "controls.yaml", False),
    "before the reports appear": ("os.rename", "report.html", False),
    "between two reports": ("os.rename", "report.json", False),
    "before the bundle appears": ("os.rename", "bundle-", True),
    "before it remembers": ("open", "*/out", True),
}


def test_killed_in_any_phase_nothing_is_lost_or_double_and_the_next_run_continues(
    porter: Porter, asked: Callable[..., list[str | Path]], tmp_path: Path
) -> None:
    """Every night a run is killed in another phase, and started again."""
    history, out = tmp_path / "history.sqlite", tmp_path / "out"
    assert porter(*asked(1, "bridge", bundle=True)).code == 1
    for day, (phase, (when, where, bundle)) in enumerate(PHASES.items(), 2):
        roles = [f"bridge-{number}" for number in range(day)]
        killed = porter_process(*asked(day, *roles, bundle=bundle), when=when, where=where)
        assert killed.returncode == -signal.SIGKILL, (phase, killed.stderr)
        assert len(nights_of(porter, history)) == day - 1, phase
        json.loads((out / "report.json").read_text())  # whole, of this night or of the one before
        assert porter(*asked(day, *roles, bundle=bundle)).code == 1, phase
        lines = nights_of(porter, history)
        assert [line["as_of"][8:10] for line in lines] == [f"{n:02}" for n in range(1, day + 1)], phase
        assert lines[-1]["deltas"]["new"] > 0, phase
    bundles = sorted(out.glob("bundle-*"))
    assert [path.name.endswith(".partial") for path in bundles].count(True) == 1
    whole = [path for path in bundles if not path.name.endswith(".partial")]
    assert len(whole) == 4
    assert porter("verify", *whole, "--hashes-only").code == 0
    # A bundle that was whole when its run was killed is evidence that the history does not know of.
    days = ("--from", "2026-05-01", "--to", "2026-05-07", "--out", tmp_path / "period", "--bundles", out)
    assert porter("period-report", "--history", history, *days).code == 0
    notes = json.loads((tmp_path / "period" / "period-report.json").read_text())["notes"]
    assert any("Bundles of 1 runs that the history does not hold" in note for note in notes)


def test_a_full_disk_under_the_history_is_told_of_and_harms_nothing(
    porter: Porter, asked: Callable[..., list[str | Path]], tmp_path: Path
) -> None:
    history = tmp_path / "history.sqlite"
    assert porter(*asked(1, "bridge")).code == 1
    before = nights_of(porter, history)
    roles = [f"bridge-{number:03}" for number in range(120)]
    arguments = [one for one in asked(2, *roles) if one not in ("--out", tmp_path / "out")]
    # Nothing but the history is written, and it may not grow.
    full = porter_process(*arguments, "--ratchet", before=small_files(history.stat().st_size + 8_192))
    assert full.returncode == 1
    assert "warning: history" in full.stderr
    assert "this run goes on without it" in full.stderr
    assert nights_of(porter, history) == before
    assert porter(*asked(2, *roles)).code == 1
    assert [line["as_of"][:10] for line in nights_of(porter, history)] == ["2026-05-01", "2026-05-02"]


def test_a_full_disk_under_the_reports_keeps_the_old_ones_and_the_run_is_not_remembered(
    porter: Porter, asked: Callable[..., list[str | Path]], tmp_path: Path
) -> None:
    assert porter(*asked(1, "bridge")).code == 1
    before = (tmp_path / "out" / "report.json").read_bytes()
    full = porter_process(*asked(2, "bridge"), before=small_files(20_000))
    assert full.returncode == 4
    assert "cannot write" in full.stderr
    assert "Traceback" not in full.stderr
    assert (tmp_path / "out" / "report.json").read_bytes() == before
    assert [path.name for path in (tmp_path / "out").iterdir() if "partial" in path.name] == []
    assert len(nights_of(porter, tmp_path / "history.sqlite")) == 1


@pytest.mark.parametrize("ratchet", [True, False])
def test_a_directory_that_may_only_be_read_is_told_of(
    porter: Porter, asked: Callable[..., list[str | Path]], tmp_path: Path, ratchet: bool
) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    folder.chmod(0o500)
    arguments = [one if one != tmp_path / "history.sqlite" else folder / "history.sqlite" for one in asked(1)]
    done = porter_process(*arguments, *(["--ratchet"] if ratchet else []), before=obey_modes)
    assert done.returncode == (2 if ratchet else 0), done.stderr
    assert "permission denied; this run goes on without it" in done.stderr
    assert list(folder.iterdir()) == []


def test_reports_in_a_directory_that_may_only_be_read_are_refused_before_the_scan(
    porter: Porter, asked: Callable[..., list[str | Path]], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o500)
    done = porter_process(*asked(1), before=obey_modes)
    assert done.returncode == 3
    assert "permission denied" in done.stderr
    assert not (tmp_path / "history.sqlite").exists()


def test_a_history_of_a_newer_program_is_left_as_it_is(
    porter: Porter, asked: Callable[..., list[str | Path]], tmp_path: Path
) -> None:
    history = tmp_path / "history.sqlite"
    assert porter(*asked(1, "bridge")).code == 1
    with sqlite3.connect(history) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = history.read_bytes()
    done = porter(*asked(2), "--ratchet")
    assert done.code == 2
    assert "made by a newer porter-audit" in done.err
    assert history.read_bytes() == before
    for command in (
        ("history", "show", history),
        ("period-report", "--history", history, "--from", "2026-05-01", "--to", "2026-05-02", "--out", tmp_path / "p"),
    ):
        refused = porter(*command)
        assert (refused.code, refused.out) == (3, "")
        assert "made by a newer porter-audit" in refused.err


def test_a_second_run_at_the_same_time_reads_nothing_and_exits_with_3(
    porter: Porter, asked: Callable[..., list[str | Path]], tmp_path: Path
) -> None:
    from scanner.history.lock import only_writer

    with only_writer(tmp_path / "history.sqlite"):
        done = porter_process(*asked(1), when="open", where="gaad-1.json")
    assert done.returncode == 3, done.stderr  # not killed: the account was never opened
    assert "another scan is running" in done.stderr
