"""Take an IAM condition apart into the terms of its conjunction; what is not understood stays, opaque."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from scanner.access.pattern import STAR, Tokens

_TOKEN = re.compile(
    r"\s*(?:(?P<text>[rR]?(?:\"[^\"\\]*\"|'[^'\\]*'))|(?P<word>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)"
    r"|(?P<mark>&&|\|\||[<>=!]=|[<>!()\[\]{},.?:+\-*/%]))"
)
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
# What binds no tighter than an equation; `+` and the like bind tighter and stay on their side.
_OPERATORS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "&&", "||", "?", "!"})
# Whole seconds only: between two of them there is always a moment to try.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
# IAM allows 12 logical operators in a condition; a text far beyond that is not worth taking apart.
_MOST_TOKENS = 500
_COMPARED_TEXT = ("name", "type", "service")


class TimeTerm(NamedTuple):
    """`request.time OPERATOR moment`."""

    operator: str
    moment: datetime

    def holds(self, time: datetime) -> bool:
        """Return whether the term holds at a time."""
        order = (time > self.moment) - (time < self.moment)
        return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "==": order == 0}[self.operator]


class TextTerm(NamedTuple):
    """`resource.name`, `resource.type` or `resource.service` matches the pattern."""

    attribute: str
    tokens: Tokens


class Opaque(NamedTuple):
    """Any other term, white space and quotes made uniform."""

    text: str


Term = TimeTerm | TextTerm | Opaque


def parse_condition(expression: str) -> frozenset[Term]:
    """Return the terms that must all hold; none for an empty expression and for `true`."""
    if not expression.strip():
        return frozenset()
    tokens = _tokens(expression)
    if tokens is None:
        return frozenset({Opaque(expression.strip())})
    return frozenset(term for part in _conjuncts(tokens) if (term := _term(part)) is not None)


def _tokens(expression: str) -> list[str] | None:
    """Return the tokens, strings as `"...` without end mark; None where the text is not read (escapes, comments)."""
    tokens: list[str] = []
    at, text = 0, expression.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or len(tokens) == _MOST_TOKENS:
            return None
        written = found.group(found.lastgroup or 0)
        tokens.append('"' + written.lstrip("rR")[1:-1] if found.lastgroup == "text" else written)
        at = found.end()
    # Two strings side by side are a string in triple quotes, two slashes a comment.
    sides = [(a[:1], b[:1]) for a, b in pairwise(tokens)]
    return None if ('"', '"') in sides or ("/", "/") in sides else tokens


def _conjuncts(tokens: list[str]) -> list[list[str]]:
    """Split at `&&` outside parentheses, unless `||` or `?` stands there; opens parentheses around a whole part."""
    tokens = _unwrapped(tokens)
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0 and token in ("||", "?"):
            return [tokens]
        if depth == 0 and token == "&&":
            parts.append([])
        else:
            parts[-1].append(token)
    if len(parts) == 1:
        return parts
    return [inner for part in parts for inner in _conjuncts(part)]


def _unwrapped(tokens: list[str]) -> list[str]:
    while tokens[:1] == ["("] and _closes(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closes(tokens: list[str]) -> int:
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token == "(") - (token == ")")
        if depth == 0:
            return i
    return -1


def _term(tokens: list[str]) -> Term | None:
    """Return the term of one conjunct; None for `true`."""
    if tokens == ["true"]:
        return None
    return _time_term(tokens) or _text_term(tokens) or Opaque(_uniform(tokens))


def _uniform(tokens: list[str]) -> str:
    """Return the tokens as text; the sides of a lone equation stand in one order, whichever way it was written."""
    depth, outside = 0, []
    for i, token in enumerate(tokens):
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0 and token in _OPERATORS:
            outside.append(i)
    if len(outside) == 1 and tokens[outside[0]] in ("==", "!="):
        at = outside[0]
        first, second = sorted((tokens[:at], tokens[at + 1 :]))
        tokens = [*first, tokens[at], *second]
    return " ".join(repr(t) if t[:1] == '"' else t for t in tokens)


def _time_term(tokens: list[str]) -> TimeTerm | None:
    match tokens:
        case ["request", ".", "time", operator, "timestamp", "(", written, ")"] if operator in _FLIPPED:
            pass
        case ["timestamp", "(", written, ")", operator, "request", ".", "time"] if operator in _FLIPPED:
            operator = _FLIPPED[operator]
        case _:
            return None
    if not _MOMENT.fullmatch(written[1:]) or written[0] != '"':
        return None
    try:
        return TimeTerm(operator, datetime.fromisoformat(written[1:]))
    except ValueError:
        return None


def _text_term(tokens: list[str]) -> TextTerm | None:
    match tokens:
        case ["resource", ".", attribute, "==", written] | [written, "==", "resource", ".", attribute]:
            before, after = False, False
        case ["resource", ".", attribute, ".", "startsWith", "(", written, ")"]:
            before, after = False, True
        case ["resource", ".", attribute, ".", "endsWith", "(", written, ")"]:
            before, after = True, False
        case _:
            return None
    if attribute not in _COMPARED_TEXT or not written.startswith('"'):
        return None
    literal = tuple(written[1:])
    return TextTerm(f"resource.{attribute}", (*((STAR,) if before else ()), *literal, *((STAR,) if after else ())))
