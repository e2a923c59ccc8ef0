"""Writing files that only their owner may read, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.errors import PorterAuditError


def write_private(path: Path, data: bytes) -> None:
    """Write `data` to `path` with mode 0600: under `.partial` first, synced, then renamed over `path`.

    Raises `PorterAuditError` if that is impossible; `path` is then as it was.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        # O_EXCL: never follow or reuse what another user may have put there.
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except OSError as error:
        _forget(partial)
        reason = (error.strerror or "unknown error").lower()
        raise PorterAuditError(f"file `{path}`: cannot be written: {reason}") from error


def _forget(partial: Path) -> None:
    try:
        partial.unlink(missing_ok=True)
    except OSError:
        return
