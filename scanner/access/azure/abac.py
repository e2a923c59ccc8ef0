"""Evaluate one Azure condition on concrete attributes; what is not understood or not given is None, never false.

Part of the second evaluator: shares no code with the comparison.
https://learn.microsoft.com/azure/role-based-access-control/conditions-format (read 2026-11)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

Context = Mapping[str, str | list[str]]

_TOKEN = re.compile(
    r"\s*(?:(?P<attribute>@\w+\s*\[[^\]]+\])|(?P<text>'(?:[^']|'')*')"
    r"|(?P<mark>&&|\|\||[!(){},])|(?P<word>[^\s(){},'!&|]+))"
)


class _NotUnderstoodError(Exception):
    """The text is outside the part of the language that is read here."""


def holds(condition: str, operation: str, context: Context) -> bool | None:
    """Return whether the condition holds; None if it is not understood or an attribute is not given."""
    try:
        tree = _parsed(condition)
        return _value(tree, operation.lower(), context)
    except (_NotUnderstoodError, RecursionError):
        # Written to be too deep: not understood, like any other text outside the language read here.
        return None


class _Not(NamedTuple):
    inner: Tree


class _Joined(NamedTuple):
    """`decisive` is the value that settles it: True for OR, False for AND."""

    decisive: bool
    left: Tree
    right: Tree


class _Matches(NamedTuple):
    what: str
    patterns: tuple[str, ...]


class _Compared(NamedTuple):
    attribute: str
    operator: str
    values: tuple[str, ...]


Tree = _Not | _Joined | _Matches | _Compared


@lru_cache(maxsize=4_096)
def _parsed(condition: str) -> Tree:
    tokens: list[str] = []
    at = 0
    text = condition.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _NotUnderstoodError
        tokens.append(found.group(found.lastgroup or 0))
        at = found.end()
    parser = _Parser(tokens)
    tree = parser.either()
    if parser.tokens:
        raise _NotUnderstoodError
    return tree


class _Parser:
    """Recursive descent: OR binds weaker than AND, AND weaker than NOT."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def next(self, *expected: str) -> str:
        """Take the next token, which must be one of `expected` if any are given."""
        if not self.tokens or (expected and self.tokens[0] not in expected):
            raise _NotUnderstoodError
        return self.tokens.pop(0)

    def at(self, *words: str) -> bool:
        """Return whether the next token is one of these words."""
        return bool(self.tokens) and self.tokens[0].upper() in words

    def either(self) -> Tree:
        """Read alternatives."""
        tree: Tree = self.both()
        while self.at("OR", "||"):
            self.next()
            tree = _Joined(True, tree, self.both())
        return tree

    def both(self) -> Tree:
        """Read a conjunction."""
        tree: Tree = self.one()
        while self.at("AND", "&&"):
            self.next()
            tree = _Joined(False, tree, self.one())
        return tree

    def one(self) -> Tree:
        """Read a negation, a group or a single test."""
        if self.at("NOT", "!"):
            self.next()
            return _Not(self.one())
        if self.at("("):
            self.next()
            tree = self.either()
            self.next(")")
            return tree
        return self.test()

    def test(self) -> Tree:
        """Read `ActionMatches{...}`, `SubOperationMatches{...}` or `attribute operator values`."""
        word = self.next()
        if word.lower() in ("actionmatches", "suboperationmatches"):
            return _Matches(word.lower(), self.values())
        if not word.startswith("@"):
            raise _NotUnderstoodError
        return _Compared(re.sub(r"\s+", "", word), self.next(), self.values())

    def values(self) -> tuple[str, ...]:
        """Read one value, or a set of values in braces."""
        if not self.at("{"):
            return (self.value(),)
        self.next("{")
        found = [self.value()]
        while self.next(",", "}") == ",":
            found.append(self.value())
        return tuple(found)

    def value(self) -> str:
        """Read one literal; another attribute on the right side is not read here."""
        word = self.next()
        if word.startswith("'"):
            return word[1:-1].replace("''", "'")
        if word.startswith("@") or not word[0].isalnum():
            raise _NotUnderstoodError
        return word


def _value(tree: Tree, operation: str, context: Context) -> bool | None:
    match tree:
        case _Not(inner):
            value = _value(inner, operation, context)
            return None if value is None else not value
        case _Joined(decisive, left, right):
            sides = (_value(left, operation, context), _value(right, operation, context))
            if decisive in sides:
                return decisive
            return None if None in sides else not decisive
        case _Matches("actionmatches", patterns):
            return any(_like(p.lower(), operation) for p in patterns)
        case _Matches(_, patterns):
            given = context.get("suboperation")
            return None if given is None else any(_like(p.lower(), str(given).lower()) for p in patterns)
        case _Compared(attribute, operator, values):
            return _compare(context.get(attribute), operator, values)


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


# How many of the attribute's values, and of the listed ones, must satisfy the comparison.
_QUANTIFIERS: Final = {
    "foranyofanyvalues": (any, any),
    "forallofanyvalues": (all, any),
    "foranyofallvalues": (any, all),
    "forallofallvalues": (all, all),
}


def _compare(given: str | list[str] | None, operator: str, values: tuple[str, ...]) -> bool | None:
    if given is None:
        return None
    quantifier, _, name = operator.lower().rpartition(":")
    test = _OPERATORS.get(name)
    if test is None:
        return None
    left = [given] if isinstance(given, str) else given
    if not quantifier:
        return test(left[0], values[0]) if len(left) == len(values) == 1 else None
    if quantifier not in _QUANTIFIERS or not left:
        return None
    outer, inner = _QUANTIFIERS[quantifier]
    return outer(inner(test(one, value) for value in values) for one in left)


def _guid(text: str) -> str:
    return text.replace("-", "").strip("{}").lower()


_OPERATORS: Final[dict[str, Callable[[str, str], bool]]] = {
    "stringequals": lambda a, b: a == b,
    "stringnotequals": lambda a, b: a != b,
    "stringequalsignorecase": lambda a, b: a.lower() == b.lower(),
    "stringnotequalsignorecase": lambda a, b: a.lower() != b.lower(),
    "stringstartswith": lambda a, b: a.startswith(b),
    "stringnotstartswith": lambda a, b: not a.startswith(b),
    "stringstartswithignorecase": lambda a, b: a.lower().startswith(b.lower()),
    "stringnotstartswithignorecase": lambda a, b: not a.lower().startswith(b.lower()),
    "guidequals": lambda a, b: _guid(a) == _guid(b),
    "guidnotequals": lambda a, b: _guid(a) != _guid(b),
    "boolequals": lambda a, b: a.lower() == b.lower(),
    "boolnotequals": lambda a, b: a.lower() != b.lower(),
}
