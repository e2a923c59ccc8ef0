"""Checking bundles: one, or a chain of nights, against a key that the user vouches for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.app.exit_codes import CLEAN, MISMATCH
from scanner.app.keys import read_public_key
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.evidence.verify import Verification


def verify(
    bundles: Sequence[Path], *, key: Path | None, hashes_only: bool = False, previous: Path | None = None
) -> tuple[Verification, ...]:
    """Check bundles in the order of their runs; each but the first must follow the one before it.

    `previous` is the bundle before the first. Raises `UsageError` without a key, unless `hashes_only` says that the
    user knows what is left out.
    """
    from scanner.evidence.bundle import manifest_digest
    from scanner.evidence.verify import verify_bundle

    if (key is None) != hashes_only:
        advice = "give --key FILE with the signer's public key, or --hashes-only if the bundle is not signed"
        raise UsageError("a bundle is checked with the signer's public key, or by its hashes only", advice=advice)
    for bundle in bundles:
        if not bundle.exists():
            raise UsageError(f"bundle `{bundle}`: no such directory")
    pinned = read_public_key(key, outside=tuple(bundles)) if key is not None else None
    before = manifest_digest(previous) if previous is not None else None
    done: list[Verification] = []
    for bundle in sorted(bundles, key=lambda path: path.resolve().name):
        follows = before is not None or bool(done)
        made = verify_bundle(bundle, key=pinned, previous=before, follows=follows)
        done.append(made)
        before = made.manifest_sha256
    return tuple(done)


def exit_code(verifications: Sequence[Verification]) -> int:
    """Return 5 if anything failed, else 0."""
    return CLEAN if all(made.passed for made in verifications) else MISMATCH


def lines(verification: Verification) -> tuple[str, ...]:
    """Return what was checked and what came of it, a line each."""
    words = {True: "ok", False: "FAILED", None: "-"}
    told = [f"bundle {verification.bundle}"]
    for step in verification.steps:
        told.append(f"  {words[step.passed]:<6}  {step.name:<9}  {step.detail}")
        told += [f"          {problem}" for problem in step.problems]
    return tuple(told)
