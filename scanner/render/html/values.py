"""Small pieces that several parts of the HTML report are built of: links, anchors, values, example requests, lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from scanner.model.common import JsonObject
from scanner.model.finding import DiffEntry, Witness
from scanner.render.text import compact_json, excerpt, one_line, pretty_json, shorten
from scanner.render.words import EXCESS_WORDS, MISSING_WORD

_HTTPS = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#][A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
LONG_TEXT = 2_000
LIST_SHOWN = 200


def link(url: str | None) -> str | None:
    """Return `url` where it is a plain https address, else None: nothing else ever becomes a link."""
    return url if url and len(url) <= 500 and _HTTPS.fullmatch(url) else None


def slug(text: str) -> str:
    """Return `text` as lower-case ASCII letters, digits and hyphens; `x` where nothing is left."""
    return _NOT_SLUG.sub("-", text[:200].lower()).strip("-")[:60] or "x"


class Anchors:
    """Hands out anchors that are unique on the page."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        """Return `wanted`, or `wanted-2` and so on where it is taken."""
        anchor = wanted
        number = 1
        while anchor in self._taken:
            number += 1
            anchor = f"{wanted}-{number}"
        self._taken.add(anchor)
        return anchor


class Value(msgspec.Struct, frozen=True):
    """Any JSON value, ready to be shown in one of three ways."""

    text: str = ""
    items: tuple[str, ...] = ()
    block: str = ""


def value(raw: Any) -> Value:
    """Return a scalar as text, a list of scalars as a list, anything else as an indented excerpt."""
    match raw:
        case None:
            return Value(text="none")
        case str():
            return Value(text=shorten(raw, LONG_TEXT) or "(empty text)")
        case bool() | int() | float():
            return Value(text=compact_json(raw))
        case [*items] if all(isinstance(item, str | int) for item in items):
            return Value(items=listed(str(item) for item in items)) if items else Value(text="none")
        case _:
            short = compact_json(raw)
            return Value(block=short if len(short) <= 90 else excerpt(pretty_json(raw)))


def listed(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts shortened one by one; beyond `LIST_SHOWN` the last says how many are left out."""
    every = [shorten(text, 500) for text in texts]
    if len(every) <= LIST_SHOWN:
        return tuple(every)
    return (*every[:LIST_SHOWN], f"… {len(every) - LIST_SHOWN:,} more in report.json")


class Example(msgspec.Struct, frozen=True):
    """An example request in words."""

    action: str
    resource: str
    principal: str
    context: str
    path: tuple[str, ...]
    replayed: bool


def example(witness: Witness | None) -> Example | None:
    """Return the witness for people."""
    if witness is None:
        return None
    return Example(
        action=one_line(witness.action),
        resource=one_line(witness.resource, 500),
        principal=one_line(witness.principal or "", 500),
        context=excerpt(compact_json(witness.context)) if witness.context else "",
        path=tuple(one_line(step, 500) for step in witness.path),
        replayed=witness.replayed,
    )


class Access(msgspec.Struct, frozen=True):
    """Actions on resources under conditions, as one side of a comparison shows them."""

    ref: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: tuple[str, ...]


def access(entry: DiffEntry) -> Access:
    """Return one piece of a diff for people."""
    return Access(
        ref=one_line(entry.statement),
        actions=listed(entry.actions),
        resources=listed(entry.resources),
        principals=listed(flat_principals(entry.principals)),
        conditions=condition_lines(entry.conditions),
    )


def condition_lines(conditions: Any) -> tuple[str, ...]:
    """Return `StringEquals iam:PassedToService: a, b` for each key of an IAM Condition block, else one line of JSON."""
    lines = []
    for operator, keys in sorted(conditions.items()) if isinstance(conditions, dict) else ():
        if not isinstance(keys, dict):
            return (one_line(compact_json(conditions), 2_000),)
        for key in sorted(keys):
            values = keys[key] if isinstance(keys[key], list | tuple) else [keys[key]]
            words = ", ".join(item if isinstance(item, str) else compact_json(item) for item in values)
            lines.append(f"{operator} {key}: {words}")
    return listed(lines)


def flat_principals(principals: JsonObject) -> list[str]:
    """Return `AWS: arn...` for each principal of an IAM Principal block."""
    flat = []
    for kind in sorted(principals):
        values = principals[kind]
        for one in values if isinstance(values, list | tuple) else [values]:
            flat.append(f"{kind}: {one}")
    return flat


class Piece(msgspec.Struct, frozen=True):
    """One deviating piece of access in a finding."""

    word: str
    tone: str
    access: Access
    latent: bool


def pieces(added: Iterable[DiffEntry], removed: Iterable[DiffEntry]) -> tuple[Piece, ...]:
    """Return the pieces of a diff, excess first."""
    more = [Piece(EXCESS_WORDS.get(e.kind, "EXCESS"), "bad", access(e), e.latent) for e in added]
    less = [Piece(MISSING_WORD, "none", access(e), e.latent) for e in removed]
    return (*more, *less)


class Chunk(msgspec.Struct, frozen=True):
    """Consecutive lines with one mark: `ins`, `del` or nothing."""

    mark: str
    text: str


def chunks(lines: Iterable[tuple[str, str]]) -> tuple[Chunk, ...]:
    """Return (mark, line) pairs joined where the mark stays the same."""
    joined: list[tuple[str, list[str]]] = []
    for mark, line in lines:
        if joined and joined[-1][0] == mark:
            joined[-1][1].append(line)
        else:
            joined.append((mark, [line]))
    return tuple(Chunk(mark, "\n".join(texts) + "\n") for mark, texts in joined)
