"""What stands where retention dropped evidence: which run it was, its manifest's digest, and what is left."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from scanner.errors import InputError
from scanner.evidence.canonical import Canonical, canonical_record, plain
from scanner.evidence.manifest import MANIFEST, FileEntry, Profile, RunSummary
from scanner.evidence.signing import Signer, sign_statement, statement

TOMBSTONE = "tombstone.json"
TOMBSTONE_ENVELOPE = "tombstone.dsse.json"
OF_RETENTION = frozenset({TOMBSTONE, TOMBSTONE_ENVELOPE})
"""Files that no manifest lists, because they came after it."""
SCHEMA = "porter-audit/tombstone/v1"
PREDICATE_TYPE = "urn:porter-audit:predicate:tombstone:v1"
DIGEST_ONLY: Literal["digest-only"] = "digest-only"
REMOVED: Literal["removed"] = "removed"
# A tombstone holds a manifest's summary, no list of files.
MAX_BYTES = 1_000_000
_EVIDENCE = ("evidence", "evidence-meta")


class Tombstone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See the module."""

    schema: str
    kind: Literal["digest-only", "removed"]
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


def dump(stone: Tombstone) -> bytes:
    """Return a tombstone in canonical JSON; the same one gives the same bytes."""
    return canonical_record(stone) + b"\n"


def load(data: bytes) -> Tombstone:
    """Return the tombstone in `data`. Raises `ValueError` if it is none, or not in canonical form."""
    try:
        stone = msgspec.json.decode(data, type=Tombstone)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a tombstone: {error}") from error
    if stone.schema != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    if dump(stone) != data:
        raise ValueError("not in canonical form")
    return stone


def read(bundle: Path) -> Tombstone | None:
    """Return the tombstone of a bundle's directory, None where there is none. Raises `InputError` on a bad one."""
    path = bundle / TOMBSTONE
    if not path.is_file() or path.is_symlink():
        return None
    try:
        with path.open("rb") as stream:
            return load(stream.read(MAX_BYTES + 1))
    except OSError as error:
        raise InputError(f"tombstone `{path}`: {(error.strerror or 'cannot be read').lower()}") from error
    except ValueError as error:
        raise InputError(f"tombstone `{path}`: {error}") from error


def sign(stone: Tombstone, signer: Signer) -> bytes:
    """Return the envelope of a signed tombstone, as a file."""
    return sign_statement(_subjects(stone), _predicate(stone), signer, PREDICATE_TYPE)


def statement_of(stone: Tombstone) -> bytes:
    """Return what a signature over a tombstone speaks of: the tombstone, and the manifest that it stands for."""
    return statement(_subjects(stone), _predicate(stone), PREDICATE_TYPE)


def _subjects(stone: Tombstone) -> dict[str, str]:
    return {TOMBSTONE: hashlib.sha256(dump(stone)).hexdigest(), MANIFEST: stone.manifest_sha256}


def _predicate(stone: Tombstone) -> dict[str, Canonical]:
    said = plain(stone)
    assert isinstance(said, dict)
    return said


def may_be_dropped(file: FileEntry) -> bool:
    """Return whether `digest-only` leaves a file out: raw answers of the cloud, nothing else."""
    return file.role in _EVIDENCE
