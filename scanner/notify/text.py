"""Hostile text made plain for every channel: one line, nothing unseen, nothing that a channel reads as a command."""

from __future__ import annotations

import unicodedata

_MAX = 300
# Control, format (zero width, bidirectional), surrogate, private use, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def plain(text: str, limit: int = _MAX) -> str:
    """Return text on one line of at most `limit` characters; what cannot be seen is written as its number."""
    shown = "".join(_shown(c) for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _shown(character: str) -> str:
    if character.isprintable() and unicodedata.category(character) not in _UNSEEN:
        return character
    return " " if character in "\t\n\r " else f"<U+{ord(character):04X}>"
