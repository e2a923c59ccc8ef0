"""Reading live Azure subscriptions: from options to a snapshot."""

from __future__ import annotations

from scanner.app.run_facts import now
from scanner.app.sources.aws import Progress
from scanner.collect.azure.session import AzureOptions
from scanner.model.snapshot import Snapshot


def read_azure(options: AzureOptions, *, presence: str = "unknown", progress: Progress | None = None) -> Snapshot:
    """Return the snapshot of live subscriptions. Raises `CollectError` if reading cannot start at all."""
    from scanner.collect.azure.subscriptions import collect_azure

    return collect_azure(options, clock=now, presence=presence, progress=progress)


__all__ = ["AzureOptions", "Progress", "read_azure"]
