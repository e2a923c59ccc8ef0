"""YAML as it must be to be judged: no aliases, duplicate keys or foreign tags, bounded, every value with its line.

Plain `true`, `false`, `null` and decimal integers are typed and other scalars are text. A plain scalar that YAML 1.1
readers take for a number in another base, or for a truth value, is refused: two readers would see two values.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from scanner.collect.strict_json import shown
from scanner.errors import InputError

# A CloudFormation template may have 1 MB (service quotas, read 2026-09-01); other files of this kind are far smaller.
MAX_YAML_BYTES = 1_048_576
_MAX_DEPTH = 100
_WORDS: dict[str, bool | None] = {"null": None, "~": None, "": None} | {
    form: word == "true" for word in ("true", "false") for form in (word, word.title(), word.upper())
}
_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")
_TWO_READINGS = re.compile(
    r"[-+]?0[0-9_]+\Z|[-+]?0[xb][0-9a-fA-F_]+\Z|[-+]?[0-9][0-9_]*_[0-9_]*\Z|[-+]?[0-9]+(?::[0-5]?[0-9])+\Z"
    r"|(?:yes|no|on|off|Yes|No|On|Off|YES|NO|ON|OFF)\Z"
)
_MERGE_KEY = "<<"


class YamlDocument(msgspec.Struct, frozen=True):
    """One YAML document and the line of each of its values, by JSON pointer."""

    value: Any
    """dict, list, str, int, bool or None. A value with a permitted tag is a mapping with one key."""
    lines: dict[str, int]


def read_yaml(name: str, data: bytes, tags: dict[str, str] | None = None) -> YamlDocument:
    """Return the one document in `data`; `tags` maps each permitted tag to the key that its value is put under.

    Raises `InputError` (file and line) if it is not UTF-8, too large or too deep, not YAML, empty, several documents,
    or uses an alias, an anchor, a merge key, a duplicate key, another tag or an ambiguous scalar.
    """
    if len(data) > MAX_YAML_BYTES:
        raise InputError(f"input `{name}`: larger than {MAX_YAML_BYTES} bytes, the most that is read as YAML")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"input `{name}`: line {line}: is not text in UTF-8") from error
    import yaml

    builder = _Builder(name, tags or {})
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except yaml.YAMLError as error:
        raise InputError(f"input `{name}`: {_said(error, text)}") from error
    return builder.result()


class _Frame:
    """An open mapping or sequence, where it stands, and the key that waits for its value."""

    __slots__ = ("key", "pointer", "value")

    def __init__(self, value: dict[str, Any] | list[Any], pointer: str) -> None:
        self.value = value
        self.pointer = pointer
        self.key: str | None = None

    def next_pointer(self) -> str:
        """Return the pointer of the value that comes next."""
        part = str(len(self.value)) if isinstance(self.value, list) else self.key or ""
        return f"{self.pointer}/{part.replace('~', '~0').replace('/', '~1')}"


class _Builder:
    """Builds data from parser events on an explicit stack, so that depth cannot exhaust Python's."""

    def __init__(self, name: str, tags: dict[str, str]) -> None:
        self._name = name
        self._tags = tags
        self._stack: list[_Frame] = []
        self._documents: list[Any] = []
        self._lines: dict[str, int] = {}

    def take(self, event: Any) -> None:
        """Add one parser event."""
        import yaml

        match event:
            case yaml.DocumentStartEvent() if self._documents:
                raise self._error(event, "holds more than one document: a second one begins")
            case yaml.AliasEvent():
                raise self._error(event, "aliases are not allowed")
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event, {} if isinstance(event, yaml.MappingStartEvent) else [])
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._stack.pop()
            case yaml.ScalarEvent():
                self._scalar(event)

    def result(self) -> YamlDocument:
        """Return the document."""
        if not self._documents:
            raise InputError(f"input `{self._name}`: is empty")
        return YamlDocument(self._documents[0], self._lines)

    def _open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            raise self._error(event, f"nested deeper than {_MAX_DEPTH}")
        pointer = self._add(event, value, self._key_of_tag(event))
        self._stack.append(_Frame(value, pointer))

    def _scalar(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        wrapper = self._key_of_tag(event)
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            self._take_key(event, frame, frame.value, wrapper)
            return
        text: str = event.value
        if not event.style and not wrapper and _TWO_READINGS.match(text):
            raise self._error(event, f"`{shown(text)}` without quotes can be read in two ways; quote it")
        self._add(event, text if wrapper else _typed(event), wrapper)

    def _take_key(self, event: Any, frame: _Frame, mapping: dict[str, Any], wrapper: str) -> None:
        key: str = event.value
        if wrapper:
            raise self._error(event, "a key must be text")
        if key == _MERGE_KEY and not event.style:
            raise self._error(event, "merge keys are not allowed")
        if key in mapping:
            raise self._error(event, f"duplicate key `{shown(key)}`")
        frame.key = key

    def _key_of_tag(self, event: Any) -> str:
        if event.anchor is not None:
            raise self._error(event, "anchors are not allowed")
        if event.tag is None or event.tag == "!":
            return ""
        if event.tag not in self._tags:
            raise self._error(event, f"tag `{shown(event.tag)}` is not allowed")
        return self._tags[event.tag]

    def _add(self, event: Any, value: Any, wrapper: str) -> str:
        """Put a value where it belongs, below `wrapper` if it had a tag, and return its pointer."""
        frame = self._stack[-1] if self._stack else None
        pointer = frame.next_pointer() if frame else ""
        placed = {wrapper: value} if wrapper else value
        self._lines[pointer] = event.start_mark.line + 1
        if wrapper:
            pointer = f"{pointer}/{wrapper}"
            self._lines[pointer] = event.start_mark.line + 1
        if frame is None:
            self._documents.append(placed)
        elif isinstance(frame.value, list):
            frame.value.append(placed)
        elif frame.key is None:
            raise self._error(event, "a key must be text")
        else:
            frame.value[frame.key] = placed
            frame.key = None
        return pointer

    def _error(self, event: Any, what: str) -> InputError:
        return InputError(f"input `{self._name}`: line {event.start_mark.line + 1}: {what}")


def _typed(event: Any) -> Any:
    """Return the value of a scalar; only plain ones can be anything but text."""
    text: str = event.value
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.match(text) else text


def _said(error: Any, text: str) -> str:
    """Return what the parser says, with its line, without its class and without the text around it."""
    mark = getattr(error, "problem_mark", None)
    problem = " ".join(str(getattr(error, "problem", None) or getattr(error, "reason", None) or "").split())
    if mark is None:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        return f"line {line}: is not YAML: {shown(problem)}"
    lines = text.split("\n")
    tab = mark.line < len(lines) and "\t" in lines[mark.line][: mark.column + 1]
    hint = " (a tab: YAML takes only spaces for indentation)" if tab else ""
    return f"line {mark.line + 1}: is not YAML: {shown(problem)}{hint}"
