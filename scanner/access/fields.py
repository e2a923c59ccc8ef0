"""Reading the members of a provider's document strictly: spelling folded, nothing given twice, types checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.errors import PolicyError


def folded(body: Any, where: str) -> dict[str, Any]:
    """Return the members with keys folded (`notActions`, `not_actions` -> `notactions`).

    Raises `PolicyError` if `body` is not an object or gives a key twice, in two spellings.
    """
    if not isinstance(body, dict):
        raise PolicyError(f"{where}: not an object")
    members: dict[str, Any] = {}
    for key, value in body.items():
        short = str(key).replace("_", "").lower()
        if short in members:
            raise PolicyError(f"{where}: `{key}` is given twice, in two spellings")
        members[short] = value
    return members


def strings(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of non-empty strings; none for null. Raises `PolicyError` for anything else."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise PolicyError(f"{where}: not a list of strings")
    if "" in value:
        raise PolicyError(f"{where}: an entry is empty")
    return tuple(value)


def text(fields: Mapping[str, Any], key: str, where: str) -> str | None:
    """Return a string member, None where it is absent or null. Raises `PolicyError` for another type."""
    value = fields.get(key.replace("_", "").lower())
    if value is not None and not isinstance(value, str):
        raise PolicyError(f"{where}: `{key}` is not a string")
    return value


def needed(fields: Mapping[str, Any], key: str, where: str) -> str:
    """Return a string member that must be there and not empty."""
    value = text(fields, key, where)
    if not value:
        raise PolicyError(f"{where}: `{key}` is missing")
    return value
