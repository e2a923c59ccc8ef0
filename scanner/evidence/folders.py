"""Folders that only their owner may read."""

from __future__ import annotations

from pathlib import Path


def make_parents(folder: Path, root: Path) -> None:
    """Make folders below `root` with mode 0700: `parents=True` would leave it to the umask. Raises `OSError`."""
    missing = []
    while folder != root and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir(mode=0o700)
