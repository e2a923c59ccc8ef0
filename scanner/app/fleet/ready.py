"""What must be there before two threads of one process judge targets.

msgspec works out how to decode a record when one is decoded for the first time, and lets other threads see that work
before it is done: two threads that decode a record for the first time at once end the process (msgspec 0.22). So all
records that judging decodes are worked out by one thread, before there is a second.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from threading import Lock
from typing import Final

import msgspec

DECODING: Final = (
    "scanner.app.catalogue",
    "scanner.history.report_file",
    "scanner.normalize.porter_yaml",
    "scanner.render.json_finding",
    "scanner.render.json_types",
)
"""Modules that hold, or import, the records that reading and judging a target decodes."""
_LOCK = Lock()


def ready() -> None:
    """Work the records out, once in a process; whoever comes second waits until it is done."""
    with _LOCK:
        _work_out()


@cache
def _work_out() -> None:
    for name in DECODING:
        for value in vars(import_module(name)).values():
            if isinstance(value, type) and issubclass(value, msgspec.Struct):
                _learn(value)


def _learn(record: type[msgspec.Struct]) -> None:
    try:
        msgspec.json.Decoder(record)
    except TypeError:
        # It holds what no JSON has, such as a compiled pattern: nobody decodes it.
        return
