"""The rows of Resource Manager's lists."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.common import EvidencePointer, JsonObject
from scanner.model.snapshot import Unit
from scanner.normalize.pointer import record, records

Row = tuple[EvidencePointer, str, JsonObject]
"""Where a row stands, its JSON pointer, and the row with its `properties` folded in."""


def rows_of(unit: Unit, key: str = "value") -> Iterator[Row]:
    """Yield the rows of a unit's pages; fields of `properties` stand beside the row's own, which win.

    A row that was sent before, as a list that was cut off sends it, is left out.
    """
    sent: dict[str, JsonObject] = {}
    for number, page in enumerate(unit.pages):
        for at, raw in records(page, key, f"/{number}"):
            row_id = str(raw.get("id"))
            if sent.get(row_id) == raw:
                continue
            sent[row_id] = raw
            inner = record(raw, "properties", at)
            yield EvidencePointer(unit.unit_id, at), at, {**inner, **raw, "_type": inner.get("type")}
