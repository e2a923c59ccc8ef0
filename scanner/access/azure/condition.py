"""Concrete attribute values worth trying on an Azure condition: those its text names, and others.

Only proposes; whether a condition holds is asked of the second evaluator. Proposing too little leaves a piece
undecided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, product

_COMPARISON = re.compile(r"(@\w+\s*\[[^\]]+\])\s*[\w:]+\s*(\{[^{}]*\}|'(?:[^']|'')*'|[\w-]+)")
_VALUE = re.compile(r"'((?:[^']|'')*)'|([\w.-]+)")
_UNNAMED = "11111111-2222-3333-4444-555555555555"
_LIMIT = 64


def contexts(conditions: Sequence[str]) -> Iterator[dict[str, str | list[str]]]:
    """Yield contexts that give every compared attribute a value, at most 64; same input, same order.

    First all values are ones the text names, then one attribute after another gets a value that it does not name.
    """
    named: dict[str, list[str]] = {}
    for attribute, written in _COMPARISON.findall(" ".join(conditions)):
        values = [quoted.replace("''", "'") or bare for quoted, bare in _VALUE.findall(written)]
        named.setdefault(re.sub(r"\s+", "", attribute), []).extend(values)
    # One of each end is enough to try: the first value listed, the last, and one that is not listed.
    choices = [list(dict.fromkeys((*values[:1], *values[-1:], _UNNAMED))) for values in named.values()]
    for chosen in islice(product(*choices), _LIMIT):
        yield {**dict(zip(named, chosen, strict=True)), "suboperation": ""}
