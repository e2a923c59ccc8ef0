"""Reading live Azure subscriptions: from options to a snapshot, written or not."""

from __future__ import annotations

from pathlib import Path

from scanner.app.aws_source import Progress
from scanner.app.collect import CollectOutcome, is_gap
from scanner.app.exit_codes import CLEAN, INCOMPLETE
from scanner.app.files import prepare_directory, write_all
from scanner.app.run_facts import now
from scanner.collect.azure_session import AzureOptions
from scanner.collect.snapshot_io import dump_snapshot
from scanner.model.snapshot import Snapshot


def read_azure(options: AzureOptions, *, presence: str = "unknown", progress: Progress | None = None) -> Snapshot:
    """Return the snapshot of live subscriptions. Raises `CollectError` if reading cannot start at all."""
    from scanner.collect.azure import collect_azure

    return collect_azure(options, clock=now, presence=presence, progress=progress)


def collect_subscriptions(
    options: AzureOptions,
    out: Path,
    *,
    presence: str = "unknown",
    allow_incomplete: bool = False,
    progress: Progress | None = None,
) -> CollectOutcome:
    """Read subscriptions and write the snapshot, whole or not at all. Raises any of the edges' errors."""
    prepare_directory(out.parent)
    snapshot = read_azure(options, presence=presence, progress=progress)
    write_all({out: dump_snapshot(snapshot)})
    incomplete = any(is_gap(unit) for unit in snapshot.units) and not allow_incomplete
    return CollectOutcome(snapshot, INCOMPLETE if incomplete else CLEAN)


__all__ = ["AzureOptions", "Progress", "collect_subscriptions", "read_azure"]
