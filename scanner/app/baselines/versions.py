"""Documented versions for a scan: the chosen one, and the others that identities are named by.

Those that ship with the product do not change while it runs: a process that judges many accounts reads them once.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from scanner.baseline.load import clouds_of, find, known
from scanner.baseline.version import DocumentedVersion, load_version
from scanner.resources import data_dir


def chosen_version(spec: str, clouds: tuple[str, ...]) -> DocumentedVersion:
    """Return the parts of a documented version for some clouds. Raises `BaselineError` if it is not there or broken."""
    path = find(spec)
    return _shipped(path, clouds) if path.is_relative_to(data_dir("baselines")) else load_version(path, clouds)


def other_versions(chosen: DocumentedVersion) -> tuple[DocumentedVersion, ...]:
    """Return the vendor's other shipped versions, by name, for the clouds of the chosen one; variables are not bound.

    Raises `BaselineError` if one of them is broken.
    """
    vendor = chosen.id.partition("@")[0]
    specs = [spec for spec in known() if spec != chosen.id and spec.partition("@")[0] == vendor]
    return tuple(_shipped(path, _common(chosen, path)) for path in map(find, specs))


def _common(chosen: DocumentedVersion, path: Path) -> tuple[str, ...]:
    there = set(clouds_of(path))
    return tuple(cloud for cloud in chosen.clouds if cloud in there)


@lru_cache(maxsize=32)
def _shipped(path: Path, clouds: tuple[str, ...]) -> DocumentedVersion:
    return load_version(path, clouds)
