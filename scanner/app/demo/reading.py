"""What reading one loopback cloud of the demo gives, and an environment of the demo's own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

import msgspec

from scanner.app.params import Parameter
from scanner.model.snapshot import Snapshot


class DemoReading(msgspec.Struct, frozen=True):
    """A snapshot of a loopback cloud, and what its documented version needs to know."""

    snapshot: Snapshot
    parameters: tuple[Parameter, ...] = ()


def made_up(values: Mapping[str, str]) -> tuple[Parameter, ...]:
    """Return parameters that say they are the demo's."""
    return tuple(Parameter(name, value, "made up by the demo") for name, value in values.items())


@contextmanager
def own_environment(*others: str) -> Iterator[MutableMapping[str, str]]:
    """Yield an environment without the person's own settings of these prefixes; afterwards all is as before.

    They must not reach the loopback clouds, nor those them.
    """
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith(others)]:
            del os.environ[name]
        yield os.environ
    finally:
        os.environ.clear()
        os.environ.update(before)
