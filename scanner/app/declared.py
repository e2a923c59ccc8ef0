"""porter.yaml files for a scan: read before anything else is, and held against what was read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from scanner.baseline.version import DocumentedVersion
from scanner.collect.declared import read_declared, with_declared
from scanner.errors import BaselineError
from scanner.model.snapshot import Unit

__all__ = ["declared_units", "with_declared"]


def declared_units(paths: Sequence[Path], documented: DocumentedVersion, now: datetime) -> tuple[Unit, ...]:
    """Return the units of the files, before a cloud is asked.

    Raises `InputError` (file, line) if one cannot be read, `BaselineError` if the documented version says nothing of
    services.
    """
    units = read_declared(paths, now)
    if units and documented.services is None:
        raise BaselineError(
            f"documented version `{documented.id}` has no part on services' own identities",
            advice="leave out --porter-yaml, or put a services.yaml beside the version's other files",
        )
    return units
