"""Reading required and optional fields of raw provider JSON, with the JSON pointer of what was wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scanner.errors import InputError
from scanner.model.common import JsonObject


def child(pointer: str, *parts: str | int) -> str:
    """Return the RFC 6901 pointer of `parts` below `pointer`."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "/".join((pointer, *escaped))


def text(raw: JsonObject, key: str, pointer: str) -> str:
    """Return the required string `raw[key]`. Raises `InputError` if it is absent, empty or not a string."""
    value = raw.get(key)
    if isinstance(value, str) and value:
        return value
    problem = "is missing" if value is None else "is not a non-empty string"
    raise InputError(f"{child(pointer, key)}: {problem}")


def optional_text(raw: JsonObject, key: str, pointer: str) -> str | None:
    """Return the string `raw[key]`, or None where it is absent. Raises `InputError` if it is not a string."""
    value = raw.get(key)
    if value is None or isinstance(value, str):
        return value
    raise InputError(f"{child(pointer, key)}: is not a string")


def record(raw: JsonObject, key: str, pointer: str) -> JsonObject:
    """Return the object `raw[key]`, empty where it is absent. Raises `InputError` if it is not an object."""
    value = raw.get(key)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise InputError(f"{child(pointer, key)}: is not an object")


def records(raw: JsonObject, key: str, pointer: str) -> list[tuple[str, JsonObject]]:
    """Return the objects of the list `raw[key]` with their pointers, empty where it is absent.

    Raises `InputError` if it is not a list of objects.
    """
    found: list[tuple[str, JsonObject]] = []
    for index, item in enumerate(_items(raw, key, pointer)):
        at = child(pointer, key, index)
        if not isinstance(item, dict):
            raise InputError(f"{at}: is not an object")
        found.append((at, item))
    return found


def texts(raw: JsonObject, key: str, pointer: str) -> tuple[str, ...]:
    """Return the strings of the list `raw[key]`, empty where it is absent. Raises `InputError` if it is none."""
    items = _items(raw, key, pointer)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise InputError(f"{child(pointer, key, index)}: is not a string")
    return tuple(items)


def _items(raw: JsonObject, key: str, pointer: str) -> list[Any]:
    value = raw.get(key)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise InputError(f"{child(pointer, key)}: is not a list")


def moment(raw: JsonObject, key: str, pointer: str) -> datetime | None:
    """Return the time `raw[key]` in UTC, or None where it is absent; a time without offset is read as UTC.

    Takes ISO 8601 text and seconds since 1970. Raises `InputError` if it is neither.
    """
    value = raw.get(key)
    if value is None:
        return None
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"{child(pointer, key)}: is not a time") from error
    raise InputError(f"{child(pointer, key)}: is not a time")
