"""Looking back: what differs between two nights, what a history holds, and making one again from reports."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import msgspec

from scanner.app.past import MIXED, remember
from scanner.assess.delta import diff_nights
from scanner.errors import InputError, UsageError
from scanner.history.lock import only_writer
from scanner.history.report_file import read_night
from scanner.history.store import DiffLine, RunLine, open_store
from scanner.model.history import Gone, Seen

RunDiffLine: TypeAlias = DiffLine
"""One difference between two nights of a history."""


class ChangeLine(msgspec.Struct, frozen=True):
    """One difference between two reports."""

    delta: str
    severity: str
    finding_id: str
    rule_id: str
    title: str
    subject: str
    fingerprint: str


def diff_reports(before: Path, after: Path) -> list[ChangeLine]:
    """Return what changed between two reports, the gravest first.

    Raises `InputError`, and `UsageError` where one is of a plan and the other is not.
    """
    first, second = read_night(before), read_night(after)
    if first.run.planned is not second.run.planned:
        raise UsageError(MIXED)
    return [_line(delta, what) for delta, what in diff_nights(first, second)]


def _line(delta: str, what: Seen | Gone) -> ChangeLine:
    subject = what.subject if isinstance(what, Gone) else what.subject.name or what.subject.key
    return ChangeLine(
        delta, what.severity, what.finding_id, what.rule_id, what.rule_title, subject, what.fingerprint
    )


def diff_runs(history: Path, before: str, after: str) -> list[DiffLine]:
    """Return what differs between two nights of a history; raises `HistoryError`."""
    store = open_store(history, create=False)
    try:
        return store.diff(before, after)
    finally:
        store.close()


def show(history: Path, limit: int) -> list[RunLine]:
    """Return the last nights of a history, the newest first; raises `HistoryError`."""
    store = open_store(history, create=False)
    try:
        return store.runs(limit)
    finally:
        store.close()


def rebuild(history: Path, reports: list[Path]) -> int:
    """Make a history from reports, in the order of their time, and return the number of nights.

    The file must not exist: what is there is never written over. It appears when it is whole. Raises `UsageError`,
    `InputError`, `HistoryError`.
    """
    if history.exists():
        raise UsageError(f"history `{history}` exists", advice="move it away first; nothing is written over")
    if not reports:
        raise UsageError("no report is given")
    partial = history.with_name(f"{history.name}.partial")
    with only_writer(history):
        _forget(partial)
        # One report at a time in memory; their times first, for the order.
        order = sorted(reports, key=lambda path: read_night(path).run.as_of)
        store = open_store(partial)
        try:
            written = sum(remember(store, read_night(path)) for path in order)
        finally:
            store.close()
        try:
            partial.rename(history)
        except OSError as error:
            raise InputError(f"history `{history}`: {(error.strerror or 'no access').lower()}") from error
    return written


def _forget(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def delta_words(delta: str) -> str:
    """Return what became of a finding since the run before, as every page for people says it."""
    from scanner.render.words import delta_words as words

    return words(delta)
