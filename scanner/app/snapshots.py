"""Snapshots of several clouds as one, and one cloud's part of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scanner.errors import UsageError
from scanner.model.porter_yaml import FILES
from scanner.model.snapshot import Snapshot


def join_snapshots(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Return one snapshot that holds all of them; the latest time of collection is its own.

    Raises `UsageError` if live answers and files would be mixed, or one scope would stand twice.
    """
    first = snapshots[0]
    if any(other.source is not first.source for other in snapshots):
        raise UsageError("what was read live and what comes from files cannot be judged together")
    scopes = tuple(scope for snapshot in snapshots for scope in snapshot.scopes)
    if len({(scope.cloud, scope.kind, scope.id) for scope in scopes}) != len(scopes):
        raise UsageError("the same account, project or subscription was read twice")
    return msgspec.structs.replace(
        first,
        collected_at=max(snapshot.collected_at for snapshot in snapshots),
        scopes=scopes,
        units=tuple(unit for snapshot in snapshots for unit in snapshot.units),
        calls=tuple(call for snapshot in snapshots for call in snapshot.calls),
        callers=tuple(caller for snapshot in snapshots for caller in snapshot.callers),
        external_ids=tuple(fact for snapshot in snapshots for fact in snapshot.external_ids),
        sdk_versions=tuple(dict(pair for snapshot in snapshots for pair in snapshot.sdk_versions).items()),
        redactions=sum(snapshot.redactions for snapshot in snapshots),
    )


def part_of(snapshot: Snapshot, cloud: str) -> Snapshot:
    """Return what a snapshot holds of one cloud, with the files that are held against it."""
    if all(scope.cloud == cloud for scope in snapshot.scopes):
        return snapshot
    units = tuple(unit for unit in snapshot.units if unit.cloud in (cloud, FILES))
    mine = {unit.unit_id for unit in units}
    return msgspec.structs.replace(
        snapshot,
        scopes=tuple(scope for scope in snapshot.scopes if scope.cloud == cloud),
        units=units,
        calls=tuple(call for call in snapshot.calls if call.unit_id in mine),
        callers=tuple(caller for caller in snapshot.callers if caller.cloud == cloud),
    )
