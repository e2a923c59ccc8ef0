"""Read a report.json, or the one of a bundle, as history needs it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from scanner.errors import InputError
from scanner.model.history import Night

SCHEMA = "porter-audit/report/v1"
MAX_BYTES = 512_000_000


def read_night(path: Path) -> Night:
    """Return what a report says. `path` is a report.json or a directory that holds one. Raises `InputError`."""
    file = path / "report.json" if path.is_dir() else path
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"report `{file}`: {(error.strerror or 'cannot be read').lower()}") from error
    if len(data) > MAX_BYTES:
        raise InputError(f"report `{file}`: larger than {MAX_BYTES} bytes")
    return night_from(data, f"report `{file}`")


def night_from(data: bytes, where: str) -> Night:
    """Return what the bytes of a report.json say; raises `InputError` starting with `where`."""
    try:
        night = msgspec.json.decode(data, type=Night)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{where}: not a report.json: {' '.join(str(error).split())[:200]}") from error
    if night.schema != SCHEMA:
        raise InputError(f"{where}: schema `{night.schema[:60]}` is not `{SCHEMA}`")
    return night
