"""Read from a history what a period report needs: runs, deviations, and what each run said of each of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from scanner.errors import HistoryError
from scanner.history.period import Known
from scanner.history.store import RunRow, open_store, typed
from scanner.model.history import State
from scanner.model.period import KnownDeviation, KnownRun, Sighting

if TYPE_CHECKING:
    import sqlite3

_RUNS = """
SELECT id, run_id, as_of, baseline, as_documented, exit_code, unread, scopes FROM run
WHERE as_of < :end ORDER BY as_of, id
"""
_NOT_PROVEN = """
SELECT result.run, finding.scope, count(*) FROM result JOIN finding ON finding.id = result.finding
JOIN word ON word.id = result.status WHERE word.word IN ('INCOMPLETE', 'ERROR') GROUP BY result.run, finding.scope
"""
_SIGHTINGS = """
SELECT run.run_id, finding.fingerprint, s.word, v.word, d.word, run.as_of, run.id
FROM result JOIN run ON run.id = result.run JOIN finding ON finding.id = result.finding
JOIN state ON state.fingerprint = finding.fingerprint
JOIN word AS s ON s.id = result.status JOIN word AS v ON v.id = result.severity JOIN word AS d ON d.id = result.delta
WHERE run.as_of < :end AND (s.word IN ('FAIL', 'MANUAL', 'WAIVED') OR d.word <> '')
UNION ALL
SELECT run.run_id, finding.fingerprint, '', '', d.word, run.as_of, run.id
FROM gone JOIN run ON run.id = gone.run JOIN finding ON finding.id = gone.finding
JOIN state ON state.fingerprint = finding.fingerprint JOIN word AS d ON d.id = gone.delta
WHERE run.as_of < :end
ORDER BY 6, 7, 2
"""
_CLOUDS = "SELECT scope, max(cloud) FROM finding GROUP BY scope"


def read_known(path: Path, end: datetime) -> Known:
    """Return what a history knows of the time before `end`. Raises `HistoryError` if it is damaged or not there."""
    import sqlite3

    open_store(path, create=False).close()  # says plainly what is wrong with the file, if anything is
    before = {"end": end.astimezone(UTC).isoformat(timespec="microseconds")}
    try:
        with closing(sqlite3.connect(path)) as db:
            runs = _runs(db, before)
            names = {run.run_id for run in runs}
            # The same few names stand in every row: kept once, a year of nights takes little memory.
            rows = db.execute(_SIGHTINGS, before)
            seen = typed((row[:5] for row in rows if row[0] in names), tuple[str, str, str, str, str])
            sightings = tuple(Sighting(*map(sys.intern, row)) for row in seen)
            return Known(
                runs=runs,
                deviations=_deviations(db, {seen.fingerprint for seen in sightings}),
                sightings=sightings,
                clouds=dict(typed(db.execute(_CLOUDS), tuple[str, str])),
            )
    except (sqlite3.DatabaseError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HistoryError(f"history `{path}`: {' '.join(str(error).split())[:200]}") from error


def _runs(db: sqlite3.Connection, before: Mapping[str, str]) -> tuple[KnownRun, ...]:
    rows = typed(db.execute(_RUNS, before), RunRow)
    not_proven: dict[int, dict[str, int]] = {}
    for run, scope, count in typed(db.execute(_NOT_PROVEN), tuple[int, str, int]):
        not_proven.setdefault(run, {})[scope] = count
    return tuple(
        KnownRun(
            run_id=row.run_id,
            as_of=row.as_of,
            baseline=row.baseline,
            as_documented=row.as_documented,
            exit_code=row.exit_code,
            unread=row.unread,
            scopes=tuple(row.scopes.split()),
            not_proven=not_proven.get(row.id, {}),
        )
        for row in rows
    )


def _deviations(db: sqlite3.Connection, wanted: set[str]) -> dict[str, KnownDeviation]:
    made = {}
    rows = db.execute("SELECT fingerprint, body FROM state ORDER BY fingerprint")
    for fingerprint, body in typed(rows, tuple[str, str]):
        if fingerprint not in wanted:
            continue
        seen = msgspec.json.decode(body, type=State).seen
        made[fingerprint] = KnownDeviation(
            fingerprint=fingerprint,
            finding_id=seen.finding_id,
            rule_id=seen.rule_id,
            title=seen.rule_title,
            axis=seen.axis,
            severity=seen.severity,
            cloud=seen.cloud,
            scope=seen.scope.id,
            subject=seen.subject.name or seen.subject.key,
        )
    return made
