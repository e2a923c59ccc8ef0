"""Sentences of rules: values from the cloud quoted, counted and cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from scanner.model.finding import Severity

_LONGEST_VALUE = 200
"""Longer values are cut in messages; the whole value stands in the evidence."""


def quote(value: str) -> str:
    """Return a value from the cloud for a sentence: in backticks, on one line, without control or direction marks."""
    value = value.replace("`", "'")
    plain = "".join("?" if unicodedata.category(c)[0] == "C" or c in "\u2028\u2029" else c for c in value)
    return f"`{plain if len(plain) <= _LONGEST_VALUE else plain[:_LONGEST_VALUE] + '...'}`"


def listed(items: Iterable[str], most: int = 5) -> str:
    """Return items quoted and joined; above `most`, the rest is counted."""
    unique = list(dict.fromkeys(items))
    shown = ", ".join(quote(i) for i in unique[:most])
    return shown + (f" and {len(unique) - most} more" if len(unique) > most else "")


def count(number: int, noun: str, plural: str = "") -> str:
    """Return `1 role`, `2 roles`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the most severe; INFO of nothing."""
    order = list(Severity)
    return min(severities, key=order.index, default=Severity.INFO)
