"""One thing that is read: a valid seed, where it lies, and the command that reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.hostile.law import Ended, breaches

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
AS_OF = ("--as-of", "2026-06-01T00:00:00Z")
JUDGED = frozenset({0, 1, 2})
CHECKED = frozenset({0, 1})
FORMATS = "terminal,json,html,sarif,ocsf,oscal,csv,csv-excel,junit,markdown"


@dataclass(frozen=True)
class Target:
    """One thing that is read: how it starts, under which name it lies, and what reads it."""

    name: str
    seed: bytes
    """Valid: the command ends with a result."""
    file: str
    """Where below the directory of a run the hostile bytes are put."""
    argv: Callable[[Path], tuple[str | Path, ...]]
    allowed: frozenset[int] = JUDGED
    around: tuple[tuple[str, bytes], ...] = ()
    """Files that stand beside it, by their place."""
    lists_problems: bool = False
    """With exit 3 it prints each problem with its line instead of one line for all."""
    sealed: bool = False
    """Hashes or signatures cover every byte: whatever was changed never ends with 0."""
    made: Callable[[bytes], dict[str, bytes]] | None = None
    """What is written instead of the bytes themselves: files by their place. None: the bytes, as `file`."""

    def wrong(self, data: bytes, ended: Ended) -> list[str]:
        """Return in which ways the end of the command over `data` breaks the law."""
        found = breaches(ended, self.allowed, lists_problems=self.lists_problems)
        unnoticed = self.sealed and data != self.seed and ended.code == 0
        return [*found, *(["a change was not noticed"] if unnoticed else [])]

    def lay(self, home: Path, data: bytes) -> tuple[str | Path, ...]:
        """Write `data` where the command reads it and return the command line."""
        own = {self.file: data} if self.made is None else self.made(data)
        for place, content in (*self.around, *own.items()):
            (home / place).parent.mkdir(parents=True, exist_ok=True)
            (home / place).write_bytes(content)
            (home / place).chmod(0o600)
        return self.argv(home)


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def scanning(cloud: str, file: str, *options: str | Path) -> Callable[[Path], tuple[str | Path, ...]]:
    def argv(home: Path) -> tuple[str | Path, ...]:
        return ("scan", cloud, "--from", home / file, "--out", "-", "--format", "terminal", "--verbose", *options)

    return argv


def files_below(folder: Path, under: str) -> tuple[tuple[str, bytes], ...]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple((f"{under}/{path.relative_to(folder)}", path.read_bytes()) for path in files)
