"""Raw answers as files: where each stands in a bundle, its bytes, and what a piece of evidence points at.

A report names them whether a bundle is written or not: paths and hashes follow from the snapshot alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from scanner.model.common import EvidencePointer, JsonObject
from scanner.model.snapshot import Unit

# File systems take 255 bytes for a name.
_MAX_SEGMENT_CHARS = 150

# OUTPUTS section 5: what is shown of an answer beside a finding is capped; the rest is in the bundle.
MAX_EXCERPT_CHARS = 8_000

_SURROGATE = re.compile("[\ud800-\udfff]")
# What redaction leaves in place of a value (`collect.redact`).
_REDACTED = (
    ("external_id", re.compile(r"xid-[0-9a-f]{24}")),
    ("access_key_id", re.compile(r"\*{4}[A-Z0-9]{4}")),
)


class PageFile(msgspec.Struct, frozen=True):
    """One raw answer as a file of a bundle."""

    unit_id: str
    number: int
    """From 1, in the order of the answers."""
    path: str
    """Relative to the bundle."""
    sha256: str
    bytes: int


class Excerpt(msgspec.Struct, frozen=True):
    """The value that a piece of evidence points at."""

    unit_id: str
    pointer: str
    text: str
    """Its JSON on one line, at most `MAX_EXCERPT_CHARS` characters of it."""
    chars: int
    """Of the whole value; greater than `text` is long where it was cut."""
    redactions: tuple[str, ...] = ()
    """What was redacted in it: `external_id`, `access_key_id`."""


def page_path(unit_id: str, number: int) -> str:
    """Return where page `number` (from 1) of a unit stands, relative to the bundle."""
    folders = "/".join(_segment(part) for part in unit_id.split("/"))
    return f"evidence/{folders}/page-{number:04}.json"


def page_bytes(page: JsonObject) -> bytes:
    """Return a page as a file, members in the provider's order: reviewers compare it with what the console shows.

    Half of a surrogate pair, which a hostile account may store and which has no UTF-8 form, becomes U+FFFD.
    """
    try:
        return msgspec.json.encode(page) + b"\n"
    except UnicodeEncodeError:
        text = json.dumps(page, ensure_ascii=False, separators=(",", ":"))
        return _SURROGATE.sub("\ufffd", text).encode() + b"\n"


def page_files(units: Iterable[Unit]) -> tuple[PageFile, ...]:
    """Return every raw answer of the units as the file it is in a bundle, in order."""
    return tuple(
        _page_file(unit.unit_id, number, page_bytes(page))
        for unit in units
        for number, page in enumerate(unit.pages, 1)
    )


def _page_file(unit_id: str, number: int, data: bytes) -> PageFile:
    return PageFile(unit_id, number, page_path(unit_id, number), hashlib.sha256(data).hexdigest(), len(data))


def page_number(pointer: str) -> int | None:
    """Return the number of the page (from 1) that a pointer leads into; None where it names the unit as a whole."""
    first = pointer.removeprefix("/").split("/", 1)[0]
    return int(first) + 1 if first.isascii() and first.isdigit() and len(first) < 7 else None


def excerpts(units: Iterable[Unit], evidence: Iterable[EvidencePointer]) -> tuple[Excerpt, ...]:
    """Return what each distinct pointer leads to, in order.

    A pointer to a whole unit or page has none, nor has one that leads nowhere.
    """
    pages = {unit.unit_id: unit.pages for unit in units}
    asked = sorted({(pointer.unit_id, pointer.pointer) for pointer in evidence})
    found = (_excerpt(unit_id, pointer, pages.get(unit_id, ())) for unit_id, pointer in asked)
    return tuple(excerpt for excerpt in found if excerpt is not None)


def _excerpt(unit_id: str, pointer: str, pages: Sequence[JsonObject]) -> Excerpt | None:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    if len(parts) < 2:
        return None
    try:
        value = _member(pages, parts)
    except (KeyError, IndexError, ValueError, TypeError):
        return None
    text = _SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    marks = tuple(name for name, pattern in _REDACTED if pattern.search(text))
    return Excerpt(unit_id, pointer, text[:MAX_EXCERPT_CHARS], len(text), marks)


def _member(node: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        if isinstance(node, str):
            raise TypeError("a text has no members")
        node = node[part] if isinstance(node, dict) else node[int(part)]
    return node


def _segment(text: str) -> str:
    """Return text as one name of a path that every file system takes and that leads nowhere else."""
    safe = quote(text, safe="").replace("~", "%7E") or "%"
    if set(safe) == {"."}:
        safe = safe.replace(".", "%2E")
    if len(safe) > _MAX_SEGMENT_CHARS:
        safe = f"{safe[:80]}%{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    return safe
