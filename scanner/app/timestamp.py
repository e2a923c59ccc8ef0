"""Asking a time stamp authority about a bundle that was just written."""

from __future__ import annotations

from pathlib import Path

from scanner.app.files import write_all
from scanner.errors import RenderError


def check(url: str) -> str:
    """Return the address of an authority that can be asked. Raises `UsageError`: before the scan, not after it."""
    from scanner.evidence.timestamp import check_url, require_client

    require_client()
    return check_url(url)


def stamp(bundle: Path, url: str) -> Path:
    """Ask the authority at `url` for a time stamp over a bundle's manifest, and write it into the bundle.

    Only the hash of the manifest is sent. The bundle is whole before and after: without an answer it stays as it was.
    Raises `RenderError` if there is no answer, or it cannot be written.
    """
    from scanner.evidence.manifest import MANIFEST, TOKEN
    from scanner.evidence.timestamp import ask

    path = bundle / TOKEN
    try:
        token = ask(url, (bundle / MANIFEST).read_bytes())
        write_all({path: token})
    except OSError as error:
        raise RenderError(f"bundle `{bundle}`: {(error.strerror or 'cannot be read').lower()}") from error
    except RenderError as error:
        raise RenderError(f"{error}; bundle `{bundle}` was written without one") from error
    return path
