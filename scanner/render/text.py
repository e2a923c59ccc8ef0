"""Text from the audited cloud made safe and short for people: no control characters, known widths, plain times."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

# Controls (tab and line feed are handled apart), soft hyphen, Arabic letter mark, Hangul fillers, Mongolian separator,
# zero-width and bidirectional controls, line separators, invisible operators, BOM, interlinear marks, lone surrogates,
# non-characters and tag characters: everything that changes a line without being seen on it.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f"
)
_HOSTILE = re.compile(f"[{_UNSEEN}]")
_HOSTILE_LINE = re.compile(f"[{_UNSEEN}\t\n]")
_SURROGATE = re.compile("[\ud800-\udfff]")

NO_BREAK = "\u00a0"

MAX_EXCERPT_BYTES = 8 * 1024
"""OUTPUTS section 5: evidence shown inline is capped here; the rest is in report.json."""


def _name(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match.group()):04X}⟩"


def neutralise(text: str) -> str:
    """Return `text` with every unseen character written out as `⟨U+202E⟩`; tabs and line feeds stay."""
    return _HOSTILE.sub(_name, text)


def one_line(text: str, limit: int = 300) -> str:
    """Return `text` on one line of at most `limit` characters, unseen characters, tabs and line feeds written out."""
    return shorten(_HOSTILE_LINE.sub(_name, text[: limit + 1]), limit)


def encodable(text: str) -> str:
    """Return `text` with lone surrogates replaced by U+FFFD, so that it has a UTF-8 form."""
    return _SURROGATE.sub("�", text)


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`; what was cut is said by an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def compact_json(value: Any) -> str:
    """Return `value` as one line of JSON with sorted keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def pretty_json(value: Any) -> str:
    """Return `value` as indented JSON with sorted keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str, indent=2)


def excerpt(text: str) -> str:
    """Return `text`, cut at `MAX_EXCERPT_BYTES` of UTF-8 with a line that says how much is missing."""
    if len(text) * 4 <= MAX_EXCERPT_BYTES:
        return text
    raw = encodable(text).encode()
    if len(raw) <= MAX_EXCERPT_BYTES:
        return text
    kept = raw[:MAX_EXCERPT_BYTES].decode(errors="ignore")
    return f"{kept}\n… {len(raw) - len(kept.encode()):,} more bytes; the whole value is in report.json"


def stamp(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC with milliseconds, for machines."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def when(moment: datetime | None) -> str:
    """Return `moment` in UTC to the second, for people; a dash where there is none."""
    return "–" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def day(moment: datetime | None) -> str:
    """Return the UTC date of `moment`; a dash where there is none."""
    return "–" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d")


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 role`, `2 roles`, `1,234 policies`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def cells(text: str) -> int:
    """Return how many terminal columns `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_cell(c) for c in text)


def _cell(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` filled with blanks to `width` columns."""
    blanks = " " * max(0, width - cells(text))
    return blanks + text if right else text + blanks


def wrap(text: str, width: int) -> list[str]:
    """Return `text` broken into lines of at most `width` columns; a word longer than a line is broken inside.

    A no-break space holds two words together and becomes a blank.
    """
    lines: list[str] = []
    line = ""
    for word in (part for long in text.split(" ") if long for part in _parts(long, width)):
        candidate = f"{line} {word}" if line else word
        if line and cells(candidate) > width:
            lines.append(line)
            candidate = word
        line = candidate
    return [done.replace(NO_BREAK, " ") for done in (*lines, line)]


def _parts(word: str, width: int) -> Iterator[str]:
    """Yield pieces of `word` that fit; a break falls after `/`, `:`, `,`, `.` or `-` where one is near."""
    while cells(word) > width:
        cut = _cut(word, width)
        yield word[:cut]
        word = word[cut:]
    yield word


def _cut(word: str, width: int) -> int:
    used = 0
    fits = 0
    for char in word:
        used += _cell(char)
        if used > width:
            break
        fits += 1
    fits = max(1, fits)
    near = max(word.rfind(sign, fits // 2, fits) for sign in "/:,.-")
    return near + 1 if near >= 0 else fits
