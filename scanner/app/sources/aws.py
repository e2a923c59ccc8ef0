"""Reading a live AWS account: from options to a snapshot."""

from __future__ import annotations

from collections.abc import Callable

from scanner.app.run_facts import now
from scanner.collect.aws.session import AwsOptions
from scanner.collect.installation_key import load_hmac_key
from scanner.model.snapshot import Snapshot

Progress = Callable[[str, int, int], None]
"""Told what is being read, how many units are done, and how many there are so far."""


def read_live(
    options: AwsOptions,
    *,
    external_id: str | None = None,
    presence: str = "unknown",
    progress: Progress | None = None,
) -> Snapshot:
    """Return the snapshot of a live account. Raises `CollectError` if reading cannot start at all."""
    from scanner.collect.aws.account import collect_aws

    return collect_aws(
        options,
        clock=now,
        hmac_key=load_hmac_key(),
        expected_external_id=external_id,
        presence=presence,
        progress=progress,
    )


__all__ = ["AwsOptions", "Progress", "read_live"]
