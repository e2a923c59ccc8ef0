"""One holder at a time: a lock file that the kernel lets go when its holder dies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scanner.errors import HistoryError, PorterAuditError, UsageError


@contextmanager
def locked(path: Path, *, refused: Callable[[str], PorterAuditError], taken: PorterAuditError) -> Iterator[None]:
    """Hold the lock of a file that is made where it is missing.

    Raises `taken` if somebody else holds it, and what `refused` makes of the system's words if it cannot be opened.
    """
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise refused((error.strerror or "no access").lower()) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise taken from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def only_writer(history: Path) -> Iterator[None]:
    """Hold the lock of a history; raises `UsageError` if another scan has it, `HistoryError` if there can be none."""
    advice = "wait for it to end, or give this one a history of its own"
    with locked(
        history.with_name(history.name + ".lock"),
        refused=lambda said: HistoryError(f"history `{history}`: {said}"),
        taken=UsageError(f"another scan is running with history `{history}`", advice=advice),
    ):
        yield
