"""What stands where retention dropped evidence: which run it was, its manifest's digest, and what is left.

One file, with its signature inside: it is there whole or not at all, whenever a prune is interrupted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from scanner.errors import InputError
from scanner.evidence.canonical import Canonical, canonical_record, plain
from scanner.evidence.manifest import MANIFEST, FileEntry, Manifest, Profile, RunSummary
from scanner.evidence.signing import Envelope, Signer, sign_statement, statement

TOMBSTONE = "tombstone.json"
"""No manifest lists it, because it came after it."""
SCHEMA = "porter-audit/tombstone/v1"
PREDICATE_TYPE = "urn:porter-audit:predicate:tombstone:v1"
Kind = Literal["digest-only", "removed"]
DIGEST_ONLY: Kind = "digest-only"
REMOVED: Kind = "removed"
# A tombstone holds a manifest's summary, no list of files.
MAX_BYTES = 1_000_000
_EVIDENCE = ("evidence", "evidence-meta")


class Tombstone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tombstone says."""

    kind: Kind
    """`digest-only`: the raw evidence is gone, report and manifest stay. `removed`: nothing else is left."""
    run: RunSummary
    profile: Profile
    manifest_sha256: str
    previous_manifest_sha256: str | None
    """As the manifest has it: the link of the chain."""
    written: str
    keep: str
    """The rule of retention, in the user's words."""
    files: int
    """Dropped."""
    bytes: int


class TombstoneFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tombstone as it is written."""

    schema: str
    tombstone: Tombstone
    envelope: Envelope | None
    """DSSE, as in `manifest.dsse.json`; None: nobody signed."""


def of(
    manifest: Manifest, data: bytes, *, kind: Kind, written: str, keep: str, gone: Iterable[FileEntry]
) -> Tombstone:
    """Return the tombstone of a bundle; `data` are the bytes of its manifest."""
    dropped = tuple(gone)
    return Tombstone(
        kind=kind,
        run=manifest.run,
        profile=manifest.profile,
        manifest_sha256=hashlib.sha256(data).hexdigest(),
        previous_manifest_sha256=manifest.previous_manifest_sha256,
        written=written,
        keep=keep,
        files=len(dropped),
        bytes=sum(file.bytes for file in dropped),
    )


def dump(stone: Tombstone, signer: Signer | None = None) -> bytes:
    """Return a tombstone as a file, in canonical JSON; the same one with the same key gives the same bytes."""
    envelope = None
    if signer is not None:
        signed = sign_statement(_subjects(stone), _predicate(stone), signer, PREDICATE_TYPE)
        envelope = msgspec.json.decode(signed, type=Envelope)
    return canonical_record(TombstoneFile(SCHEMA, stone, envelope)) + b"\n"


def load(data: bytes) -> TombstoneFile:
    """Return the tombstone in `data`. Raises `ValueError` if it is none, or not in canonical form."""
    try:
        file = msgspec.json.decode(data, type=TombstoneFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a tombstone: {error}") from error
    if file.schema != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    if canonical_record(file) + b"\n" != data:
        raise ValueError("not in canonical form")
    return file


def read(bundle: Path) -> Tombstone | None:
    """Return the tombstone of a bundle's directory, None where there is none. Raises `InputError` on a bad one.

    Its signature is not looked at.
    """
    path = bundle / TOMBSTONE
    if not path.is_file() or path.is_symlink():
        return None
    try:
        with path.open("rb") as stream:
            return load(stream.read(MAX_BYTES + 1)).tombstone
    except OSError as error:
        raise InputError(f"tombstone `{path}`: {(error.strerror or 'cannot be read').lower()}") from error
    except ValueError as error:
        raise InputError(f"tombstone `{path}`: {error}") from error


def statement_of(stone: Tombstone) -> bytes:
    """Return what a signature speaks of: the tombstone, and the manifest that it stands for."""
    return statement(_subjects(stone), _predicate(stone), PREDICATE_TYPE)


def _subjects(stone: Tombstone) -> dict[str, str]:
    return {MANIFEST: stone.manifest_sha256}


def _predicate(stone: Tombstone) -> dict[str, Canonical]:
    said = plain(stone)
    assert isinstance(said, dict)
    return said


def may_be_dropped(file: FileEntry) -> bool:
    """Return whether `digest-only` leaves a file out: raw answers of the cloud, nothing else."""
    return file.role in _EVIDENCE
