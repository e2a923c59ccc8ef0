"""Read YAML as plain data, strictly: no duplicate keys, anchors, aliases, tags or merge keys; bounded size and depth.

Plain `true`, `false`, `null` and decimal integers are typed; every other scalar is text, so that `2026-05-26` stays a
string and an account id keeps its zeros.
"""

from __future__ import annotations

import re
from typing import Any

from scanner.errors import BaselineError

MAX_BYTES = 5_000_000
_MAX_DEPTH = 40
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,8})\Z")
_MERGE_KEY = "<<"

Yaml = Any
"""dict, list, str, int, bool or None: the parsing line, nothing past the loader sees it."""


def read_yaml(data: bytes, where: str) -> Yaml:
    """Return the one document in `data`.

    Raises `BaselineError` (starting with `where`, naming the line) if it is not UTF-8, too large or too deep, not YAML,
    empty, more than one document, or uses a feature this reader refuses.
    """
    if len(data) > MAX_BYTES:
        raise BaselineError(f"{where}: larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BaselineError(f"{where}: not UTF-8 at byte {error.start}") from error
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(where)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise BaselineError(f"{where}: {_one_line(error)}") from error
    return builder.result()


class _Frame:
    """An open mapping or sequence, and the key that waits for its value."""

    __slots__ = ("key", "value")

    def __init__(self, value: dict[str, Yaml] | list[Yaml]) -> None:
        self.value = value
        self.key: str | None = None


class _Builder:
    """Builds data from parser events on an explicit stack, so that depth cannot exhaust Python's."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._stack: list[_Frame] = []
        self._documents: list[Yaml] = []

    def take(self, event: Any) -> None:
        """Consume one parser event."""
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._refuse_names(event)
            self._scalar(event)
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._refuse_names(event)
            self._open(event, {} if kind == "MappingStartEvent" else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._stack.pop()
        elif kind == "AliasEvent":
            raise self._error(event, "aliases are not allowed")

    def result(self) -> Yaml:
        """Return the document."""
        if len(self._documents) != 1:
            found = "no document" if not self._documents else "more than one document"
            raise BaselineError(f"{self._where}: {found}")
        return self._documents[0]

    def _refuse_names(self, event: Any) -> None:
        if event.anchor is not None:
            raise self._error(event, "anchors are not allowed")
        if event.tag is not None:
            raise self._error(event, "tags are not allowed")

    def _open(self, event: Any, value: dict[str, Yaml] | list[Yaml]) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            raise self._error(event, f"nested deeper than {_MAX_DEPTH}")
        self._add(event, value)
        self._stack.append(_Frame(value))

    def _scalar(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            self._take_key(event, frame, frame.value)
            return
        self._add(event, _typed(event))

    def _take_key(self, event: Any, frame: _Frame, mapping: dict[str, Yaml]) -> None:
        key: str = event.value
        if key == _MERGE_KEY and not event.style:
            raise self._error(event, "merge keys are not allowed")
        if key in mapping:
            raise self._error(event, f"duplicate key `{_shown(key)}`")
        frame.key = key

    def _add(self, event: Any, value: Yaml) -> None:
        if not self._stack:
            self._documents.append(value)
            return
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            raise self._error(event, "a key must be text")
        else:
            frame.value[frame.key] = value
            frame.key = None

    def _error(self, event: Any, what: str) -> BaselineError:
        return BaselineError(f"{self._where}: line {event.start_mark.line + 1}: {what}")


def _typed(event: Any) -> Yaml:
    """Return the value of a scalar; only plain ones can be anything but text."""
    text: str = event.value
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if not text:
        return None
    return int(text) if _INTEGER.match(text) else text


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text[:80])


def _one_line(error: Any) -> str:
    """Return what the parser says, with its line, without its class and without the text around it."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    line = f"line {mark.line + 1}: " if mark is not None else ""
    return line + " ".join(_shown(str(problem)).split())
