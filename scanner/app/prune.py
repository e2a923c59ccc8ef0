"""Retention: drop raw evidence, later the whole bundle, and leave a tombstone that keeps the chain of nights whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from scanner.app.files import write_all
from scanner.app.keys import read_public_key, read_signer
from scanner.errors import InputError, RenderError, UsageError
from scanner.history.retention import ADVISED_MONTHS, Action, Age, Held, Holding, Retention, parse_age, plan

if TYPE_CHECKING:
    from scanner.evidence.signing import FileSigner, PublicKey
    from scanner.evidence.tombstone import Kind, Tombstone

RetentionLine: TypeAlias = Retention
"""One bundle and what is to be done with it."""

_PREFIX = "bundle-"
# Clocks of machines differ by a little; a given time later than this is no time of now.
_CLOCK_SLACK = timedelta(minutes=5)


class PruneOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    directory: Path
    keep: str
    keep_evidence: str | None = None
    apply: bool = False
    sign_key: Path | None = None
    key: Path | None = None
    """Public key that signed the bundles, if it is not the one of `sign_key`."""
    as_of: datetime | None = None


class Pruned(msgspec.Struct, frozen=True):
    """What was done, or would be."""

    done: tuple[Retention, ...]
    """Without those that are kept."""
    kept: int
    damaged: tuple[str, ...]
    """Bundles that are not what their manifest says, and were left alone: a line each."""
    warnings: tuple[str, ...] = ()


def prune(options: PruneOptions, *, now: datetime) -> Pruned:
    """Apply retention to the bundles of a directory, or only say what it would do.

    Raises `UsageError` where a clock is wrong, or tombstones would not be signed though bundles are; `InputError` on a
    bundle that cannot be read, `RenderError` if something cannot be written or removed. What was done before stays,
    and running it again continues.
    """
    keep = parse_age(options.keep)
    evidence = parse_age(options.keep_evidence) if options.keep_evidence else keep
    moment = _moment(options.as_of, now)
    held = tuple(_held(path) for path in _bundles(options.directory))
    planned = plan(held, now=moment, keep=keep, keep_evidence=evidence)
    todo = [step for step in planned if step.action is not Action.KEEP]
    signer = read_signer(options.sign_key) if options.sign_key is not None else None
    _all_signed_or_none(options, todo, signer)
    damaged = {step.held.run_id: problem for step in todo if (problem := _problem(options, step))}
    sound = [step for step in todo if step.held.run_id not in damaged]
    if options.apply:
        for step in sound:
            _apply(options.directory, step, keep if step.action is Action.REMOVE else evidence, moment, signer)
    return Pruned(
        done=tuple(sound),
        kept=len(planned) - len(todo),
        damaged=tuple(damaged[name] for name in sorted(damaged)),
        warnings=_warnings(evidence),
    )


def _moment(as_of: datetime | None, now: datetime) -> datetime:
    if as_of is not None and as_of > now + _CLOCK_SLACK:
        raise UsageError(f"`--as-of` {as_of:%Y-%m-%d %H:%M}Z is in the future: nothing is removed before its time")
    return as_of or now


def _warnings(evidence: Age) -> tuple[str, ...]:
    days = evidence.months * 30 + evidence.days
    if days >= ADVISED_MONTHS * 30:
        return ()
    return (f"evidence is kept for {evidence.words} only: an audit over twelve months finds nights it cannot replay",)


def _bundles(directory: Path) -> list[Path]:
    if not directory.is_dir():
        raise UsageError(f"directory `{directory}`: no such directory")
    found = sorted(p for p in directory.iterdir() if p.name.startswith(_PREFIX) and not p.name.endswith(".partial"))
    return [path for path in found if path.is_dir() and not path.is_symlink()]


def _held(path: Path) -> Held:
    from scanner.evidence.tombstone import REMOVED, TOMBSTONE, read

    stone = read(path)
    sizes = {file.relative_to(path).as_posix(): file.lstat().st_size for file in path.rglob("*") if file.is_file()}
    if stone is None:
        run = _manifest_run(path)
        return Held(run[0], run[1], Holding.WHOLE, sum(sizes.values()))
    removed = stone.kind == REMOVED
    left = set(sizes) - {TOMBSTONE} if removed else {name for name in sizes if name.startswith("evidence/")}
    holding = Holding.REMOVED if removed else Holding.DIGEST_ONLY
    return Held(stone.run.run_id, _time(stone.run.ended, path), holding, sum(sizes.values()), unfinished=bool(left))


def _manifest_run(path: Path) -> tuple[str, datetime]:
    from scanner.evidence.bundle import MAX_MANIFEST_BYTES
    from scanner.evidence.manifest import MANIFEST, load

    try:
        with (path / MANIFEST).open("rb") as stream:
            run = load(stream.read(MAX_MANIFEST_BYTES + 1)).run
    except (OSError, ValueError) as error:
        reason = (error.strerror or "cannot be read").lower() if isinstance(error, OSError) else str(error)
        advice = "`porter-audit verify` says more"
        raise InputError(f"bundle `{path}`: its manifest: {reason}", advice=advice) from error
    return run.run_id, _time(run.ended, path)


def _time(text: str, path: Path) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"bundle `{path}`: `{text[:40]}` is not the time of a run") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _all_signed_or_none(options: PruneOptions, todo: Sequence[Retention], signer: FileSigner | None) -> None:
    """Raise `UsageError` if tombstones of signed bundles would not be signed: their chain would not verify."""
    from scanner.evidence.manifest import ENVELOPE

    signed = [s for s in todo if (options.directory / f"{_PREFIX}{s.held.run_id}" / ENVELOPE).exists()]
    if signed and signer is None and options.apply:
        advice = "give --sign-key FILE, so that their tombstones are signed too"
        raise UsageError(f"{len(signed)} of the bundles are signed", advice=advice)


def _problem(options: PruneOptions, step: Retention) -> str | None:
    """Return why no tombstone may vouch for a bundle, if so: it would hide what somebody did to it."""
    from scanner.evidence.verify import verify_bundle

    path = options.directory / f"{_PREFIX}{step.held.run_id}"
    if step.held.holding is Holding.REMOVED:
        return None  # nothing is left to be wrong; the tombstone is the one that was written
    checked = verify_bundle(path, key=_key(options))
    if checked.passed:
        return None
    why = next((p for made in checked.steps for p in made.problems), "cannot be trusted")
    return f"bundle `{path.name}` was left alone: {why}"


def _key(options: PruneOptions) -> PublicKey | None:
    if options.key is not None:
        return read_public_key(options.key, outside=(options.directory,))
    return read_signer(options.sign_key).public_key if options.sign_key is not None else None


def _apply(directory: Path, step: Retention, keep: Age, now: datetime, signer: FileSigner | None) -> None:
    """Write the tombstone first, then remove: killed in between, nothing is lost that is not told of."""
    from scanner.evidence import tombstone

    path = directory / f"{_PREFIX}{step.held.run_id}"
    stone = tombstone.read(path)
    wanted = tombstone.REMOVED if step.action is Action.REMOVE else tombstone.DIGEST_ONLY
    if stone is None or stone.kind != wanted:
        stone = _stone(path, wanted, keep, now)
        _place(tombstone.dump(stone, signer), path / tombstone.TOMBSTONE)
    _remove(path, everything=wanted == tombstone.REMOVED)


def _stone(path: Path, kind: Kind, keep: Age, now: datetime) -> Tombstone:
    from scanner.evidence import tombstone
    from scanner.evidence.manifest import MANIFEST, load

    data = (path / MANIFEST).read_bytes()
    manifest = load(data)
    gone = [f for f in manifest.files if kind == tombstone.REMOVED or tombstone.may_be_dropped(f)]
    return tombstone.of(
        manifest,
        data,
        kind=kind,
        written=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        keep=keep.words,
        gone=gone,
    )


def _remove(path: Path, *, everything: bool) -> None:
    from scanner.evidence.tombstone import TOMBSTONE

    try:
        for file in sorted(path.rglob("*"), reverse=True):
            inside = file.relative_to(path).as_posix()
            if inside == TOMBSTONE or not (everything or inside.startswith("evidence/") or inside == "evidence"):
                continue
            if file.is_dir() and not file.is_symlink():
                file.rmdir()
            else:
                file.unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise RenderError(f"cannot remove `{error.filename or path}`: {reason}") from error


def _place(data: bytes, path: Path) -> None:
    """Write a file into a bundle at one stroke: half a file in there would be one that no manifest lists."""
    beside = path.parent.with_name(f".{path.parent.name}.{path.name}")
    write_all({beside: data})
    try:
        beside.replace(path)
    except OSError as error:
        raise RenderError(f"cannot write `{path}`: {(error.strerror or 'no access').lower()}") from error
    _sync(path.parent)


def _sync(directory: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
