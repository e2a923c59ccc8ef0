"""porter.yaml files as collection units: what is declared stands in the snapshot beside what is live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import msgspec

from scanner.collect.porter_yaml import read_porter_yaml
from scanner.errors import InputError
from scanner.model.porter_yaml import FILES, PORTER_YAML, PorterYaml
from scanner.model.snapshot import Snapshot, Unit, UnitStatus


def read_declared(paths: Sequence[Path], now: datetime) -> tuple[Unit, ...]:
    """Return a unit per porter.yaml; the page is what was parsed: names only of environment variables.

    Files of the same name are told apart by the folders above them. Raises `InputError` (file, line) where one cannot
    be read or is given twice.
    """
    labels = _labels(paths)
    return tuple(_unit(label, read_porter_yaml(path), now) for label, path in zip(labels, paths, strict=True))


def with_declared(snapshot: Snapshot, units: Sequence[Unit]) -> Snapshot:
    """Return the snapshot with the declared files after its own units; files it held before are replaced."""
    if not units:
        return snapshot
    live = tuple(unit for unit in snapshot.units if unit.kind != PORTER_YAML)
    return msgspec.structs.replace(snapshot, units=(*live, *units))


def _unit(label: str, found: PorterYaml, now: datetime) -> Unit:
    # As it is read back from a file: lists, where records have tuples.
    page = msgspec.json.decode(msgspec.json.encode(msgspec.structs.replace(found, file=label)))
    return Unit(
        unit_id=f"{FILES}/{quote(label, safe='')}/global/{PORTER_YAML}",
        kind=PORTER_YAML,
        cloud=FILES,
        scope_id=label,
        region="global",
        required=True,
        status=UnitStatus.COMPLETE,
        apis=(),
        pages=(page,),
        items=len(found.services),
        started=now,
        ended=now,
    )


def _labels(paths: Sequence[Path]) -> list[str]:
    """Return for each path its last parts, as few as tell the files apart."""
    whole = [path.resolve() for path in paths]
    for place, path in enumerate(whole):
        if path in whole[:place]:
            raise InputError(f"input `{paths[place].name}`: is given twice")
    return [_label(path, whole) for path in whole]


def _label(path: Path, among: Sequence[Path]) -> str:
    for length in range(1, len(path.parts)):
        tail = path.parts[-length:]
        if sum(other.parts[-length:] == tail for other in among) == 1:
            return "/".join(tail)
    return str(path)
