"""The manifest: every file of a bundle with its hash, what the run came to, and the night before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from scanner.evidence.canonical import Canonical, canonical_record, plain

MANIFEST = "manifest.json"
ENVELOPE = "manifest.dsse.json"
SUMS = "SHA256SUMS"
UNLISTED = frozenset({MANIFEST, ENVELOPE, SUMS})
"""What a manifest cannot list: itself, and what is made from it."""
TOKEN = "manifest.tsr"
"""A time stamp over the manifest."""
_REVIEW = re.compile(r"review(?:-(?:[2-9]|[1-9][0-9]{1,2}))?\.dsse\.json")
SCHEMA = "porter-audit/manifest/v1"

Profile = Literal["full", "shareable"]

_MEDIA_TYPES = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".csv": "text/csv",
    ".yaml": "application/yaml",
    ".xml": "application/xml",
    ".md": "text/markdown",
}
_ROLES = (
    ("evidence/", ".meta.json", "evidence-meta"),
    ("evidence/", "", "evidence"),
    ("inputs/", "", "input"),
    ("populations/", "", "population"),
    ("calls.ndjson", "", "ledger"),
)


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file, its path relative to the bundle."""

    path: str
    sha256: str
    bytes: int
    media_type: str
    role: str


class Counts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of everything the bundle holds."""

    files: int
    bytes: int
    units: int
    pages: int
    calls: int
    findings: int
    populations: int
    redactions: int


class RunSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the run came to: the predicate of the signed statement."""

    run_id: str
    started: str
    ended: str
    tool_version: str
    baseline_id: str
    baseline_digest: str
    rules_digest: str
    scopes: tuple[str, ...]
    as_documented: str
    results: dict[str, int]
    exit_code: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See the module."""

    schema: str
    profile: Profile
    run: RunSummary
    counts: Counts
    previous_manifest_sha256: str | None
    """Of the bundle of the run before; None where there was none."""
    files: tuple[FileEntry, ...]
    """Sorted by path."""


def is_review(path: str) -> bool:
    """Return whether a path in a bundle is that of a person's review."""
    return bool(_REVIEW.fullmatch(path))


def is_later(path: str) -> bool:
    """Return whether a path is that of a file about the manifest, made after it: a time stamp or a review."""
    return path == TOKEN or is_review(path)


def entries(files: Mapping[str, bytes]) -> tuple[FileEntry, ...]:
    """Return the entries of files, sorted by path."""
    return tuple(entry(path, files[path]) for path in sorted(files))


def entry(path: str, content: bytes) -> FileEntry:
    """Return the entry of one file."""
    return FileEntry(path, hashlib.sha256(content).hexdigest(), len(content), _media_type(path), _role(path))


def dump(manifest: Manifest) -> bytes:
    """Return the manifest in canonical JSON; the same manifest gives the same bytes."""
    return canonical_record(manifest) + b"\n"


def load(data: bytes) -> Manifest:
    """Return the manifest in `data`. Raises `ValueError` if it is none, or not in canonical form."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a manifest: {error}") from error
    if manifest.schema != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    if dump(manifest) != data:
        raise ValueError("not in canonical form")
    return manifest


def sums(files: tuple[FileEntry, ...], manifest: bytes) -> bytes:
    """Return SHA256SUMS as `sha256sum -c` reads it: every listed file and the manifest."""
    lines = [(file.path, file.sha256) for file in files]
    lines.append((MANIFEST, hashlib.sha256(manifest).hexdigest()))
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(lines)).encode()


def subjects(files: tuple[FileEntry, ...], manifest: bytes) -> dict[str, str]:
    """Return what a signature speaks of: name -> SHA-256 of the manifest and of every file it lists."""
    return {MANIFEST: hashlib.sha256(manifest).hexdigest(), **{file.path: file.sha256 for file in files}}


def predicate(manifest: Manifest) -> dict[str, Canonical]:
    """Return what a signature says of its subjects."""
    said = plain(manifest.run)
    assert isinstance(said, dict)
    return {**said, "previous_manifest_sha256": manifest.previous_manifest_sha256, "profile": manifest.profile}


def _media_type(path: str) -> str:
    return next((kind for suffix, kind in _MEDIA_TYPES.items() if path.endswith(suffix)), "application/octet-stream")


def _role(path: str) -> str:
    return next((role for start, end, role in _ROLES if path.startswith(start) and path.endswith(end)), "report")
