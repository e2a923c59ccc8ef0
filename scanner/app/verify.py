"""Checking bundles: one, or a chain of nights, against a key that the user vouches for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from scanner.app.exit_codes import CLEAN, MISMATCH
from scanner.app.keys import read_public_key, read_vouched
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.evidence.signing import PublicKey
    from scanner.evidence.timestamp import Certificate
    from scanner.evidence.verify import Verification


class _Pins(NamedTuple):
    """What the user vouches for, as files."""

    key: Path | None
    hashes_only: bool
    review_keys: tuple[Path, ...]
    tsa_cert: Path | None


def verify(
    targets: Sequence[Path],
    *,
    key: Path | None,
    hashes_only: bool = False,
    previous: Path | None = None,
    review_keys: tuple[Path, ...] = (),
    tsa_cert: Path | None = None,
) -> tuple[Verification, ...]:
    """Check bundles in the order of their runs; each but the first must follow the one before it.

    `previous` is the bundle before the first. Each of `review_keys` must have made a review, and the authority under
    `tsa_cert` a time stamp. With reviewers' keys alone a target may also be any other file or directory that was
    reviewed. Raises `UsageError` without a key, unless `hashes_only` says that the user knows what is left out;
    `InputError` if a key or certificate cannot be used.
    """
    pins = _Pins(key, hashes_only, review_keys, tsa_cert)
    for target in targets:
        if not target.exists():
            raise UsageError(f"bundle `{target}`: no such directory")
    documents = [target for target in targets if _is_document(target, pins)]
    bundles = [target for target in targets if target not in documents]
    if (bundles or not pins.review_keys) and (pins.key is None) != pins.hashes_only:
        advice = "give --key FILE with the signer's public key, or --hashes-only if the bundle is not signed"
        raise UsageError("a bundle is checked with the signer's public key, or by its hashes only", advice=advice)
    given = _read(pins, tuple(targets))
    reviewed = tuple(_document(target, given) for target in documents)
    return reviewed + _chain(bundles, given, previous)


class _Given(NamedTuple):
    signer: PublicKey | None
    reviewers: tuple[PublicKey, ...]
    authority: tuple[Certificate, ...]


def _read(pins: _Pins, outside: tuple[Path, ...]) -> _Given:
    keys = [read_public_key(path, outside=outside) for path in (pins.key, *pins.review_keys) if path is not None]
    signer = keys.pop(0) if pins.key is not None else None
    authority: tuple[Certificate, ...] = ()
    if pins.tsa_cert is not None:
        from scanner.evidence.timestamp import certificates_from_pem, require_client

        require_client()
        authority = certificates_from_pem(read_vouched(pins.tsa_cert, outside=outside), str(pins.tsa_cert))
    return _Given(signer, tuple(keys), authority)


def _is_document(target: Path, pins: _Pins) -> bool:
    """Return whether a target is no bundle: a file, or a directory without manifest of which only reviews are asked."""
    if target.is_file():
        return True
    only_reviews = bool(pins.review_keys) and pins.key is None and not pins.hashes_only
    return only_reviews and not any((target / name).exists() for name in ("manifest.json", "tombstone.json"))


def _document(target: Path, given: _Given) -> Verification:
    from scanner.evidence.beside import review_step
    from scanner.evidence.review import target_of
    from scanner.evidence.verify import Verification

    step = review_step(target_of(target), given.reviewers, given.signer)
    if step is None or step.passed is None:
        advice = "give --review-key FILE with the reviewer's public key"
        raise UsageError(f"`{target}` is no bundle: only a review of it can be checked", advice=advice)
    return Verification(str(target), (step,), None)


def _chain(bundles: Sequence[Path], given: _Given, previous: Path | None) -> tuple[Verification, ...]:
    from scanner.evidence.bundle import manifest_digest

    before = manifest_digest(previous) if previous is not None else None
    done: list[Verification] = []
    for bundle in sorted(bundles, key=lambda path: path.resolve().name):
        made = _bundle(bundle, given, before, follows=before is not None or bool(done))
        done.append(made)
        before = made.manifest_sha256
    return tuple(done)


def _bundle(bundle: Path, given: _Given, before: str | None, *, follows: bool) -> Verification:
    from scanner.evidence.beside import beside_steps
    from scanner.evidence.verify import verify_bundle

    made = verify_bundle(bundle, key=given.signer, previous=before, follows=follows)
    if made.manifest is None:
        return made
    more = beside_steps(bundle, signer=given.signer, reviewers=given.reviewers, authority=given.authority)
    return msgspec.structs.replace(made, steps=made.steps + more)


def exit_code(verifications: Sequence[Verification]) -> int:
    """Return 5 if anything failed, else 0."""
    return CLEAN if all(made.passed for made in verifications) else MISMATCH


def lines(verification: Verification) -> tuple[str, ...]:
    """Return what was checked and what came of it, a line each."""
    words = {True: "ok", False: "FAILED", None: "-"}
    told = [f"bundle {verification.bundle}"]
    for step in verification.steps:
        told.append(f"  {words[step.passed]:<6}  {step.name:<10}  {step.detail}")
        told += [f"          {problem}" for problem in step.problems]
    return tuple(told)
