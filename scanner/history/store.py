"""The history: an SQLite file that holds every night's results and what is known of each deviation.

It holds nothing that report.json files do not, so that it can be made again from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from scanner.errors import HistoryError
from scanner.model.common import Whole, check_moments
from scanner.model.history import Facts, Gone, Night, Previous, Seen, State

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x504F5241
VERSION = 2
_TIMEOUT_SECONDS = 10.0
_REBUILD = "move it away and make it again: porter-audit history rebuild FILE REPORT.json..."
_SCHEMA = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, as_of TEXT NOT NULL, baseline TEXT NOT NULL,
  as_documented TEXT NOT NULL, exit_code INTEGER NOT NULL, unread INTEGER NOT NULL, scopes TEXT NOT NULL,
  known INTEGER NOT NULL
);
CREATE TABLE known (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);
CREATE TABLE run_scope (scope TEXT NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (scope, run)) WITHOUT ROWID;
CREATE TABLE finding (
  id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, rule_id TEXT NOT NULL, title TEXT NOT NULL,
  cloud TEXT NOT NULL, scope TEXT NOT NULL, subject TEXT NOT NULL
);
CREATE TABLE content (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE);
CREATE TABLE result (
  run INTEGER NOT NULL, finding INTEGER NOT NULL, content INTEGER NOT NULL, status INTEGER NOT NULL,
  severity INTEGER NOT NULL, delta INTEGER NOT NULL, PRIMARY KEY (run, finding)
) WITHOUT ROWID;
CREATE TABLE gone (
  run INTEGER NOT NULL, finding INTEGER NOT NULL, delta INTEGER NOT NULL, PRIMARY KEY (run, finding)
) WITHOUT ROWID;
CREATE TABLE state (fingerprint TEXT PRIMARY KEY, scope TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX state_scope ON state (scope);
CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
"""


class _Known(msgspec.Struct, frozen=True):
    """What a night leaves for the next; most nights leave the same, so it is kept once for all of them."""

    rule_versions: dict[str, Whole] = {}
    facts: Facts = Facts()
    planned: bool = False


class RunRow(msgspec.Struct, frozen=True, array_like=True):
    """A row of `run` as its table has it. SQLite lets any value stand in any column: a file that was damaged may."""

    id: int
    run_id: str
    as_of: datetime
    baseline: str
    as_documented: str
    exit_code: Whole
    unread: Whole
    scopes: str

    def __post_init__(self) -> None:
        check_moments(self.as_of)


class _LastRow(msgspec.Struct, frozen=True, array_like=True):
    number: int
    run_id: str
    as_of: datetime
    body: str
    baseline: str

    def __post_init__(self) -> None:
        check_moments(self.as_of)


class RunLine(msgspec.Struct, frozen=True):
    """One night of the history."""

    run_id: str
    as_of: datetime
    baseline: str
    as_documented: str
    exit_code: int
    unread: int
    """Units that were not read completely."""
    scopes: tuple[str, ...]
    deltas: dict[str, int]


class DiffLine(msgspec.Struct, frozen=True, array_like=True):
    """What differs between two nights for one finding; None: that night has no such result."""

    fingerprint: str
    rule_id: str
    title: str
    subject: str
    before: str | None
    after: str | None
    changed: bool
    """The status is the same, and what deviates is not."""


class _Highest(msgspec.Struct, frozen=True, array_like=True):
    as_of: str | None


T = TypeVar("T")


def typed(rows: Iterable[Any], kind: type[T]) -> Iterator[T]:
    """Yield rows as records of a kind; raises `msgspec.ValidationError` where one is not."""
    for row in rows:
        yield msgspec.convert(row, kind)


