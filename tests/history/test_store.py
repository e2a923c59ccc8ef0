"""The SQLite history: what it keeps, and what it does when the file is not well."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from scanner.app.past import remember
from scanner.errors import HistoryError, UsageError
from scanner.history.lock import only_writer
from scanner.history.store import Store, open_store
from scanner.model.history import Night, SeenScope, SeenSubject, SeenValue

from .nights import ACCOUNT, night, piece, seen

FAIL = seen("a", "FAIL", piece("s3:GetObject"))
WIDER = seen("a", "FAIL", piece("s3:*"))
PASS = seen("a", "PASS")
OTHER = seen("other", "PASS")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = open_store(path)
    yield opened
    opened.close()


def test_a_first_night_knows_nothing(store: Store) -> None:
    known = store.previous([ACCOUNT.id])
    assert (known.run_id, known.states) == (None, ())


def test_nights_are_kept_with_what_is_known(store: Store) -> None:
    assert remember(store, night(0, FAIL, OTHER))
    assert remember(store, night(1, WIDER, OTHER))
    known = store.previous([ACCOUNT.id])
    assert (known.run_id, known.rule_versions) == ("run-0001", {"AWS-PERM-001": 1})
    (state,) = known.states
    assert (state.occurrences, state.seen.content_hash) == (2, WIDER.content_hash)
    assert [(line.run_id, line.deltas) for line in store.runs()] == [
        ("run-0001", {"worsened": 1}),
        ("run-0000", {"new": 1}),
    ]


def test_the_same_night_is_kept_once(store: Store) -> None:
    assert remember(store, night(0, FAIL))
    assert not remember(store, night(0, FAIL))
    assert store.previous([ACCOUNT.id]).states[0].occurrences == 1


def test_what_results_no_longer_name_is_kept_with_the_night_that_told(store: Store) -> None:
    remember(store, night(0, FAIL, OTHER))
    remember(store, night(1, OTHER, unit="denied"))
    remember(store, night(2, OTHER))
    assert [line.deltas for line in store.runs()] == [{"fixed": 1}, {"unknown_incomplete": 1}, {"new": 1}]


def test_scopes_that_are_read_together_know_what_each_of_them_left(store: Store) -> None:
    """The last run of any of them was taken for the last of all: the others compared with nothing."""
    scopes = SeenScope("gcp", "first"), SeenScope("gcp", "second")
    for number, scope in enumerate(scopes):
        subject = SeenSubject("gcp.role", f"projects/{scope.id}/roles/own")
        content = seen(rule_id="GCP-PERM-004", subject=subject, observed=SeenValue([scope.id]), scope=scope)
        remember(store, night(number, content, scopes=(scope,)))
    known = store.previous([scope.id for scope in scopes])
    assert known.run_id == "run-0001"
    assert known.facts.gcp_roles == {
        "projects/first/roles/own": ("first",),
        "projects/second/roles/own": ("second",),
    }


def test_a_night_before_the_last_is_refused(store: Store) -> None:
    remember(store, night(1, FAIL))
    with pytest.raises(HistoryError, match="this run is of 2026-06-01"):
        remember(store, night(0, PASS))
    assert [line.run_id for line in store.runs()] == ["run-0001"]


def test_two_nights_of_a_history_can_be_compared(store: Store) -> None:
    remember(store, night(0, FAIL, OTHER))
    remember(store, night(1, WIDER, OTHER, seen("b", "FAIL", piece("s3:*"))))
    remember(store, night(2, PASS, OTHER))
    lines = [(d.subject, d.before, d.after, d.changed) for d in store.diff("run-0000", "run-0001")]
    assert lines == [("a", "FAIL", "FAIL", True), ("b", None, "FAIL", False)]
    assert [(d.subject, d.before, d.after) for d in store.diff("run-0001", "run-0002")] == [
        ("a", "FAIL", "PASS"),
        ("b", "FAIL", None),
    ]
    with pytest.raises(HistoryError, match="has no run `nowhere`"):
        store.diff("run-0000", "nowhere")


def test_the_file_is_private(store: Store, path: Path) -> None:
    remember(store, night(0, FAIL))
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def write_newer(path: Path) -> None:
    open_store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def write_other(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.close()


def write_damaged(path: Path) -> None:
    store = open_store(path)
    for number in range(20):
        remember(store, night(number, *(seen(f"{n}", "FAIL", piece("s3:*")) for n in range(30))))
    store.close()
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 4096):
        data[at : at + 64] = b"\xff" * 64
    path.write_bytes(data)


def write_cut(path: Path) -> None:
    write_damaged(path)
    path.write_bytes(path.read_bytes()[:6000])


UNFIT: dict[str, tuple[Callable[[Path], object], str]] = {
    "made by a newer program": (write_newer, "made by a newer porter-audit"),
    "a database of something else": (write_other, "an SQLite file of something else"),
    "text": (lambda path: path.write_text("nights of 2026\n" * 500), "damaged, or not a history"),
    "damaged pages": (write_damaged, "damaged, or not a history"),
    "cut off": (write_cut, "history `"),
    "a directory": (lambda path: path.mkdir(), "is a directory"),
}


@pytest.mark.parametrize(("write", "message"), UNFIT.values(), ids=UNFIT)
def test_a_file_that_is_no_history_is_named_and_left_alone(
    path: Path, write: Callable[[Path], object], message: str
) -> None:
    write(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(HistoryError, match=message):
        open_store(path)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="no such file"):
        open_store(tmp_path / "missing" / "history.sqlite")


def test_a_damaged_record_is_not_taken_for_none(store: Store, path: Path) -> None:
    remember(store, night(0, FAIL))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE state SET body = '{}'")
    db.close()
    with pytest.raises(HistoryError, match="damaged"):
        store.previous([ACCOUNT.id])


def test_only_one_may_write(path: Path) -> None:
    with only_writer(path), pytest.raises(UsageError, match="another scan is running"), only_writer(path):
        pass
    with only_writer(path):
        pass


_KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from scanner.history.lock import only_writer
from scanner.history.store import open_store
from scanner.model.history import Night
from scanner.app.past import remember

path = Path(sys.argv[1])
night = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Night)
with only_writer(path):
    store = open_store(path)
    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)
    # The last statement of the transaction: everything before it is written, nothing is committed.
    store._db.set_trace_callback(lambda sql: die() if sql.startswith("INSERT INTO state") else None)
    remember(store, night)
"""


def test_a_run_that_is_killed_while_it_writes_leaves_nothing_half(path: Path, tmp_path: Path) -> None:
    store = open_store(path)
    remember(store, night(0, FAIL))
    store.close()
    second: Night = night(1, WIDER)
    (tmp_path / "night.json").write_bytes(msgspec.json.encode(second))
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(path), str(tmp_path / "night.json")],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert done.returncode == -signal.SIGKILL
    with only_writer(path):
        store = open_store(path)
        assert [line.run_id for line in store.runs()] == ["run-0000"]
        assert remember(store, second)
        assert store.previous([ACCOUNT.id]).states[0].occurrences == 2
        store.close()
