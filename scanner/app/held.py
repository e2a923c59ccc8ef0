"""A bundle as an input: only after its files were seen to be what its manifest says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.collect.exports.read import for_this_run, read_input
from scanner.collect.redact import Redactor
from scanner.errors import InputError, UsageError
from scanner.model.snapshot import Snapshot

if TYPE_CHECKING:
    from scanner.evidence.manifest import Manifest


def is_bundle(path: Path) -> bool:
    """Return whether a path is the directory of an evidence bundle, whole or broken."""
    return path.is_dir() and (path / "manifest.json").is_file() and (path / "SHA256SUMS").is_file()


def held_manifest(bundle: Path) -> Manifest:
    """Return the manifest of a bundle whose files are what it says. Raises `InputError` naming the file otherwise.

    Who made the bundle is not asked: that is `porter-audit verify`.
    """
    from scanner.evidence.verify import verify_bundle

    checked = verify_bundle(bundle, key=None)
    if not checked.passed or checked.manifest is None:
        problem = next((p for step in checked.steps for p in step.problems), "cannot be read")
        raise InputError(f"bundle `{bundle}`: {problem}", advice="`porter-audit verify` names everything that is wrong")
    return checked.manifest


def held_snapshot(bundle: Path, manifest: Manifest) -> Snapshot:
    """Return what a bundle's run read. Raises `UsageError` if the bundle holds not all of it."""
    from scanner.evidence.pages import read_snapshot
    from scanner.evidence.tombstone import TOMBSTONE

    if manifest.profile != "full":
        advice = "ask for the full bundle, of which this one is a part"
        raise UsageError(f"bundle `{bundle}` is shareable: evidence was withheld from it", advice=advice)
    if (bundle / TOMBSTONE).exists():
        raise UsageError(f"bundle `{bundle}`: its raw evidence was dropped by retention")
    return read_snapshot(reader(bundle))


def reader(bundle: Path) -> Callable[[str], bytes]:
    """Return what reads a bundle's files by their paths; it raises `InputError`."""

    def read(path: str) -> bytes:
        try:
            return (bundle / path).read_bytes()
        except OSError as error:
            raise InputError(f"bundle `{bundle}`: `{path}`: {(error.strerror or 'cannot be read').lower()}") from error

    return read


def read_any(
    path: Path,
    *,
    now: datetime,
    hmac_key: bytes,
    expected_external_id: str | None = None,
    presence: str = "unknown",
    account_id: str | None = None,
    template_values: tuple[tuple[str, str], ...] = (),
    project_id: str | None = None,
    subscription_id: str | None = None,
) -> Snapshot:
    """Return the snapshot that a bundle, a file or a directory of files holds; see `collect.exports.read_input`."""
    if not is_bundle(path):
        return read_input(
            path,
            now=now,
            hmac_key=hmac_key,
            expected_external_id=expected_external_id,
            presence=presence,
            account_id=account_id,
            template_values=template_values,
            project_id=project_id,
            subscription_id=subscription_id,
        )
    if template_values:
        raise UsageError(f"--template-param is for CloudFormation templates; `{path.name}` is an evidence bundle")
    snapshot = held_snapshot(path, held_manifest(path))
    return for_this_run(snapshot, Redactor(hmac_key, expected_external_id), presence)