class Store:
    """An open history. Every method raises `HistoryError` if the file is damaged or cannot be written."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def previous(self, scopes: Iterable[str]) -> Previous:
        """Return what is known of these scopes; a first night knows nothing."""
        with _plainly(self._path):
            wanted = sorted(set(scopes))
            marks = ",".join("?" * len(wanted))
            rows = [row for scope in wanted if (row := self._db.execute(_LAST, (scope,)).fetchone()) is not None]
            bodies = self._db.execute(
                f"SELECT body FROM state WHERE scope IN ({marks}) ORDER BY fingerprint",
                wanted,
            )
            states = tuple(msgspec.json.decode(body, type=State) for (body,) in typed(bodies, tuple[str]))
            if not rows:
                return Previous("history", states=states)
            last = sorted(typed(dict.fromkeys(rows), _LastRow), key=lambda row: (row.as_of, row.number))
            known = [msgspec.json.decode(row.body, type=_Known) for row in last]
        return Previous(
            source="history",
            run_id=last[-1].run_id,
            as_of=last[-1].as_of,
            states=states,
            rule_versions={rule: version for one in known for rule, version in one.rule_versions.items()},
            facts=_together([one.facts for one in known]),
            planned=known[-1].planned,
            baseline=last[-1].baseline,
        )

    def record(
        self,
        night: Night,
        states: Sequence[State],
        deltas: Mapping[str, str | None],
        facts: Facts,
        gone: Sequence[Gone] = (),
    ) -> bool:
        """Write a night in one transaction; False if it is there already. Refuses one before the last of its scopes."""
        with _plainly(self._path), self._writing():
            if self._db.execute("SELECT 1 FROM run WHERE run_id = ?", (night.run.run_id,)).fetchone():
                return False
            self._refuse_the_past(night)
            versions = {seen.rule_id: seen.rule_version for seen in night.findings}
            known = msgspec.json.encode(_Known(versions, facts, night.run.planned), order="sorted").decode()
            run = self._add_run(night, known)
            self._add_results(run, night.findings, deltas)
            self._add_gone(run, gone)
            self._db.executemany(
                "INSERT INTO state VALUES (?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET body = excluded.body "
                "WHERE body <> excluded.body",
                [(s.seen.fingerprint, s.seen.scope.id, msgspec.json.encode(s).decode()) for s in states],
            )
        return True

    def runs(self, limit: int | None = None) -> list[RunLine]:
        """Return the nights, the newest first."""
        with _plainly(self._path):
            rows = self._db.execute(
                "SELECT id, run_id, as_of, baseline, as_documented, exit_code, unread, scopes FROM run "
                "ORDER BY as_of DESC, id DESC LIMIT ?",
                (-1 if limit is None else limit,),
            ).fetchall()
            return [
                RunLine(
                    row.run_id,
                    row.as_of,
                    row.baseline,
                    row.as_documented,
                    row.exit_code,
                    row.unread,
                    scopes=tuple(row.scopes.split()),
                    deltas=self._deltas(row.id),
                )
                for row in typed(rows, RunRow)
            ]

    def diff(self, before: str, after: str) -> list[DiffLine]:
        """Return what differs between two nights, by rule and subject."""
        with _plainly(self._path):
            first, second = self._run_number(before), self._run_number(after)
            rows = self._db.execute(_DIFF, {"a": first, "b": second}).fetchall()
            return list(typed(((*row[:6], bool(row[6])) for row in rows), DiffLine))

    def _run_number(self, run_id: str) -> int:
        row = self._db.execute("SELECT id FROM run WHERE run_id = ?", (run_id,)).fetchone()
        if row is None:
            raise HistoryError(f"history `{self._path}` has no run `{run_id[:60]}`")
        return int(row[0])

    def _deltas(self, run: int) -> dict[str, int]:
        rows = self._db.execute(
            "SELECT word, count(*) FROM (SELECT delta FROM result WHERE run = :run "
            "UNION ALL SELECT delta FROM gone WHERE run = :run) JOIN word ON word.id = delta "
            "WHERE word <> '' GROUP BY word ORDER BY word",
            {"run": run},
        )
        return dict(typed(rows, tuple[str, int]))

    def _refuse_the_past(self, night: Night) -> None:
        scopes = [scope.id for scope in night.scopes]
        marks = ",".join("?" * len(scopes))
        row = self._db.execute(
            f"SELECT max(as_of) FROM run WHERE id IN (SELECT run FROM run_scope WHERE scope IN ({marks}))",
            scopes,
        ).fetchone()
        mine = _stamp(night.run.as_of)
        last = msgspec.convert(row, _Highest).as_of
        if last is not None and mine < last:
            raise HistoryError(f"history `{self._path}`: this run is of {mine}, the last one of {last[:40]}")

    def _add_run(self, night: Night, known: str) -> int:
        run = night.run
        self._db.execute("INSERT OR IGNORE INTO known (body) VALUES (?)", (known,))
        scopes = sorted(scope.id for scope in night.scopes)
        unread = sum(unit.status not in ("complete", "not_in_input") for unit in night.units)
        cursor = self._db.execute(
            "INSERT INTO run (run_id, as_of, baseline, as_documented, exit_code, unread, scopes, known) "
            "SELECT ?, ?, ?, ?, ?, ?, ?, id FROM known WHERE body = ?",
            (
                *(run.run_id, _stamp(run.as_of), run.baseline.id, night.verdict.as_documented),
                *(night.summary.exit_code, unread, " ".join(scopes), known),
            ),
        )
        number = int(cursor.lastrowid or 0)
        self._db.executemany("INSERT INTO run_scope VALUES (?, ?)", [(scope, number) for scope in scopes])
        return number

    def _add_results(self, run: int, findings: Sequence[Seen], deltas: Mapping[str, str | None]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO finding (fingerprint, rule_id, title, cloud, scope, subject) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (f.fingerprint, f.rule_id, f.rule_title, f.cloud, f.scope.id, f.subject.name or f.subject.key)
                for f in findings
            ],
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO content (hash) VALUES (?)", [(f.content_hash,) for f in findings]
        )
        words = {w for f in findings for w in (f.status, f.severity, deltas.get(f.fingerprint) or "")}
        self._db.executemany("INSERT OR IGNORE INTO word (word) VALUES (?)", [(w,) for w in sorted(words)])
        self._db.executemany(
            "INSERT INTO result SELECT ?, finding.id, content.id, s.id, v.id, d.id "
            "FROM finding, content, word AS s, word AS v, word AS d "
            "WHERE finding.fingerprint = ? AND content.hash = ? AND s.word = ? AND v.word = ? AND d.word = ?",
            [
                (run, f.fingerprint, f.content_hash, f.status, f.severity, deltas.get(f.fingerprint) or "")
                for f in findings
            ],
        )

    def _add_gone(self, run: int, gone: Sequence[Gone]) -> None:
        """Keep what was known and is not among the results: without it nobody could say later when it was fixed."""
        words = sorted({line.delta for line in gone})
        self._db.executemany("INSERT OR IGNORE INTO word (word) VALUES (?)", [(word,) for word in words])
        self._db.executemany(
            "INSERT INTO gone SELECT ?, finding.id, word.id FROM finding, word WHERE fingerprint = ? AND word = ?",
            [(run, line.fingerprint, line.delta) for line in gone],
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All or nothing, also when the process is killed in between."""
        self._db.execute("BEGIN IMMEDIATE")
        with ExitStack() as undo:
            undo.callback(self._db.rollback)
            yield
            self._db.commit()
            undo.pop_all()


