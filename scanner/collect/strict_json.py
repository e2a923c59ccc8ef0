"""JSON as it must be to be evidence: no duplicate keys, no numbers that are none, capped, not cut off."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from scanner.errors import InputError

MAX_INPUT_BYTES = 200_000_000
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_SURROGATE = re.compile(r"\\u[dD][89abAB]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def shown(text: str, limit: int = 100) -> str:
    """Return text of the input as it may stand in a message: printable, on one line, at most `limit` characters."""
    return "".join(char if char.isprintable() else "?" for char in text[:limit])


_TEXT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
# Nothing a cloud or tool prints is nested a quarter as deep; Python's own limit is near where rules are at work.
_MAX_DEPTH = 100


def _too_deep(text: str) -> bool:
    """Return whether JSON is nested deeper than twice `_MAX_DEPTH`; never for what is within it."""
    brackets = _TEXT.sub("", text).encode("ascii", "replace").translate(None, _NO_BRACKETS)
    for _ in range(_MAX_DEPTH):
        if not brackets:
            return False
        # Takes off one level of everything, or two where a list stands in an object.
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return bool(brackets)


class InputDocument(msgspec.Struct, frozen=True):
    """One JSON value of the input, with the name of the file and its place in it."""

    name: str
    value: Any
    lines: dict[str, int] = {}
    """Line of each value by JSON pointer, where the reader knows it."""


class _NotStrict(ValueError):
    """Valid to a lenient parser, but two readers could understand it differently."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise _NotStrict(f"duplicate key `{shown(twice)}` in one object")
    return result


def _constant(name: str) -> Any:
    raise _NotStrict(f"`{name}` is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def parse_values(name: str, data: bytes) -> list[Any]:
    """Return the JSON values that stand one after the other in `data` (usually one; JSON lines have many).

    Raises `InputError` (file, line and column) on duplicate keys, NaN, text after a value, a cut-off end, or no JSON.
    """
    text = _decode(name, data)
    values: list[Any] = []
    position = _skip_space(text, 0)
    try:
        while position < len(text):
            value, position = _DECODER.raw_decode(text, position)
            values.append(value)
            position = _skip_space(text, position)
    except json.JSONDecodeError as error:
        raise _not_json(name, text, error) from error
    except RecursionError as error:
        raise InputError(f"input `{name}`: nested too deeply") from error
    except ValueError as error:
        raise InputError(f"input `{name}`: {error}") from error
    if not values:
        raise InputError(f"input `{name}`: is empty")
    if _too_deep(text):
        raise InputError(f"input `{name}`: nested too deeply")
    return [without_lone_surrogates(value) for value in values] if _SURROGATE.search(text) else values


def _decode(name: str, data: bytes) -> str:
    """Return the text; UTF-16 is what a PowerShell redirection writes."""
    try:
        return data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        raise InputError(f"input `{name}`: is not text in UTF-8 or UTF-16 (byte {error.start})") from error


def _skip_space(text: str, position: int) -> int:
    match = re.compile(r"[ \t\r\n]*").match(text, position)
    return match.end() if match else position


def _not_json(name: str, text: str, error: json.JSONDecodeError) -> InputError:
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return InputError(
            f"input `{name}`: the JSON ends early, at line {error.lineno} column {error.colno}",
            advice="the file was cut off: export it again",
        )
    return InputError(f"input `{name}`: is not JSON: line {error.lineno} column {error.colno}: {_lower(error.msg)}")


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def without_lone_surrogates(node: Any) -> Any:
    """Return the value with halves of surrogate pairs replaced: they are not Unicode and cannot be written again."""
    if isinstance(node, str):
        return _LONE_SURROGATE.sub("\ufffd", node)
    if isinstance(node, list):
        return [without_lone_surrogates(item) for item in node]
    if isinstance(node, dict):
        return {without_lone_surrogates(key): without_lone_surrogates(value) for key, value in node.items()}
    return node


def read_values(path: Path, max_bytes: int = MAX_INPUT_BYTES) -> list[InputDocument]:
    """Return the JSON values of a file, or of the JSON files directly in a directory in natural name order.

    A file that is one list gives its elements. Raises `InputError` if there is none, or if all exceed `max_bytes`.
    """
    files = _files(path)
    documents: list[InputDocument] = []
    left = max_bytes
    for file in files:
        data = _read_capped(file, left, max_bytes)
        left -= len(data)
        for value in parse_values(file.name, data):
            elements = value if isinstance(value, list) else [value]
            documents.extend(InputDocument(file.name, element) for element in elements)
    if not documents:
        raise InputError(f"input `{path.name}`: the list is empty")
    return documents


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"input `{path}`: no such file or directory")
    if not path.is_dir():
        return [path]
    found = [entry for entry in path.iterdir() if entry.suffix.lower() in _JSON_SUFFIXES and entry.is_file()]
    if not found:
        raise InputError(f"input `{path}`: no JSON file in this directory")
    return sorted(found, key=_natural)


def _natural(path: Path) -> tuple[list[int | str], str]:
    """Order page-2 before page-10."""
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], path.name


def _read_capped(path: Path, left: int, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(left + 1)
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise InputError(f"input `{path.name}`: cannot be read: {reason}") from error
    if len(data) > left:
        raise InputError(
            f"input `{path.name}`: larger than {max_bytes // 1_000_000} MB",
            advice="export one account at a time, without other data in the file",
        )
    return data
