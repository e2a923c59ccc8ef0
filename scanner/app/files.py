"""Files that reports become: all of them, whole, or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from scanner.errors import RenderError, UsageError


def prepare_directory(path: Path) -> None:
    """Make a directory for reports (mode 0700 if it is new) and see that files can be made in it.

    Raises `UsageError` now, rather than `RenderError` after minutes of reading.
    """
    probe = path / f".porter-audit.{os.getpid()}.partial"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise UsageError(f"cannot write into `{path}`: {(error.strerror or 'no access').lower()}") from error


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write all files or none: each to a `.partial` beside it, forced to disk, then renamed. Mode 0600.

    Raises `RenderError` if any cannot be written; no partial file is left behind.
    """
    partials = {path: path.with_name(f".{path.name}.{os.getpid()}.partial") for path in files}
    try:
        for path, content in files.items():
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            _write_through(partials[path], content)
        for path, partial in partials.items():
            partial.replace(path)
    except OSError as error:
        where = error.filename2 or error.filename or ", ".join(str(path) for path in files)
        raise RenderError(f"cannot write `{where}`: {(error.strerror or 'no access').lower()}") from error
    finally:
        for partial in partials.values():
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    # O_EXCL: never follow or reuse what another user may have put there.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
