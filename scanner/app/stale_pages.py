"""Second pages of an earlier report (`report-2.html` ...) that a later run into the same directory does not write anew.

Somebody would take them for its own. Only a page that the report.html beside it names, and that says it is of the same
run of this program, is one; everything else in the directory is somebody's, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from scanner.errors import RenderError

MAIN: Final = "report.html"
_NAMED: Final = re.compile(rb'href="(report-[1-9][0-9]{0,4}\.html)#')
_OURS: Final = b'<meta name="generator" content="porter-audit '
_RUN: Final = re.compile(rb"<p>porter-audit [^<]{1,60} \xc2\xb7 run ([0-9A-Za-z-]{1,80}) \xc2\xb7 ")
_HEAD_BYTES: Final = 4_000
_MAX_BYTES: Final = 40_000_000


def stale_pages(directory: Path, writing: Collection[str]) -> tuple[Path, ...]:
    """Return the further pages of the report that is in a directory which `writing`, names of new files, leaves there.

    Nothing if report.html itself is not written anew: then they belong together still.
    """
    if MAIN not in writing:
        return ()
    main = _ours(directory / MAIN)
    if main is None:
        return ()
    run = _run(main)
    named = {found.decode() for found in _NAMED.findall(main)} - set(writing)
    return tuple(directory / name for name in sorted(named) if run is not None and _of_run(directory / name, run))


def remove(pages: Collection[Path]) -> None:
    """Remove them; raises `RenderError` where one cannot be, because somebody would read it."""
    for page in pages:
        try:
            page.unlink(missing_ok=True)
        except OSError as error:
            reason = (error.strerror or "no access").lower()
            raise RenderError(f"cannot remove `{page}` of an earlier run: {reason}", advice="remove it") from error


def _of_run(page: Path, run: bytes) -> bool:
    content = _ours(page)
    return content is not None and _run(content) == run


def _run(content: bytes) -> bytes | None:
    """Return the run that a page's footer names; what the audited cloud could put into a page is escaped there."""
    found = _RUN.findall(content)
    return found[-1] if found else None


def _ours(page: Path) -> bytes | None:
    """Return what a page holds, None where it is no page of this program."""
    if page.is_symlink() or not page.is_file():
        return None
    try:
        if page.stat().st_size > _MAX_BYTES:
            return None
        content = page.read_bytes()
    except OSError:
        return None
    return content if _OURS in content[:_HEAD_BYTES] else None
