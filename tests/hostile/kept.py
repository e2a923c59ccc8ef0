"""What the program keeps from one run to the next: histories, what channels were told, fleet runs that broke off."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from scanner.app.digests import digest as digest_of
from scanner.app.fleet.digest import digest
from scanner.app.fleet.journal import RunFolder
from scanner.app.fleet.work import Work
from scanner.app.notify.state import State
from scanner.app.outputs import Format, render
from scanner.app.scan import ScanOptions, scan
from scanner.history.store import open_store
from scanner.model.config import Thresholds
from scanner.model.fleet import JournalLine
from scanner.notify.decide import Told
from scanner.notify.notice import notice
from scanner.notify.source import read_report
from tests.hostile.law import command
from tests.hostile.mutate import written
from tests.hostile.target import CHECKED, JUDGED, NOW, Target, as_json, files_below

CLEAN = frozenset({0})
TABLES = ("run", "known", "run_scope", "finding", "content", "result", "gone", "state", "word")
_BODIES = {"known": 1, "state": 2}
"""Table -> which column is JSON."""


def kept_targets(work: Path, export: bytes) -> Iterator[Target]:
    """Yield the targets of everything that is kept; seeds are made below `work`."""
    folder = work / "kept"
    folder.mkdir()
    reports = _nights(folder, export)
    yield from _histories(folder, reports, export)
    yield from _fleets(folder, export)
    yield from _told(folder, reports[-1])


def _nights(work: Path, export: bytes) -> list[bytes]:
    """Return the reports of three nights with a history: a deviation, another one, and the first again."""
    page = json.loads(export)
    fewer = {**page, "Policies": []}
    fewer["RoleDetailList"] = [{**page["RoleDetailList"][0], "AttachedManagedPolicies": [], "RolePolicyList": []}]
    reports = []
    for day, held in enumerate((page, fewer, page), 1):
        (work / "gaad.json").write_bytes(as_json(held))
        out = work / f"night-{day}"
        given = ("--history", work / "history.sqlite", "--as-of", f"2026-05-0{day}T02:00:00Z")
        made = command("scan", "aws", "--from", work / "gaad.json", "--out", out, "--format", "json", "-q", *given)
        if made.code != 1:
            raise AssertionError(made.err)
        reports.append((out / "report.json").read_bytes())
    return reports


# --- histories -------------------------------------------------------------------------------------------------------


def rows_of(history: Path) -> dict[str, list[list[Any]]]:
    """Return the tables of a history, JSON columns as what they hold."""
    with closing(sqlite3.connect(history)) as db:
        tables = {name: [list(row) for row in db.execute(f"SELECT * FROM {name}")] for name in TABLES}
    for name, column in _BODIES.items():
        for row in tables[name]:
            row[column] = json.loads(row[column])
    return tables


def history_of(data: bytes) -> bytes:
    """Return a history whose rows are what JSON says, whatever that is; rows that SQLite refuses are left out."""
    try:
        tables = json.loads(data)
    except (ValueError, RecursionError):
        return data
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "h.sqlite"
        open_store(path).close()
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("BEGIN")
            for name in TABLES:
                rows = tables.get(name) if isinstance(tables, dict) else None
                for row in rows if isinstance(rows, list) else ():
                    _insert(db, name, row)
            db.execute("COMMIT")
        return path.read_bytes()


def _insert(db: sqlite3.Connection, table: str, row: Any) -> None:
    values = row if isinstance(row, list) else [row]
    columns = len(db.execute(f"PRAGMA table_info({table})").fetchall())
    kept = [_stored(value) for value in (values + [""] * columns)[:columns]]
    # Bytes that are no text are put into a column of text all the same: SQLite does not mind.
    marks = ",".join("CAST(? AS TEXT)" if isinstance(value, bytes) else "?" for value in kept)
    try:
        db.execute(f"INSERT INTO {table} VALUES ({marks})", kept)
    except (sqlite3.Error, OverflowError):
        return


def _stored(value: Any) -> Any:
    if isinstance(value, dict | list):
        value = written(value).decode("utf-8", "surrogatepass")
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "surrogatepass")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return str(value)[:4_000] if abs(value) < 10**300 else "9" * 400
    return value


def _histories(work: Path, reports: list[bytes], export: bytes) -> Iterator[Target]:
    history = work / "history.sqlite"
    with closing(sqlite3.connect(history, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    rows, whole = as_json(rows_of(history)), history.read_bytes()
    first, _, last = (json.loads(report)["run"]["run_id"] for report in reports)
    around = (("gaad.json", export), ("n/report.json", reports[0]))
    commands: dict[str, tuple[Callable[[Path], tuple[str | Path, ...]], frozenset[int]]] = {
        "show": (lambda home: ("history", "show", home / "h.sqlite"), CLEAN),
        "diff": (lambda home: ("diff", first, last, "--history", home / "h.sqlite"), CHECKED),
        "period": (
            lambda home: ("period-report", "--history", home / "h.sqlite", "--from", "2026-05-01", "--to", "2026-05-03",
                          "--bundles", home / "n", "--out", home / "made", "--format", "html,json,binder-csv"),
            frozenset({0, 2}),
        ),
        "scan": (
            lambda home: ("scan", "aws", "--from", home / "gaad.json", "--out", "-", "--format", "json", "--history",
                          home / "h.sqlite", "--as-of", "2026-05-04T02:00:00Z", "--ratchet"),
            JUDGED,
        ),
    }  # fmt: skip
    for name, (argv, allowed) in commands.items():
        yield Target(f"history rows to {name}", rows, "h.sqlite", argv, allowed, around,
                     made=lambda data: {"h.sqlite": history_of(data)})  # fmt: skip
        yield Target(f"history file to {name}", whole, "h.sqlite", argv, allowed, around)
    yield Target(
        "report to period", reports[0], "n/report.json", commands["period"][0], frozenset({0, 2}),
        (("h.sqlite", whole),),
    )  # fmt: skip
    yield Target(
        "report to be the night before", reports[-1], "n/report.json",
        lambda home: ("scan", "aws", "--from", home / "gaad.json", "--out", "-", "--format", "json", "--previous",
                      home / "n" / "report.json", "--as-of", "2026-05-04T02:00:00Z", "--ratchet"),
        JUDGED, (("gaad.json", export),),
    )  # fmt: skip


# --- what channels were told -----------------------------------------------------------------------------------------


def _told(work: Path, report: bytes) -> Iterator[Target]:
    def argv(home: Path) -> tuple[str | Path, ...]:
        to = ("--channel", "sns", "--topic", "arn:aws:sns:us-east-1:111122223333:t", "--digest", "--dry-run")
        return ("notify", home / "r" / "report.json", "--state", home / "state.json", *to)

    told = notice((read_report(report, "report"),), "r/report.json", ())
    state = State()
    state.keep("sns", told.place, Told(runs=("a",), key="k", hashes=("h",), incomplete=True, pending=(told, told)))
    around = (("r/report.json", report),)
    yield Target("state of what was told", msgspec.json.encode(state), "state.json", argv, CLEAN, around)
    yield Target(
        "roll-up to tell", _rollup(work), "fleet/rollup.json",
        lambda home: (*argv(home)[:1], home / "fleet", *argv(home)[2:]), CLEAN,
        (("fleet/targets/aws-111122223333/report.json", report),),
    )  # fmt: skip


# --- fleet runs that broke off ---------------------------------------------------------------------------------------

FLEET = """schema: porter-audit/config/v1
defaults: {documented: porter@2026-05}
targets:
  - {cloud: aws, account: "111122223333"}
  - {cloud: aws, account: "444455556666", presence: absent}
