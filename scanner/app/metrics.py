"""The file of metrics: replaced as a whole, readable for the exporter that runs as somebody else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scanner.app.exit_codes import INTERNAL, USAGE
from scanner.errors import PorterAuditError, RenderError, UsageError
from scanner.model.fleet import Rollup
from scanner.model.report import Report

_MODE = 0o644
# Ten thousand targets with all that may be wrong in each.
_MAX_BYTES = 64_000_000


@contextmanager
def metrics(path: Path | None) -> Iterator[None]:
    """See to it that a run which ends without a report is not taken for the one before it.

    Raises `UsageError` at once if the file cannot be written.
    """
    if path is None:
        yield
        return
    if not path.name.endswith(".prom"):
        raise UsageError(f"metrics `{path}`: the textfile collector reads only files that end in .prom")
    if not path.parent.is_dir():
        raise UsageError(f"metrics `{path}`: no such directory")
    code = INTERNAL
    told = False
    try:
        yield
        told = True
    except PorterAuditError as error:
        code = INTERNAL if isinstance(error, RenderError) else USAGE
        raise
    finally:
        if not told:
            with suppress(RenderError):
                _write_failed(path, code)


def write_metrics(path: Path | None, report: Report, exit_code: int) -> None:
    """Write the metrics of a report, which ended with `exit_code`; raises `RenderError`."""
    if path is None:
        return
    from msgspec.structs import replace

    from scanner.render.prometheus import parsed, prometheus_text

    ended = replace(report, summary=replace(report.summary, exit_code=exit_code))
    _replace(path, prometheus_text(ended, parsed(_before(path))))


def write_fleet_metrics(path: Path | None, rollup: Rollup) -> None:
    """Write the metrics of a fleet; raises `RenderError`."""
    if path is None:
        return
    from scanner.render.prometheus import fleet_text, parsed

    _replace(path, fleet_text(rollup, parsed(_before(path))))


def _write_failed(path: Path, code: int) -> None:
    from scanner.render.prometheus import failed_text, parsed

    _replace(path, failed_text(code, parsed(_before(path))))


def _before(path: Path) -> bytes:
    """Return what the file says; nothing if there is none. It holds numbers that the next run sees again."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES)
    except OSError:
        return b""
    # Half a line is half a number.
    return data[: data.rfind(b"\n") + 1]


def _replace(path: Path, data: bytes) -> None:
    # The collector reads only *.prom: this name is not one.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(stream.fileno(), _MODE)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        raise RenderError(f"metrics `{path}`: {(error.strerror or 'cannot be written').lower()}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
