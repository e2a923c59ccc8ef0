"""Typed, closed access to parsed mappings: a wrong type, a missing or unknown key is an error naming its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanner.errors import BaselineError

_SHOWN_CHARS = 80


def shown(text: str) -> str:
    """Return text fit for one line of an error message: printable, short."""
    return "".join(char if char.isprintable() and char != "`" else "?" for char in text[:_SHOWN_CHARS])


class Fields:
    """One mapping of a file; `where` is the start of every message, for example "baseline `aws.yaml`: role `x`"."""

    def __init__(self, value: Any, where: str, known: str) -> None:
        """Accept a mapping whose keys are all among the words of `known`. Raises `BaselineError` otherwise."""
        if not isinstance(value, dict):
            raise BaselineError(f"{where}: expected a mapping, not {kind_of(value)}")
        self.where = where
        self._value = value
        names = known.split()
        for key in value:
            if key not in names:
                raise BaselineError(f"{where}: unknown key `{shown(key)}`")

    def has(self, key: str) -> bool:
        """Return whether the key is given and not null."""
        return self._value.get(key) is not None

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string that is not empty; without default the key is required."""
        if default is not None and not self.has(key):
            return default
        return self._text(self._required(key), key)

    def optional_text(self, key: str) -> str | None:
        """Return a string that is not empty, or None if there is none."""
        return self._text(self._value[key], key) if self.has(key) else None

    def choice(self, key: str, options: str, default: str | None = None) -> str:
        """Return one of the words of `options`."""
        value = self.text(key, default)
        if value not in options.split():
            allowed = ", ".join(f"`{option}`" for option in options.split())
            raise self.error(f"`{key}` must be one of {allowed}, not `{shown(value)}`")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """Return true or false; without default the key is required."""
        if default is not None and not self.has(key):
            return default
        value = self._required(key)
        if not isinstance(value, bool):
            raise self.error(f"`{key}` must be true or false, not {kind_of(value)}")
        return value

    def optional_number(self, key: str) -> int | None:
        """Return a positive integer, or None if there is none."""
        if not self.has(key):
            return None
        value = self._value[key]
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.error(f"`{key}` must be a number from 1, not {kind_of(value)}")
        return value

    def texts(self, key: str, *, required: bool = True) -> tuple[str, ...]:
        """Return a list of strings; a required one must not be empty."""
        if not required and not self.has(key):
            return ()
        items = tuple(self._text(item, key) for item in self._list(key))
        if required and not items:
            raise self.error(f"`{key}` must not be empty")
        return items

    def items(self, key: str, known: str, noun: str) -> Iterator[Fields]:
        """Yield the mappings of a list; a missing key is an empty list. `noun` names them in messages."""
        if not self.has(key):
            return
        for number, item in enumerate(self._list(key), 1):
            yield Fields(item, f"{self.where}: {noun} {_label(item, number)}", known)

    def fields(self, key: str, known: str) -> Fields:
        """Return the mapping under a required key."""
        return Fields(self._required(key), f"{self.where}: {key}", known)

    def entries(self, key: str, known: str, noun: str) -> Iterator[tuple[str, Fields]]:
        """Yield (name, mapping) of a mapping of mappings; a missing key is an empty one."""
        for name, value in self.pairs(key):
            yield name, Fields(value, f"{self.where}: {noun} `{shown(name)}`", known)

    def pairs(self, key: str) -> Iterator[tuple[str, Any]]:
        """Yield the raw pairs of a mapping; a missing key is an empty one."""
        if not self.has(key):
            return
        value = self._value[key]
        if not isinstance(value, dict):
            raise self.error(f"`{key}` must be a mapping, not {kind_of(value)}")
        yield from value.items()

    def error(self, what: str) -> BaselineError:
        """Return an error at this place."""
        return BaselineError(f"{self.where}: {what}")

    def _required(self, key: str) -> Any:
        if not self.has(key):
            raise self.error(f"missing key `{key}`")
        return self._value[key]

    def _list(self, key: str) -> list[Any]:
        value = self._required(key)
        if not isinstance(value, list):
            raise self.error(f"`{key}` must be a list, not {kind_of(value)}")
        return value

    def _text(self, value: Any, key: str) -> str:
        if not isinstance(value, str):
            raise self.error(f"`{key}` must hold text, not {kind_of(value)}")
        if not value.strip():
            raise self.error(f"`{key}` must not be empty text")
        return value


def kind_of(value: Any) -> str:
    """Return what a parsed value is, in a reader's words."""
    if value is None:
        return "nothing"
    names = {bool: "true or false", int: "a number", str: "text", list: "a list", dict: "a mapping"}
    return names.get(type(value), "something else")


def _label(item: Any, number: int) -> str:
    """Name a list item by its sid, id or name where it has one, else by its number."""
    if isinstance(item, dict):
        for key in ("sid", "id", "name", "arn", "printed", "name_pattern"):
            if isinstance(item.get(key), str):
                return f"`{shown(item[key])}`"
    return f"number {number}"
