"""A person's word on a run, a period report or a roll-up: a second signature, with a key that is not the scanner's.

It is an in-toto statement like the bundle's own, over the same digest of the manifest, with another predicate. Reviews
stand beside what they are about and are not part of it: one can be added, or taken away, without touching the rest.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from scanner.errors import InputError
from scanner.evidence.canonical import plain
from scanner.evidence.manifest import MANIFEST, is_review
from scanner.evidence.signing import (
    REVIEW_TYPE,
    BadEnvelopeError,
    Signer,
    key_id,
    sign_statement,
    statement,
    unverified_payload,
    verified_payload,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    PublicKeys: TypeAlias = Sequence[Ed25519PublicKey]

MAX_REVIEWS = 999
MAX_REVIEW_BYTES = 8_000_000
_MAX_FILES = 20_000
_CHUNK_BYTES = 1 << 20

Decision = Literal["approved", "approved_with_exceptions", "rejected"]
Kind = Literal["run", "document", "documents"]


class Review(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a reviewer says."""

    kind: Kind
    """A bundle; one file, such as a period report; a directory of files, such as a roll-up."""
    reviewer: str
    decision: Decision
    reviewed_at: str
    tickets: tuple[str, ...] = ()
    comment: str = ""
    run_id: str | None = None
    """Of the bundle, where it is one."""


class Target(msgspec.Struct, frozen=True):
    """What a review is about, and where its reviews stand."""

    kind: Kind
    folder: Path
    prefix: str
    """Of a review's file name: of a file its own name and a dot, else empty."""
    subjects: Mapping[str, str]
    """Name -> SHA-256. Of a bundle the manifest alone, which names the rest."""


class CheckedReview(msgspec.Struct, frozen=True):
    """One review that was found."""

    name: str
    review: Review | None
    """None: it could not be read."""
    key_id: str | None
    """Of the given key that made it; None: of none of them."""
    problem: str | None = None


def review_name(number: int, prefix: str = "") -> str:
    """Return the file name of review `number`, from 1."""
    return f"{prefix}review.dsse.json" if number == 1 else f"{prefix}review-{number}.dsse.json"


def target_of(path: Path) -> Target:
    """Return what a review of `path` is about: a bundle, a file, or every file of a directory.

    Raises `InputError` if something cannot be read, is a link, or there is nothing.
    """
    try:
        if path.is_file() and not path.is_symlink():
            return Target("document", path.parent, f"{path.name}.", {path.name: _digest(path)})
        if not path.is_dir() or path.is_symlink():
            raise InputError(f"`{path}`: neither a file nor a directory")
        if (path / MANIFEST).is_file():
            return Target("run", path, "", {MANIFEST: _digest(path / MANIFEST)})
        subjects = {name: _digest(path / name) for name in _files(path)}
    except OSError as error:
        raise InputError(f"`{path}`: {(error.strerror or 'cannot be read').lower()}") from error
    if not subjects:
        raise InputError(f"`{path}`: holds no files")
    return Target("documents", path, "", subjects)


def _files(folder: Path) -> list[str]:
    """Return every file below a folder but its reviews; raises `InputError` on what is no plain file."""
    found: list[str] = []
    pending = [folder]
    while pending:
        for item in os.scandir(pending.pop()):
            mode = item.stat(follow_symlinks=False).st_mode
            name = Path(item.path).relative_to(folder).as_posix()
            if stat.S_ISDIR(mode):
                pending.append(Path(item.path))
            elif not stat.S_ISREG(mode):
                raise InputError(f"`{folder}`: `{name[:200]}` is a link or a special file")
            elif not is_review(name):
                found.append(name)
            if len(found) > _MAX_FILES:
                raise InputError(f"`{folder}`: more than {_MAX_FILES:,} files")
    return sorted(found)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def sign_review(review: Review, subjects: Mapping[str, str], signer: Signer) -> bytes:
    """Return a review as a signed file."""
    said = plain(review)
    assert isinstance(said, dict)
    return sign_statement(dict(subjects), said, signer, REVIEW_TYPE)


def reviews_in(target: Target) -> list[str]:
    """Return the file names of the reviews of a target, in order of their numbers."""
    names = (review_name(number, target.prefix) for number in range(1, MAX_REVIEWS + 1))
    return [name for name in names if os.path.lexists(target.folder / name)]


def check_reviews(target: Target, keys: PublicKeys, names: Iterable[str] | None = None) -> tuple[CheckedReview, ...]:
    """Return each review of a target with what is wrong with it, if anything."""
    return tuple(_checked(target, name, keys) for name in (reviews_in(target) if names is None else names))


def _checked(target: Target, name: str, keys: PublicKeys) -> CheckedReview:
    try:
        with os.fdopen(os.open(target.folder / name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
            data = stream.read(MAX_REVIEW_BYTES + 1)
        if len(data) > MAX_REVIEW_BYTES:
            raise BadEnvelopeError("is too large for a review")
        review = _said(unverified_payload(data), target.subjects)
        made_by = _made_by(data, keys)
    except (BadEnvelopeError, ValueError) as error:
        return CheckedReview(name, None, None, str(error))
    except OSError as error:
        return CheckedReview(name, None, None, (error.strerror or "cannot be read").lower())
    problem = "the signature is not one of a given reviewer's key" if keys and made_by is None else None
    return CheckedReview(name, review, made_by, problem)


def _said(payload: bytes, subjects: Mapping[str, str]) -> Review:
    """Return what a payload says of exactly these subjects; raises `BadEnvelopeError` if it says something else."""
    try:
        review = msgspec.json.decode(payload, type=_Statement).predicate
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadEnvelopeError(f"not a review: {' '.join(str(error).split())}") from error
    said = plain(review)
    assert isinstance(said, dict)
    if payload != statement(dict(subjects), said, REVIEW_TYPE):
        raise BadEnvelopeError("is a review of something else, or of what this was before it was changed")
    return review


class _Statement(msgspec.Struct, frozen=True):
    predicate: Review


def _made_by(envelope: bytes, keys: PublicKeys) -> str | None:
    for key in keys:
        try:
            verified_payload(envelope, key)
        except BadEnvelopeError:
            continue
        return key_id(key)
    return None


def signed_by(envelope: bytes, key: Ed25519PublicKey) -> bool:
    """Return whether `key` signed an envelope."""
    return _made_by(envelope, [key]) is not None
