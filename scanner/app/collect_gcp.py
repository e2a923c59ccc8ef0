"""Only read GCP projects: a snapshot that somebody else can judge, on another machine, later."""

from __future__ import annotations

from pathlib import Path

from scanner.app.collect import CollectOutcome, is_gap
from scanner.app.exit_codes import CLEAN, INCOMPLETE
from scanner.app.files import prepare_directory, write_all
from scanner.app.gcp_source import GcpOptions, Progress, read_gcp
from scanner.collect.snapshot_io import dump_snapshot


def collect_projects(
    options: GcpOptions,
    out: Path,
    *,
    presence: str = "unknown",
    allow_incomplete: bool = False,
    progress: Progress | None = None,
) -> CollectOutcome:
    """Read GCP projects and write the snapshot, whole or not at all. Raises any of the edges' errors."""
    prepare_directory(out.parent)
    snapshot = read_gcp(options, presence=presence, progress=progress)
    write_all({out: dump_snapshot(snapshot)})
    incomplete = any(is_gap(unit) for unit in snapshot.units) and not allow_incomplete
    return CollectOutcome(snapshot, INCOMPLETE if incomplete else CLEAN)
