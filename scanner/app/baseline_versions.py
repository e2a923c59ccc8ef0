"""The other documented versions a scan names identities by."""

from __future__ import annotations

from scanner.baseline.load import clouds_of, find, known
from scanner.baseline.version import DocumentedVersion, load_version


def other_versions(chosen: DocumentedVersion) -> tuple[DocumentedVersion, ...]:
    """Return the vendor's other shipped versions, by name, for the clouds of the chosen one; variables are not bound.

    Raises `BaselineError` if one of them is broken.
    """
    vendor = chosen.id.partition("@")[0]
    specs = [spec for spec in known() if spec != chosen.id and spec.partition("@")[0] == vendor]
    return tuple(load_version(find(spec), set(chosen.clouds) & set(clouds_of(find(spec)))) for spec in specs)
