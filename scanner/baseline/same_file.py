"""A file that says "as that version": what it may add to the version it repeats, read and written."""

from __future__ import annotations

from typing import Any

import msgspec

from scanner.baseline.fields import Fields
from scanner.baseline.parts import read_contradictions, read_documents
from scanner.baseline.records import Contradiction, SourceDocument

_NAMES = {"aws": "roles", "gcp": "service_accounts", "azure": "identities", "services": "connections"}


class SameFile(msgspec.Struct, frozen=True):
    """What such a file holds; everything else is the named version's."""

    vendor: str
    version: str
    cloud: str
    same_as: str
    title: str
    publication: str
    reason: str
    """Why the version is the same, for a person."""
    documents: tuple[SourceDocument, ...] = ()
    """Added to the named version's."""
    contradictions: tuple[Contradiction, ...] = ()
    """Added; one of the same id replaces the named version's."""


def names_key(cloud: str) -> str:
    """Return the key under which a cloud's contradictions list the identities concerned."""
    return _NAMES[cloud]


def is_same_file(value: Any) -> bool:
    """Return whether parsed YAML is such a file."""
    return isinstance(value, dict) and "same_as" in value


def read_same(value: Any, where: str, cloud: str) -> SameFile:
    """Return the record. Raises `BaselineError` on anything but these keys: grants may not stand in such a file."""
    known = "format vendor version cloud same_as title publication reason documents contradictions"
    top = Fields(value, where, known)
    top.choice("format", f"porter-audit/baseline/{cloud}/v1")
    return SameFile(
        vendor=top.text("vendor"),
        version=top.text("version"),
        cloud=top.choice("cloud", cloud),
        same_as=top.text("same_as"),
        title=top.text("title"),
        publication=top.text("publication"),
        reason=top.text("reason"),
        documents=read_documents(top, required=False),
        contradictions=read_contradictions(top, names_key(cloud)),
    )


def merged_documents(base: tuple[SourceDocument, ...], added: tuple[SourceDocument, ...]) -> tuple[SourceDocument, ...]:
    """Return the named version's documents, then those the file adds; one of the same name is replaced in place."""
    by_name = {document.name: document for document in (*base, *added)}
    return tuple(by_name.values())


def merged_contradictions(
    base: tuple[Contradiction, ...], added: tuple[Contradiction, ...]
) -> tuple[Contradiction, ...]:
    """Return the named version's contradictions, then those the file adds; one of the same id is replaced in place."""
    by_id = {item.id: item for item in (*base, *added)}
    return tuple(by_id.values())
