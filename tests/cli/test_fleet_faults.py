"""Nights of a fleet that go wrong: disk, directories, another run, the clock, the history, and who is to be told."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scanner.app.fleet.journal import after_all, only_run
from scanner.app.run_facts import new_run_id
from scanner.history.lock import only_writer
from scanner.localcloud.fleet_content import running

from ..localcloud.fleet import accounts, configuration, organization, requests, variables
from ..notify.servers import web_server
from .conftest import Done, Porter
from .process import obey_modes, porter_process, small_files

IDS = accounts(4)
HALF = IDS[::2]
REST = "history: kept/nights.db\n"
URL = "PORTER_AUDIT_TEST_URL"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(organization(IDS, drifted=IDS[1:2], denied=HALF), tmp_path_factory.mktemp("cloud")) as address:
        yield address


@pytest.fixture
def cloud(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An organization of four accounts, of which two may not be read and one is not as documented."""
    for name, value in variables(endpoint).items():
        monkeypatch.setenv(name, value)
    return endpoint


@pytest.fixture
def file(cloud: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTER_AUDIT_KEY_FILE", str(tmp_path / "installation.key"))
    (tmp_path / "kept").mkdir()
    return configuration(tmp_path, rest=REST)


@pytest.fixture
def night(porter: Porter, file: Path) -> Callable[..., Done]:
    def scan(*options: str | Path, ratchet: bool = False) -> Done:
        configuration(file.parent, rest=REST + ("thresholds: {ratchet: true}\n" if ratchet else ""))
        return porter("scan", "all", "--config", file, "--executor", "threads:2", *options)

    return scan


def rolled(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(max(folder.glob("runs/*/rollup.json")).read_bytes())
    return found


def keys(folder: Path) -> list[str]:
    lines = max(folder.glob("runs/*/journal.ndjson")).read_bytes().splitlines()
    return sorted(json.loads(line)["key"] for line in lines)


def runs_in(history: Path) -> int:
    with sqlite3.connect(history) as db:
        found: int = db.execute("select count(*) from run").fetchone()[0]
    db.close()
    return found


ALL = sorted(f"aws-{one}" for one in IDS)


def test_half_of_the_accounts_denied_is_told_and_the_other_half_is_judged(
    night: Callable[..., Done], porter: Porter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = night()
    assert done.code == 1
    reached = {row["place"]["id"]: row["reach"] for row in rolled(tmp_path)["targets"]}
    assert reached == {one: "failed" if one in HALF else "read" for one in IDS}
    with web_server() as web:
        monkeypatch.setenv(URL, f"{web.url}/services/x")
        rollup = max(tmp_path.glob("runs/*/rollup.json"))
        told = porter("notify", rollup, "--channel", "slack", "--secret", f"env:{URL}")
        assert told.code == 0, told.err
        text = json.dumps(web.body)
    assert "INCOMPLETE" in text
    assert all(one in text for one in HALF)


def test_a_webhook_that_nobody_answers_costs_the_fleet_nothing_and_is_told_the_next_time(
    night: Callable[..., Done], porter: Porter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night()
    tell = ["notify", max(tmp_path.glob("runs/*/rollup.json")), "--channel", "slack", "--secret", f"env:{URL}"]
    monkeypatch.setenv(URL, "http://127.0.0.1:9/services/x")
    missed = porter(*tell)
    assert (missed.code, missed.out) == (6, "")
    assert "not delivered: channel `slack`" in missed.err
    with web_server() as web:
        monkeypatch.setenv(URL, f"{web.url}/services/x")
        assert porter(*tell).lines == ["slack: 1 message sent"]
        assert porter(*tell).lines == ["slack: nothing new to tell"]
        assert len(web.requests) == 1


def test_a_second_fleet_reads_nothing_and_exits_with_3(
    night: Callable[..., Done], cloud: str, file: Path, tmp_path: Path
) -> None:
    before = requests(cloud)
    (tmp_path / "runs").mkdir()
    with only_run(tmp_path / "runs"):
        done = night()
    assert (done.code, done.out) == (3, "")
    assert "another fleet run is writing into" in done.err
    with only_writer(tmp_path / "kept" / "nights.db"):
        done = night("--out", tmp_path / "elsewhere")
    assert (done.code, done.out) == (3, "")
    assert "another scan is running with history" in done.err
    assert requests(cloud) == before


def test_a_directory_that_may_only_be_read_is_told_of_before_anything_is_read(
    cloud: str, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs").chmod(0o500)
    before = requests(cloud)
    done = porter_process("scan", "all", "--config", file, before=obey_modes)
    assert done.returncode == 3
    assert "permission denied" in done.stderr
    assert requests(cloud) == before


def test_a_full_disk_ends_the_run_with_4_and_it_is_continued(
    night: Callable[..., Done], file: Path, tmp_path: Path
) -> None:
    command = ("scan", "all", "--config", file, "--executor", "threads:1")
    full = porter_process(*command, before=small_files(20_000))
    assert full.returncode == 4, full.stderr
    assert "cannot write" in full.stderr
    assert "Traceback" not in full.stderr
    assert not list(tmp_path.glob("runs/*/rollup.json"))
    done = night("--resume")
    assert done.code == 1
    assert keys(tmp_path) == ALL
    assert runs_in(tmp_path / "kept" / "nights.db") == len(IDS)


def newer(history: Path) -> None:
    with sqlite3.connect(history) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def damaged(history: Path) -> None:
    history.write_bytes(b"\x00" * 9_000)


def ahead(history: Path) -> None:
    """As if the clock had been a year ahead when the history was written."""
    late = (datetime.now(UTC) + timedelta(days=365)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with sqlite3.connect(history) as db:
        db.execute("update run set as_of = ?", (late,))
    db.close()


BROKEN: dict[str, tuple[Callable[[Path], None], str, bool]] = {
    "newer": (newer, "made by a newer porter-audit", True),
    "damaged": (damaged, "damaged, or not a history", False),
    "of a clock that went back": (ahead, "this run is of", True),
}


@pytest.mark.parametrize(("harm", "said", "ratchet"), BROKEN.values(), ids=BROKEN)
def test_a_history_of_no_use_is_told_once_stays_as_it_is_and_every_target_is_judged(
    night: Callable[..., Done], tmp_path: Path, harm: Callable[[Path], None], said: str, ratchet: bool
) -> None:
    history = tmp_path / "kept" / "nights.db"
    assert night().code == 1
    harm(history)
    before = history.read_bytes() if harm is not ahead else b""
    done = night(ratchet=ratchet)
    assert done.code == (2 if ratchet else 1), done.err
    assert [line for line in done.lines if said in line and "this run goes on without it" in line]
    assert sum("warning: history" in line for line in done.lines) == 1
    assert keys(tmp_path) == ALL
    assert [row["reach"] for row in rolled(tmp_path)["targets"]].count("read") == 2
    if before:
        assert history.read_bytes() == before
    else:
        assert runs_in(history) == len(IDS)


def test_a_history_in_a_directory_that_may_only_be_read_is_told_of_and_the_fleet_is_judged(
    file: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept").chmod(0o500)
    done = porter_process("scan", "all", "--config", file, "--executor", "threads:2", before=obey_modes)
    assert done.returncode == 1, done.stderr
    assert "permission denied; this run goes on without it" in done.stderr
    assert keys(tmp_path) == ALL
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_run_that_was_broken_off_after_the_clock_went_back_is_continued(
    night: Callable[..., Done], file: Path, tmp_path: Path
) -> None:
    """A run of a clock that was ahead has an id that no run of the right time can pass."""
    night()
    (run,) = (path for path in (tmp_path / "runs").iterdir() if path.is_dir())
    late = new_run_id(datetime.now(UTC) + timedelta(days=365))
    run.rename(run.with_name(late))
    killed = porter_process("scan", "all", "--config", file, when="open", where="*journal.ndjson", number=3)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folders = sorted(path.name for path in (tmp_path / "runs").iterdir() if path.is_dir())
    assert folders[0] == late
    assert night("--resume").code == 1
    assert sorted(path.name for path in (tmp_path / "runs").iterdir() if path.is_dir()) == folders
    assert keys(tmp_path) == ALL
    assert max(tmp_path.glob("runs/*/rollup.json")).parent.name == folders[1]


def test_ids_of_runs_only_grow(tmp_path: Path) -> None:
    moment = datetime(2026, 6, 1, tzinfo=UTC)
    assert after_all(tmp_path / "none", moment) == moment
    for name in (new_run_id(moment), "f" * 36, "notes"):
        (tmp_path / name).mkdir()
    assert after_all(tmp_path, moment) == moment + timedelta(milliseconds=1)
    assert after_all(tmp_path, moment - timedelta(days=9)) == moment + timedelta(milliseconds=1)
    assert after_all(tmp_path, moment + timedelta(days=9)) == moment + timedelta(days=9)
    later = new_run_id(after_all(tmp_path, moment - timedelta(days=9)))
    assert later > max(path.name for path in tmp_path.iterdir() if path.name < "f")


def test_what_was_told_of_a_fleet_is_not_lost_where_it_cannot_be_noted(
    night: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, porter: Porter
) -> None:
    night()
    tell: list[str | Path] = ["notify", max(tmp_path.glob("runs/*/rollup.json")), "--channel", "slack"]
    tell += ["--secret", f"env:{URL}", "--state", tmp_path / "state" / "told.json"]
    (tmp_path / "state").mkdir(mode=0o500)
    with web_server() as web:
        monkeypatch.setenv(URL, f"{web.url}/services/x")
        refused = porter_process(*tell, before=obey_modes)
        assert (refused.returncode, len(web.requests)) == (3, 0)
        assert "permission denied" in refused.stderr
        (tmp_path / "state").chmod(0o700)
        full = porter_process(*tell, before=small_files(60))
        assert (full.returncode, len(web.requests)) == (4, 1)
        assert "cannot write" in full.stderr
        assert [path.name for path in (tmp_path / "state").iterdir() if path.name.endswith(".json")] == []
        assert porter(*tell).lines == ["slack: 1 message sent"]
        assert (tmp_path / "state" / "told.json").is_file()
