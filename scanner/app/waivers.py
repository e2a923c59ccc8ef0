"""Waivers for a scan, and what can be said of a file of them without any scan."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from scanner.assess.waive import standing_notes
from scanner.history.waiver_file import load_waivers
from scanner.model.waiver import Waiver


class LintLine(msgspec.Struct, frozen=True):
    """One thing that needs attention."""

    waiver: str
    note: str


class Lint(msgspec.Struct, frozen=True):
    """What `waivers lint` found."""

    waivers: int
    lines: tuple[LintLine, ...]


def read(path: Path | None) -> tuple[Waiver, ...]:
    """Return the waivers of a file, none without one; raises `InputError` naming file, entry and key."""
    return load_waivers(path) if path is not None else ()


def lint(path: Path, as_of: datetime) -> Lint:
    """Return what needs attention in a file that is valid; raises `InputError` for one that is not.

    What matches nothing, or has grown, only a scan with the file can tell.
    """
    waivers = load_waivers(path)
    lines = tuple(LintLine(w.id, note) for w in waivers for note in standing_notes(w, as_of))
    return Lint(len(waivers), lines)
