"""Reading live GCP projects: from options to a snapshot."""

from __future__ import annotations

from scanner.app.run_facts import now
from scanner.app.sources.aws import Progress
from scanner.collect.gcp.session import GcpOptions
from scanner.model.snapshot import Snapshot


def read_gcp(options: GcpOptions, *, presence: str = "unknown", progress: Progress | None = None) -> Snapshot:
    """Return the snapshot of live projects. Raises `CollectError` if reading cannot start at all."""
    from scanner.collect.gcp.projects import collect_gcp

    return collect_gcp(options, clock=now, presence=presence, progress=progress)


__all__ = ["GcpOptions", "Progress", "read_gcp"]