outputs: {directory: fleet, formats: [json]}
fleet: {executor: "threads:1"}
history: history.sqlite
"""


def _broken_off(work: Path, export: bytes) -> Path:
    """Return the folder of a run whose two targets are done, the first with a deviation, and that has no roll-up."""
    (work / "fleet.yaml").write_text(FLEET)
    begun = command("scan", "all", "--config", work / "fleet.yaml", "--out", work / "fleet", "-q")
    if not (work / "fleet").is_dir():
        raise AssertionError(begun.err)
    (run,) = (path for path in (work / "fleet").iterdir() if path.is_dir())
    for name in ("rollup.json", "index.html", "journal.ndjson"):
        (run / name).unlink()
    folder = RunFolder(run)
    plan = folder.plan()
    other = json.loads(export.replace(b"111122223333", b"444455556666").replace(b"108458755588", b"444455556666"))
    for target, data in zip(plan.targets, (export, as_json(other)), strict=True):
        (work / "one.json").write_bytes(data)
        outcome = scan(ScanOptions(baseline="porter@2026-05", source=work / "one.json", as_of=NOW))
        order = Work(target, plan.run_id, Thresholds(), NOW, 60, "")
        report = render(outcome.report, Format.JSON)
        result = folder.publish(digest(order, outcome.report), {"report.json": report})
        written_down = digest_of((folder.target(target.place.key) / "target.json").read_bytes())
        folder.journal(JournalLine(target.place.key, result.reach, result.exit_code, written_down, NOW))
    return run


def _resume(home: Path) -> tuple[str | Path, ...]:
    return ("scan", "all", "--config", home / "fleet.yaml", "--out", home / "fleet", "--resume", "-q")


def _fleets(work: Path, export: bytes) -> Iterator[Target]:
    run = _broken_off(work, export)
    base = f"fleet/{run.name}"
    files = {**dict(files_below(run, base)), "fleet.yaml": FLEET.encode()}
    first = f"{base}/targets/aws-111122223333"
    for name, place in (
        ("plan", f"{base}/plan.json"),
        ("journal", f"{base}/journal.ndjson"),
        ("result", f"{first}/target.json"),
        ("report", f"{first}/report.json"),
    ):
        around = tuple((at, data) for at, data in files.items() if at != place)
        yield Target(f"fleet {name} to resume", files[place], place, _resume, JUDGED, around)


def _rollup(work: Path) -> bytes:
    """Return the roll-up of the run that broke off, taken up again in a copy."""
    home = work / "taken-up"
    shutil.copytree(work / "fleet", home / "fleet")
    (home / "fleet.yaml").write_text(FLEET)
    ended = command(*_resume(home))
    if ended.code != 1:
        raise AssertionError(ended.err)
    (made,) = (home / "fleet").glob("*/rollup.json")
    return made.read_bytes()
