"""Logs for machines and operators, on standard error: what a run does, how each part ended, how long it took.

Without `--log-format` or `--log-level` nothing is logged; people then read the few lines a command says.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TextIO

from scanner.app.scrub import scrub

if TYPE_CHECKING:
    from scanner.model.report import Report

LEVELS: Final = ("debug", "info", "warning", "error")


class LogFormat(str, Enum):
    """How a log line looks."""

    JSON = "json"
    TEXT = "text"


class Log:
    """Where log lines go, and which."""

    def __init__(self, form: LogFormat, level: str, session: str, stream: TextIO | None = None) -> None:
        self.form = form
        self._level = LEVELS.index(level)
        self._fields: dict[str, Any] = {"session": session}
        self._stream = stream

    def write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        """Write one line, secrets removed, if its level is asked for."""
        if LEVELS.index(level) < self._level:
            return
        head = {"time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), "level": level}
        line = {**head, "event": event, **self._fields, **fields}
        text = json.dumps(line, ensure_ascii=True, default=str) if self.form is LogFormat.JSON else _as_text(line)
        stream = self._stream or sys.stderr
        stream.write(scrub(text) + "\n")
        stream.flush()

    def know(self, **fields: Any) -> None:
        """Add fields to every line from now on, such as the run's id once there is one."""
        self._fields.update(fields)


_current: list[Log] = []


def start(log: Log) -> None:
    """Log to here from now on; the one before is forgotten."""
    _current[:] = [log]


def stop() -> None:
    """Log nothing more."""
    _current.clear()


def is_json() -> bool:
    """Return whether standard error is for machines: nothing else may then stand on it."""
    return bool(_current) and _current[0].form is LogFormat.JSON


def event(name: str, *, level: str = "info", **fields: Any) -> None:
    """Log what happened, if anybody wants to know."""
    if _current:
        _current[0].write(level, name, fields)


def know(**fields: Any) -> None:
    """Add fields to every line from now on."""
    if _current:
        _current[0].know(**fields)


@contextmanager
def phase(name: str, **fields: Any) -> Iterator[None]:
    """Log begin and end of a part of a run, with how it ended and how long it took."""
    event("phase.start", level="debug", phase=name, **fields)
    began = time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        took = round(time.monotonic() - began, 3)
        event("phase.end", phase=name, outcome=outcome, duration_s=took, **fields)


def report_events(report: Report) -> None:
    """Log how each collection unit of a report ended, what was found, and which rules failed."""
    if not _current:
        return
    know(run_id=report.run.run_id)
    for unit in report.units:
        took = round((unit.ended - unit.started).total_seconds(), 3) if unit.started and unit.ended else None
        error = {"error": unit.error.code} if unit.error is not None else {}
        level = "debug" if unit.status.value in ("complete", "not_in_input") else "warning"
        target = f"{unit.cloud}:{unit.scope_id}"
        fields = {"target": target, "unit": unit.unit_id, "outcome": unit.status.value, "duration_s": took, **error}
        event("unit", level=level, **fields)
    for finding in report.findings:
        if finding.result.value == "ERROR":
            event("rule.error", level="error", rule=finding.rule_id, reason=finding.reason_code)
    event(
        "report",
        targets=[f"{scope.cloud}:{scope.id}" for scope in report.scopes],
        as_documented=report.verdict.as_documented,
        results=report.summary.results,
        exit_code=report.summary.exit_code,
    )


def _as_text(line: dict[str, Any]) -> str:
    head = f"{line.pop('time')} {line.pop('level').upper():<7} {line.pop('event')}"
    return " ".join([head, *(f"{name}={_value(value)}" for name, value in line.items() if value is not None)])


def _value(value: Any) -> str:
    """Return a value on one line; quoted where a blank would end it."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)
    plain = text.isascii() and text.isprintable() and " " not in text and '"' not in text and bool(text)
    return text if plain or not isinstance(value, str) else json.dumps(text, ensure_ascii=True)
