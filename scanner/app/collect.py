"""Only read: a snapshot that somebody else can judge, on another machine, later."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from scanner.app.clouds import LiveOptions, read_cloud
from scanner.app.exit_codes import CLEAN, INCOMPLETE
from scanner.app.files import prepare_directory, write_all
from scanner.app.params import Parameter
from scanner.app.sources.aws import Progress
from scanner.collect.snapshot_io import dump_snapshot
from scanner.errors import UsageError
from scanner.model.snapshot import Snapshot, Unit, UnitStatus


class CollectOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    live: LiveOptions
    out: Path
    parameters: tuple[Parameter, ...] = ()
    presence: str = "unknown"
    allow_incomplete: bool = False


class CollectOutcome(msgspec.Struct, frozen=True):
    """A snapshot that was written, and what the process says with its exit code."""

    snapshot: Snapshot
    exit_code: int


def collect(options: CollectOptions, *, progress: Progress | None = None) -> CollectOutcome:
    """Read what the options name and write the snapshot, whole or not at all. Raises any of the edges' errors."""
    values = {parameter.name: parameter.value for parameter in options.parameters}
    unknown = sorted(set(values) - {"external_id"})
    if unknown:
        raise UsageError(f"parameter `{unknown[0]}` has no use here: collecting needs `external_id` at most")
    prepare_directory(options.out.parent)
    snapshot = read_cloud(
        options.live, external_id=values.get("external_id"), presence=options.presence, progress=progress
    )
    write_all({options.out: dump_snapshot(snapshot)})
    incomplete = any(is_gap(unit) for unit in snapshot.units) and not options.allow_incomplete
    return CollectOutcome(snapshot, INCOMPLETE if incomplete else CLEAN)


def is_gap(unit: Unit) -> bool:
    """Return whether a unit that a verdict needs was not read."""
    return unit.required and unit.status is not UnitStatus.COMPLETE


def summary_lines(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what was read, in words: account, counts by outcome, and each unit that was not read."""
    accounts = ", ".join(scope.id for scope in snapshot.scopes)
    counts = Counter(unit.status.value for unit in snapshot.units)
    said = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    lines = [f"account {accounts}: {len(snapshot.calls)} calls, units: {said}"]
    for unit in snapshot.units:
        if unit.status is not UnitStatus.COMPLETE:
            why = f"{unit.error.code}: {unit.error.message}" if unit.error else unit.status.value
            weight = "required" if unit.required else "supplementary"
            lines.append(f"not read ({weight}): {unit.kind} in {unit.region}: {why}")
    return tuple(lines)
