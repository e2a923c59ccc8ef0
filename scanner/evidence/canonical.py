"""Canonical JSON (RFC 8785) for what is signed: one value, one sequence of bytes."""

from __future__ import annotations

import json
from typing import TypeAlias

import msgspec

Canonical: TypeAlias = "str | int | bool | list[Canonical] | dict[str, Canonical] | None"
"""What may be signed. No floating-point numbers: their text is where readers disagree."""

# Greater integers are not the same number in every reader (RFC 7493, section 2.2).
_MAX_INTEGER = 2**53 - 1


def canonical(value: Canonical) -> bytes:
    """Return `value` as RFC 8785 has it.

    Raises `ValueError` on a key outside ASCII (whose order differs between code units and code points), an integer
    beyond 2**53 - 1 and anything that is no `Canonical`.
    """
    _check(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def canonical_record(record: msgspec.Struct) -> bytes:
    """Return a record as RFC 8785 has it; raises `ValueError` as `canonical` does."""
    return canonical(plain(record))


def plain(record: msgspec.Struct) -> Canonical:
    """Return a record as objects, lists and scalars."""
    value: Canonical = msgspec.json.decode(msgspec.json.encode(record))
    return value


def _check(value: Canonical) -> None:
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"key {key!r} is not ASCII text")
            _check(member)
    elif isinstance(value, list):
        for member in value:
            _check(member)
    elif isinstance(value, int):
        if abs(value) > _MAX_INTEGER:
            raise ValueError(f"integer {value} is not the same in every reader")
    elif value is not None and not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} has no canonical form here")
