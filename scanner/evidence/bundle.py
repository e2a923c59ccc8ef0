"""Writing a bundle: all of it under `.partial`, then renamed; 0600 and 0700; never over another one."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from scanner.errors import InputError, RenderError
from scanner.evidence.folders import make_parents
from scanner.evidence.manifest import (
    ENVELOPE,
    MANIFEST,
    SCHEMA,
    SUMS,
    UNLISTED,
    Counts,
    Manifest,
    Profile,
    RunSummary,
    dump,
    entries,
    is_later,
    predicate,
    subjects,
    sums,
)
from scanner.evidence.signing import Signer, sign_statement
from scanner.evidence.tombstone import read as read_tombstone

PARTIAL_SUFFIX = ".partial"
_PREFIX = "bundle-"
_SAFE_PART = re.compile(r"[A-Za-z0-9%_.@,=+-]{1,200}")
# A manifest of 200,000 files has 40 MB.
MAX_MANIFEST_BYTES = 64_000_000


class Contents(msgspec.Struct, frozen=True):
    """Everything a bundle holds beside its manifest."""

    files: Mapping[str, bytes]
    """Path relative to the bundle -> content."""
    run: RunSummary
    profile: Profile
    units: int
    pages: int
    calls: int
    findings: int
    populations: int
    redactions: int


def bundle_name(run_id: str) -> str:
    """Return the name of a run's bundle."""
    return f"{_PREFIX}{run_id}"


def is_safe_path(path: str) -> bool:
    """Return whether a path stays inside the bundle and reads the same everywhere, `sha256sum -c` included."""
    return all(_SAFE_PART.fullmatch(part) and part not in {".", ".."} for part in path.split("/"))


def latest_bundle(directory: Path, before: str) -> Path | None:
    """Return the newest complete bundle in a directory, by run id, that is older than run `before`; None if none."""
    if not directory.is_dir():
        return None
    found = [
        path
        for path in directory.iterdir()
        if path.name.startswith(_PREFIX) and path.name < bundle_name(before) and (path / MANIFEST).is_file()
    ]
    complete = [path for path in found if not path.name.endswith(PARTIAL_SUFFIX)]
    return max(complete, key=lambda path: path.name, default=None)


def manifest_digest(bundle: Path) -> str:
    """Return the SHA-256 of a bundle's manifest, the link of the next night's chain. Raises `InputError`.

    Of a bundle that retention removed, its tombstone says it.
    """
    if not (bundle / MANIFEST).exists() and (stone := read_tombstone(bundle)) is not None:
        return stone.manifest_sha256
    path = bundle / MANIFEST if bundle.is_dir() else bundle
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise InputError(f"previous bundle `{bundle}`: {(error.strerror or 'cannot be read').lower()}") from error
    if len(data) > MAX_MANIFEST_BYTES:
        raise InputError(f"previous bundle `{bundle}`: its manifest is too large")
    return hashlib.sha256(data).hexdigest()


def write_bundle(
    contents: Contents, directory: Path, *, previous: str | None = None, signer: Signer | None = None
) -> Path:
    """Write a bundle into `directory` and return its path; `previous` is the digest of the run before's manifest.

    Raises `RenderError` if it cannot be written or is there already; a `.partial` of a crash is replaced.
    """
    target = directory / bundle_name(contents.run.run_id)
    partial = target.with_name(target.name + PARTIAL_SUFFIX)
    if os.path.lexists(target):
        raise RenderError(f"bundle `{target}` is there already: a bundle is never written over")
    files = all_files(contents, previous, signer)
    try:
        if partial.is_dir() and not partial.is_symlink():
            shutil.rmtree(partial)
        partial.mkdir(mode=0o700, parents=True)
        _write_files(partial, files)
        partial.rename(target)
        _sync_directory(directory)
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise RenderError(f"cannot write bundle `{target}`: {reason}") from error
    return target


def all_files(contents: Contents, previous: str | None, signer: Signer | None) -> dict[str, bytes]:
    """Return every file of a bundle: contents, manifest, sums and, with a signer, the envelope."""
    for path in contents.files:
        if not is_safe_path(path) or path in UNLISTED or is_later(path):
            raise RenderError(f"bundle: `{path[:200]}` cannot be a file of a bundle")
    listed = entries(contents.files)
    manifest = Manifest(
        schema=SCHEMA,
        profile=contents.profile,
        run=contents.run,
        counts=_counts(contents),
        previous_manifest_sha256=previous,
        files=listed,
    )
    data = dump(manifest)
    files = {**contents.files, MANIFEST: data, SUMS: sums(listed, data)}
    if signer is not None:
        files[ENVELOPE] = sign_statement(subjects(listed, data), predicate(manifest), signer)
    return files


def _counts(contents: Contents) -> Counts:
    return Counts(
        files=len(contents.files),
        bytes=sum(len(content) for content in contents.files.values()),
        units=contents.units,
        pages=contents.pages,
        calls=contents.calls,
        findings=contents.findings,
        populations=contents.populations,
        redactions=contents.redactions,
    )


def _write_files(root: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        file = root / path
        make_parents(file.parent, root)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            if path in UNLISTED:
                stream.flush()
                os.fsync(stream.fileno())


def _sync_directory(directory: Path) -> None:
    """Make the rename last; not every file system lets a directory be synced."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
