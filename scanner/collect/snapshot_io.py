"""Snapshots as files: canonical JSON, the same snapshot gives the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from scanner.collect.private_file import write_private
from scanner.collect.strict_json import parse_values, shown
from scanner.errors import InputError
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Snapshot


def dump_snapshot(snapshot: Snapshot) -> bytes:
    """Return the snapshot as canonical JSON: sorted keys, no spaces, UTF-8, one line."""
    return msgspec.json.encode(snapshot, order="sorted") + b"\n"


def save_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Write the snapshot to `path`, whole or not at all, readable by its owner only."""
    write_private(path, dump_snapshot(snapshot))


def load_snapshot(data: bytes, name: str = "snapshot") -> Snapshot:
    """Return the snapshot in `data`. Raises `InputError` if it is none, or one of another schema version."""
    values = parse_values(name, data)
    if len(values) != 1:
        raise InputError(f"input `{name}`: several JSON values where one snapshot is expected")
    return snapshot_from(values[0], name)


def is_snapshot(value: Any) -> bool:
    """Return whether a JSON value says of itself that it is a snapshot, of any version."""
    schema = value.get("schema") if isinstance(value, dict) else None
    return isinstance(schema, str) and schema.startswith("porter-audit/snapshot/")


def snapshot_from(value: Any, name: str) -> Snapshot:
    """Return the snapshot a parsed JSON value is. Raises `InputError` (path of the field that is wrong)."""
    if not is_snapshot(value):
        raise InputError(f"input `{name}`: is not a snapshot")
    if value["schema"] != SNAPSHOT_SCHEMA:
        raise InputError(
            f"input `{name}`: snapshot schema `{shown(value['schema'], 60)}` is not `{SNAPSHOT_SCHEMA}`",
            advice="read it with the version of the program that wrote it, or collect again",
        )
    try:
        snapshot = msgspec.convert(value, Snapshot)
    except msgspec.ValidationError as error:
        problem = " ".join(str(error).split())
        raise InputError(f"input `{name}`: not a valid snapshot: {problem[:1].lower()}{problem[1:]}") from error
    _check_ids(snapshot, name)
    return snapshot


def _check_ids(snapshot: Snapshot, name: str) -> None:
    """Refuse two units of one id: a reader could take either."""
    seen: set[str] = set()
    for unit in snapshot.units:
        if unit.unit_id in seen:
            raise InputError(f"input `{name}`: two units `{shown(unit.unit_id)}`")
        seen.add(unit.unit_id)
