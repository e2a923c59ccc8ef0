"""A binder's folder on disk: written whole or not at all, and never over what somebody else put there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from scanner.errors import RenderError, UsageError
from scanner.evidence.folders import make_parents

SUMS: Final = "SHA256SUMS"
_PARTIAL: Final = ".partial"
_REPLACED: Final = ".replaced"
_ADVICE: Final = "name another directory, or move it away"
_MAX_SUMS_BYTES: Final = 10_000_000
_DIGEST_CHARS: Final = 64


def check_place(target: Path) -> None:
    """Raise `UsageError` where a folder is taken by anything but a binder that is exactly as it was written.

    Such a one may be replaced: the bundle it was made from makes it again. What a run that was cut short set aside is
    held to the same.
    """
    for path in (target, _beside(target, _REPLACED)):
        if os.path.lexists(path):
            problem = _not_as_written(path)
            if problem:
                raise UsageError(f"binder `{path}` {problem}", advice=_ADVICE)


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write all files below `.partial`, then rename: 0600 and 0700. A crash leaves `.partial`, the next run clears it.

    Raises `RenderError` if they cannot be written, `UsageError` as `check_place` does.
    """
    check_place(target)
    partial, replaced = _beside(target, _PARTIAL), _beside(target, _REPLACED)
    try:
        if partial.is_dir() and not partial.is_symlink():
            shutil.rmtree(partial)
        partial.mkdir(mode=0o700, parents=True)
        for path, content in files.items():
            _write(partial / path, content, partial)
        _put_in_place(partial, target, replaced)
    except OSError as error:
        raise RenderError(f"cannot write binder `{target}`: {(error.strerror or 'no access').lower()}") from error


def _beside(target: Path, end: str) -> Path:
    return target.with_name(target.name + end)


def _not_as_written(folder: Path) -> str:
    """Return how a folder differs from what its sums say, or nothing."""
    sums = _sums(folder)
    if sums is None:
        return "is there, and is no binder that is whole"
    held = set(_held(folder))
    foreign = sorted(held - set(sums) - {SUMS})
    if foreign:
        return f"holds `{foreign[0]}`, which its {SUMS} does not name"
    changed = next((name for name in sorted(sums) if not _is(folder / name, sums[name])), None)
    return f"was changed: `{changed}` is not as it was written" if changed else ""


def _sums(folder: Path) -> dict[str, str] | None:
    """Return path -> SHA-256 of a binder, None where it is none."""
    file = folder / SUMS
    if folder.is_symlink() or not folder.is_dir() or file.is_symlink() or not file.is_file():
        return None
    try:
        if file.stat().st_size > _MAX_SUMS_BYTES:
            return None
        lines = [line.partition("  ") for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        return None
    if not lines or any(len(digest) != _DIGEST_CHARS or not between or not name for digest, between, name in lines):
        return None
    return {name: digest for digest, _, name in lines}


def _held(folder: Path) -> Iterator[str]:
    """Yield what a folder holds, links too; of directories those that are empty."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir() or not any(path.iterdir()):
            yield path.relative_to(folder).as_posix()


def _is(file: Path, digest: str) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == digest


def _write(file: Path, content: bytes, root: Path) -> None:
    make_parents(file.parent, root)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        if file.name == SUMS:
            stream.flush()
            os.fsync(stream.fileno())


def _put_in_place(partial: Path, target: Path, replaced: Path) -> None:
    """Rename; at every moment the old folder or the new one is there whole."""
    if target.is_dir():
        if replaced.is_dir():
            shutil.rmtree(replaced)
        target.rename(replaced)
    partial.rename(target)
    if replaced.is_dir():
        shutil.rmtree(replaced)
