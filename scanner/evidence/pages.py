"""A snapshot as files, one per raw answer, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from scanner.errors import InputError
from scanner.model.common import JsonObject
from scanner.model.pages import page_bytes, page_path
from scanner.model.snapshot import ApiCall, Snapshot, Unit, UnitStatus

INDEX_PATH = "inputs/snapshot.json"
INDEX_SCHEMA = "porter-audit/snapshot-index/v1"


class SnapshotIndex(msgspec.Struct, frozen=True):
    """A snapshot whose pages stand in files of their own."""

    schema: str
    snapshot: Snapshot
    """Its units without pages."""
    pages: dict[str, int]
    """Unit id -> number of pages."""


def snapshot_files(snapshot: Snapshot) -> dict[str, bytes]:
    """Return path -> bytes: the index, and for each page its answer and what is known of the call that fetched it."""
    bare = tuple(msgspec.structs.replace(unit, pages=()) for unit in snapshot.units)
    counts = {unit.unit_id: len(unit.pages) for unit in snapshot.units}
    index = SnapshotIndex(INDEX_SCHEMA, msgspec.structs.replace(snapshot, units=bare), counts)
    files = {INDEX_PATH: encoded(index)}
    calls: dict[str, list[ApiCall]] = {}
    for call in snapshot.calls:
        if call.outcome is UnitStatus.COMPLETE:
            calls.setdefault(call.unit_id, []).append(call)
    for unit in snapshot.units:
        answered = calls.get(unit.unit_id, [])
        for number, page in enumerate(unit.pages, 1):
            path = page_path(unit.unit_id, number)
            files[path] = page_bytes(page)
            # Pages and answered calls have the same order; where their numbers differ no call is named.
            call_of = answered[number - 1] if len(answered) == len(unit.pages) else None
            files[path.removesuffix(".json") + ".meta.json"] = encoded(_meta(unit, number, call_of))
    return files


def read_snapshot(read: Callable[[str], bytes]) -> Snapshot:
    """Return the snapshot that `read(path)` gives the files of. Raises `InputError` if they are not what they say."""
    try:
        index = msgspec.json.decode(read(INDEX_PATH), type=SnapshotIndex)
        if index.schema != INDEX_SCHEMA:
            raise InputError(f"bundle: `{INDEX_PATH}` has another schema than `{INDEX_SCHEMA}`")
        units = tuple(_with_pages(unit, index.pages.get(unit.unit_id, 0), read) for unit in index.snapshot.units)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise InputError(f"bundle: not a snapshot's files: {problem[:1].lower()}{problem[1:]}") from error
    return msgspec.structs.replace(index.snapshot, units=units)


def _with_pages(unit: Unit, number: int, read: Callable[[str], bytes]) -> Unit:
    pages: tuple[JsonObject, ...] = tuple(
        msgspec.json.decode(read(page_path(unit.unit_id, n)), type=JsonObject) for n in range(1, number + 1)
    )
    return msgspec.structs.replace(unit, pages=pages)


def encoded(value: Any) -> bytes:
    """Return a record as one line of JSON with sorted keys."""
    return msgspec.json.encode(value, order="sorted") + b"\n"


def ledger_lines(calls: tuple[ApiCall, ...]) -> bytes:
    """Return the ledger as newline-delimited JSON, in the order the calls were sent."""
    return b"".join(encoded(call) for call in calls)


def _meta(unit: Unit, number: int, call: ApiCall | None) -> dict[str, Any]:
    return {"unit_id": unit.unit_id, "kind": unit.kind, "page": number, "apis": unit.apis, "call": call}
