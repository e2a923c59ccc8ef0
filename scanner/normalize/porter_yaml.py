"""What porter.yaml files declare, from the snapshot."""

from __future__ import annotations

import msgspec

from scanner.errors import InputError
from scanner.model.porter_yaml import PORTER_YAML, PorterYaml
from scanner.model.snapshot import Snapshot


def porter_yaml_of(snapshot: Snapshot) -> tuple[PorterYaml, ...]:
    """Return the declared files in snapshot order. Raises `InputError` (unit) if a page is not one."""
    found: list[PorterYaml] = []
    for unit in snapshot.units:
        if unit.kind == PORTER_YAML:
            for page in unit.pages:
                try:
                    found.append(msgspec.convert(page, PorterYaml))
                except msgspec.ValidationError as error:
                    said = " ".join(str(error).split())
                    raise InputError(f"unit `{unit.unit_id}`: {said[:1].lower()}{said[1:]}") from error
    return tuple(found)