def _together(facts: Sequence[Facts]) -> Facts:
    """Return what the last run of each scope left: scopes that are read together may have been read apart before."""
    return Facts(
        **{
            name: {key: value for one in facts for key, value in getattr(one, name).items()}
            for name in Facts.__struct_fields__
        }
    )


_LAST = """
SELECT run.id, run_id, as_of, body, baseline
FROM run JOIN known ON known.id = run.known JOIN run_scope ON run_scope.run = run.id
WHERE scope = ? ORDER BY as_of DESC, run.id DESC LIMIT 1
"""
_DIFF = """
SELECT finding.fingerprint, finding.rule_id, finding.title, finding.subject, x.word, y.word,
       a.content <> b.content
FROM (
  SELECT finding FROM result WHERE run = :a UNION SELECT finding FROM result WHERE run = :b
) AS both
JOIN finding ON finding.id = both.finding
LEFT JOIN result AS a ON a.run = :a AND a.finding = both.finding
LEFT JOIN result AS b ON b.run = :b AND b.finding = both.finding
LEFT JOIN word AS x ON x.id = a.status
LEFT JOIN word AS y ON y.id = b.status
WHERE a.status IS NOT b.status OR a.content IS NOT b.content
ORDER BY finding.rule_id, finding.subject, finding.fingerprint
"""


def open_store(path: Path, *, create: bool = True) -> Store:
    """Open a history, making an empty one if `create` and there is none.

    Raises `HistoryError` if it is damaged, newer than this program, something else, or cannot be written.
    """
    import sqlite3

    if not create and not path.is_file():
        raise HistoryError(f"history `{path}`: no such file")
    with _plainly(path), ExitStack() as undo:
        _private(path)
        connection = sqlite3.connect(path, timeout=_TIMEOUT_SECONDS, isolation_level=None)
        undo.callback(connection.close)
        _prepare(connection, path)
        undo.pop_all()
        return Store(connection, path)


def _private(path: Path) -> None:
    """Make a new file with mode 0600; SQLite gives its companions the same."""
    import os

    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise HistoryError(f"history `{path}`: {(error.strerror or 'no access').lower()}") from error


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    application, version = (_number(db, f"PRAGMA {name}") for name in ("application_id", "user_version"))
    if application == 0 and version == 0 and _number(db, "SELECT count(*) FROM sqlite_master") == 0:
        db.execute("PRAGMA journal_mode = WAL")
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {marks} COMMIT;")
        return
    if application != APPLICATION_ID:
        raise HistoryError(f"history `{path}`: an SQLite file of something else")
    if version > VERSION:
        raise HistoryError(f"history `{path}`: made by a newer porter-audit (form {version}, this one knows {VERSION})")
    if version < VERSION:
        raise HistoryError(
            f"history `{path}`: made by an older porter-audit (form {version}, this one writes {VERSION})",
            advice=_REBUILD,
        )
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise _damaged(path)
    db.execute("PRAGMA journal_mode = WAL")


def _number(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0])


def _damaged(path: Path) -> HistoryError:
    return HistoryError(f"history `{path}`: damaged, or not a history", advice=_REBUILD)


@contextmanager
def _plainly(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into one line."""
    import sqlite3

    try:
        yield
    except sqlite3.OperationalError as error:
        raise HistoryError(f"history `{path}`: {' '.join(str(error).split())[:200]}") from error
    except (sqlite3.DatabaseError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _damaged(path) from error


def _stamp(moment: datetime) -> str:
    """Return a time that sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
