"""Write plain data as YAML for people: folded sentences, quotes only where needed. Same data, same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Plain: TypeAlias = "str | int | bool | Sequence[Plain] | Mapping[str, Plain] | None"

_WIDTH = 110
_LINE_SHARE = 60
# Words some YAML reader takes for a boolean or nothing.
_NOT_TEXT = re.compile(r"(?:true|false|yes|no|on|off|y|n|null|none|nan|inf|~)\Z", re.IGNORECASE)
_BARE = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./@*+-]|:(?=[A-Za-z0-9_./*+-])| (?=[A-Za-z0-9(]))*\Z")


def dump_yaml(value: Mapping[str, Plain], comment: str = "") -> str:
    """Return YAML text that `read_yaml` reads back to the same value (tuples as lists); `comment` goes on top."""
    head = "".join(f"# {line}\n" if line else "#\n" for line in comment.splitlines())
    lines = _mapping(value, 0) if value else iter(["{}"])
    return head + "".join(line + "\n" for line in lines)


def _mapping(value: Mapping[str, Plain], indent: int) -> Iterator[str]:
    pad = " " * indent
    for key, item in value.items():
        yield from _entry(f"{pad}{_scalar(key)}:", item, indent)


def _entry(head: str, item: Plain, indent: int) -> Iterator[str]:
    """Yield `head` with the item beside it where it fits, else below it."""
    if isinstance(item, Mapping):
        flow = _flow(item)
        if not item or (len(head) + 1 + len(flow) <= _WIDTH and _is_small(item)):
            yield f"{head} {flow}"
        else:
            yield head
            yield from _mapping(item, indent + 2)
    elif isinstance(item, str):
        yield from _text(head, item, indent)
    elif isinstance(item, Sequence):
        yield from _sequence(head, item, indent)
    else:
        yield f"{head} {_scalar(item)}"


def _sequence(head: str, items: Sequence[Plain], indent: int) -> Iterator[str]:
    if not any(isinstance(item, Mapping) for item in items):
        flow = f"{head} {_flow(items)}"
        if not items or len(flow) <= _WIDTH:
            yield flow
            return
    yield head
    pad = " " * (indent + 2)
    for item in items:
        if isinstance(item, Mapping):
            flow = _flow(item)
            if not item or (len(pad) + 2 + len(flow) <= _WIDTH and _is_small(item)):
                yield f"{pad}- {flow}"
                continue
            lines = list(_mapping(item, indent + 4))
            yield f"{pad}- {lines[0].lstrip()}"
            yield from lines[1:]
        else:
            yield from _entry(f"{pad}-", item, indent + 2)


def _text(head: str, text: str, indent: int) -> Iterator[str]:
    """Yield text on one line, or folded over several where it is a sentence that folds back to itself."""
    line = f"{head} {_scalar(text)}"
    if len(line) <= _WIDTH or not _folds(text):
        yield line
        return
    yield f"{head} >-"
    pad = " " * (indent + 2)
    current = ""
    for word in text.split(" "):
        if current and len(pad) + len(current) + 1 + len(word) > _WIDTH:
            yield pad + current
            current = word
        else:
            current = f"{current} {word}" if current else word
    yield pad + current


def _folds(text: str) -> bool:
    """Return whether folding at spaces is lossless: printable, single spaces, none at the ends."""
    return text.isprintable() and "  " not in text and text == text.strip() and " " in text


def _flow(item: Plain) -> str:
    if isinstance(item, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(value)}" for key, value in item.items()) + "}"
    if isinstance(item, Sequence) and not isinstance(item, str):
        return "[" + ", ".join(_flow(value) for value in item) + "]"
    return _scalar(item)


def _is_small(item: Mapping[str, Plain]) -> bool:
    """Return whether a mapping reads well on one line: only short scalars."""
    return all(
        not isinstance(value, (Mapping, list, tuple)) and len(str(value)) < _LINE_SHARE for value in item.values()
    )


def _scalar(value: Plain) -> str:
    """Return a scalar, quoted unless every reader takes it for the same text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _BARE.match(text) and not _NOT_TEXT.match(text):
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    """Return a character inside double quotes; YAML writes each code point by itself, unlike JSON's surrogate pairs."""
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
