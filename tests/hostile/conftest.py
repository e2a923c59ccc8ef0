"""The seeds of every reader, made once, and commands that leave this machine alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hostile.law import private_environment
from tests.hostile.target import Target
from tests.hostile.targets import targets


@contextmanager
def _environment(home: Path) -> Iterator[None]:
    before = dict(os.environ)
    private_environment(home)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Target]]:
    work = tmp_path_factory.mktemp("seeds")
    with _environment(work):
        return work, {target.name: target for target in targets(work)}


@pytest.fixture
def known(seeds: tuple[Path, dict[str, Target]]) -> Iterator[dict[str, Target]]:
    """Yield the targets by name; commands run in an environment of their own."""
    work, found = seeds
    with _environment(work):
        yield found
