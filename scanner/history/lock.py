"""One scan at a time for one history: a lock that the kernel lets go when its holder dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanner.errors import HistoryError, UsageError


@contextmanager
def only_writer(history: Path) -> Iterator[None]:
    """Hold the lock of a history; raises `UsageError` if another scan has it, `HistoryError` if there can be none."""
    import fcntl

    path = history.with_name(history.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HistoryError(f"history `{history}`: {(error.strerror or 'no access').lower()}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            advice = "wait for it to end, or give this one a history of its own"
            raise UsageError(f"another scan is running with history `{history}`", advice=advice) from error
        yield
    finally:
        os.close(descriptor)
