"""What each channel was told, from one night to the next: a small file, replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from scanner.app.files import write_all
from scanner.errors import InputError, UsageError
from scanner.model.notice import Notice
from scanner.notify.decide import Told

SCHEMA = "porter-audit/notify-state/v1"
FILE_NAME = "porter-audit-notify.json"
_MAX_BYTES = 64_000_000


class State(msgspec.Struct):
    """Channel -> targets -> what it was told of them."""

    schema: str = SCHEMA
    channels: dict[str, dict[str, Told]] = {}

    def told(self, channel: str, place: str) -> Told:
        """Return what a channel knows of some targets; nothing, if it was never told."""
        return self.channels.get(channel, {}).get(place, Told())

    def left_behind(self, channel: str, place: str) -> tuple[Notice, ...]:
        """Return, and forget, what waits for a channel about other targets than these.

        A fleet with one target more is another place: what waits there would else wait for good.
        """
        places = self.channels.get(channel, {})
        waiting = [(name, told) for name, told in sorted(places.items()) if name != place and told.pending]
        for name, told in waiting:
            places[name] = msgspec.structs.replace(told, pending=())
        return tuple(sorted((one for _, told in waiting for one in told.pending), key=lambda one: one.as_of))

    def keep(self, channel: str, place: str, told: Told) -> None:
        """Remember what a channel knows now."""
        self.channels.setdefault(channel, {})[place] = told


def read_state(path: Path) -> State:
    """Return what is remembered, nothing if there is no such file.

    Raises `InputError` if it is damaged or of a newer program: to go on without it would tell everything twice, and to
    guess could leave something untold.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_BYTES)
    except FileNotFoundError:
        return State()
    except OSError as error:
        raise InputError(f"state `{path}`: {(error.strerror or 'cannot be read').lower()}") from error
    advice = "move it away to start anew: everything is then told once more"
    try:
        state = msgspec.json.decode(data, type=State)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"state `{path}`: damaged, or not one of `notify`", advice=advice) from error
    if state.schema != SCHEMA:
        raise InputError(f"state `{path}`: schema `{state.schema[:60]}` is not `{SCHEMA}`", advice=advice)
    return state


def write_state(path: Path, state: State) -> None:
    """Write the file whole or not at all, mode 0600; raises `RenderError`."""
    write_all({path: msgspec.json.encode(state, order="sorted") + b"\n"})


@contextmanager
def only_teller(path: Path) -> Iterator[None]:
    """Hold the lock of a state; raises `UsageError` if another `notify` has it, or there can be none."""
    import fcntl

    lock = path.with_name(f".{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"state `{path}`: {(error.strerror or 'no access').lower()}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"another `notify` is running with state `{path}`") from error
        yield
    finally:
        os.close(descriptor)
