"""Hold parsed YAML against the records of `model.config`: every key that is wrong, with its line.

What the records say decides both this and `config schema`, so the two cannot differ. No value is ever repeated in a
message: what stands where a secret belongs may be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import inspect

_MAX_TEXT_SHOWN = 60


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong in the file."""

    line: int
    where: str
    """For example `targets[2].role`; empty for the whole file."""
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.where}: {self.what}" if self.where else f"line {self.line}: {self.what}"


class Place(msgspec.Struct, frozen=True):
    """Where a value stands."""

    lines: dict[str, int]
    pointer: str = ""
    where: str = ""

    def at(self, key: str | int) -> Place:
        """Return the place of a key's or an item's value."""
        part = str(key).replace("~", "~0").replace("/", "~1")
        if isinstance(key, int):
            shown = f"[{key + 1}]"
        else:
            shown = f".{printable(key)}" if self.where else printable(key)
        return Place(self.lines, f"{self.pointer}/{part}", f"{self.where}{shown}")

    def problem(self, what: str) -> Problem:
        """Return a problem here; a value that is not in the file has the line of what should hold it."""
        pointer = self.pointer
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return Problem(self.lines.get(pointer, 1), self.where, what)


def printable(text: str) -> str:
    """Return a key of the file as it may stand in a message."""
    return "".join(char if char.isprintable() and char != "`" else "?" for char in text[:_MAX_TEXT_SHOWN])


def shape_problems(value: Any, kind: type, place: Place) -> list[Problem]:
    """Return everything in which `value` differs from what a record says; none: it can be converted."""
    return list(_check(value, inspect.type_info(kind), place))


def _check(value: Any, kind: inspect.Type, place: Place, hint: str = "") -> Iterator[Problem]:
    match kind:
        case inspect.Metadata():
            described = (kind.extra_json_schema or {}).get("description", "")
            yield from _check(value, kind.type, place, str(described))
        case inspect.UnionType():
            yield from _check_union(value, kind, place, hint)
        case inspect.StructType():
            yield from _check_record(value, kind, place)
        case inspect.VarTupleType():
            yield from _check_list(value, kind, place)
        case inspect.TupleType():
            yield from _check_row(value, kind, place)
        case inspect.DictType():
            yield from _check_mapping(value, kind, place)
        case inspect.EnumType():
            yield from _check_choice(value, [str(item.value) for item in kind.cls], place)
        case _:
            yield from _check_plain(value, kind, place, hint)


def _check_union(value: Any, kind: inspect.UnionType, place: Place, hint: str) -> Iterator[Problem]:
    if value is None and any(isinstance(one, inspect.NoneType) for one in kind.types):
        return
    rest = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
    if len(rest) == 1:
        yield from _check(value, rest[0], place, hint)
        return
    records = {str(one.tag): one for one in rest if isinstance(one, inspect.StructType)}
    field = next(iter(records.values())).tag_field or ""
    if not isinstance(value, dict):
        yield place.problem(f"must be a mapping, not {named(value)}")
    elif field not in value:
        yield place.problem(f"missing key `{field}`: one of {', '.join(records)}")
    elif not isinstance(value[field], str) or value[field] not in records:
        yield from _check_choice(value[field], list(records), place.at(field))
    else:
        yield from _check_record(value, records[value[field]], place)


def _check_record(value: Any, kind: inspect.StructType, place: Place) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield place.problem(f"must be a mapping, not {named(value)}")
        return
    fields = {field.encode_name: field for field in kind.fields}
    for key, item in value.items():
        if key in fields:
            yield from _check(item, fields[key].type, place.at(key))
        elif key != kind.tag_field:
            yield place.at(key).problem(_unknown(key, list(fields)))
    for name, field in fields.items():
        if field.required and name not in value:
            yield place.problem(f"missing key `{name}`")


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    return f"unknown key; did you mean `{near[0]}`?" if near else f"unknown key; known: {', '.join(known)}"


def _check_list(value: Any, kind: inspect.VarTupleType, place: Place) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield place.problem(f"must be a list, not {named(value)}")
        return
    if len(value) < (kind.min_length or 0):
        yield place.problem("must not be empty")
    for number, item in enumerate(value):
        yield from _check(item, kind.item_type, place.at(number))


def _check_row(value: Any, kind: inspect.TupleType, place: Place) -> Iterator[Problem]:
    if not isinstance(value, list) or len(value) != len(kind.item_types):
        yield place.problem(f"must be a list of {len(kind.item_types)}")
        return
    for number, (item, of) in enumerate(zip(value, kind.item_types, strict=True)):
        yield from _check(item, of, place.at(number))


def _check_mapping(value: Any, kind: inspect.DictType, place: Place) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield place.problem(f"must be a mapping, not {named(value)}")
        return
    for key, item in value.items():
        yield from _check(item, kind.value_type, place.at(key))


def _check_choice(value: Any, known: list[str], place: Place) -> Iterator[Problem]:
    if not isinstance(value, str) or value not in known:
        yield place.problem(f"must be one of {', '.join(known)}")


def _check_plain(value: Any, kind: inspect.Type, place: Place, hint: str) -> Iterator[Problem]:
    match kind:
        case inspect.BoolType():
            if not isinstance(value, bool):
                yield place.problem(f"must be true or false, not {named(value)}")
        case inspect.IntType():
            if isinstance(value, bool) or not isinstance(value, int):
                yield place.problem(f"must be a number, not {named(value)}")
            elif not (kind.ge or 0) <= value <= (kind.le or value):
                yield place.problem(f"must be a number from {kind.ge} to {kind.le}")
        case inspect.StrType():
            yield from _check_text(value, kind, place, hint)
        case _:
            raise TypeError(f"a configuration record holds a {type(kind).__name__}, which nothing here can check")


def _check_text(value: Any, kind: inspect.StrType, place: Place, hint: str) -> Iterator[Problem]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield place.problem(f"must be {hint or 'text: put it in quotes'}, not a number")
    elif not isinstance(value, str):
        yield place.problem(f"must be {hint or 'text'}, not {named(value)}")
    elif not value.strip():
        yield place.problem("must not be empty")
    elif not value.isprintable():
        yield place.problem("must be text on one line without control characters")
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield place.problem(f"is longer than {kind.max_length} characters")
    elif kind.pattern is not None and not re.search(kind.pattern, value):
        yield place.problem(f"must be {hint}" if hint else f"has not the form {kind.pattern}")


def named(value: Any) -> str:
    """Return what a parsed value is, in a reader's words."""
    if value is None:
        return "nothing"
    names = {bool: "true or false", int: "a number", str: "text", list: "a list", dict: "a mapping"}
    return names[type(value)]
