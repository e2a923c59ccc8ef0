"""The second evaluator's strings: wildcards, ARN segments, policy variables and three-valued logic.

Truth is `True`, `False` or `None`: None is "the provider does not document which", never "no".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

Truth = bool | None

Atom = tuple[str, str]
"""(`*`, ``), (`?`, ``), (`c`, character written in the policy) or (`v`, character that came out of a variable)."""
Atoms = tuple[Atom, ...]

READINGS = ("crossing", "segment")
_FEW_STARS = 3
# `${key}` and `${key, 'default'}`: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
_VARIABLE = re.compile(r"\$\{(?:(?P<char>[*?$])|\s*(?P<key>[^{},']+?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?)\}", re.DOTALL)


class ContextValue(msgspec.Struct, frozen=True):
    """The values of a context key. No values: the key is absent."""

    values: tuple[str, ...] = ()
    listed: bool = False
    """The request gave a list, not one bare string."""
    hidden: bool = False
    """The key is there, but its value cannot be told from the request."""


Context = Mapping[str, ContextValue]
"""Lower-cased key -> values."""
_ABSENT = ContextValue()


def any_of(truths: Iterable[Truth]) -> Truth:
    """Return the Kleene disjunction."""
    result: Truth = False
    for truth in truths:
        if truth is True:
            return True
        if truth is None:
            result = None
    return result


def all_of(truths: Iterable[Truth]) -> Truth:
    """Return the Kleene conjunction."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def negation(truth: Truth) -> Truth:
    """Return the Kleene negation."""
    return None if truth is None else not truth


def agreed(truths: Iterable[Truth]) -> Truth:
    """Return what all readings say, or None where they differ."""
    distinct = set(truths)
    return distinct.pop() if len(distinct) == 1 else None


class Expansion:
    """A policy text with its variables replaced.

    `readings` is empty when a variable has no value. It has two members when a value holds `*` or `?`: AWS does not
    document whether those are then wildcards. `undecided` says why nothing can be said at all.
    """

    __slots__ = ("readings", "undecided")

    def __init__(self, readings: tuple[Atoms, ...], undecided: str = "") -> None:
        self.readings = readings
        self.undecided = undecided


@lru_cache(maxsize=65_536)
def plain(text: str, wildcards: bool) -> Expansion:
    """Return the text as atoms, `${` being ordinary characters."""
    return Expansion((tuple(_atom(c, wildcards) for c in text),))


def _atom(char: str, wildcards: bool) -> Atom:
    return (char, "") if wildcards and char in "*?" else ("c", char)


def expand(text: str, context: Context, *, wildcards: bool, arn_tail_only: bool = False) -> Expansion:
    """Return the text with policy variables replaced by the context's values.

    `arn_tail_only`: AWS does not support variables before the fifth colon, so nothing is claimed about them.
    """
    if "${" not in text:
        return plain(text, wildcards)
    written: list[Atom] = []
    active: list[Atom] = []
    position = 0
    for found in _VARIABLE.finditer(text):
        between = [_atom(c, wildcards) for c in text[position : found.start()]]
        position = found.end()
        written += between
        active += between
        if arn_tail_only and sum(atom[1] == ":" for atom in written) < 5:
            return Expansion((), "a policy variable stands before the fifth colon of an ARN")
        if found["char"]:
            written.append(("c", found["char"]))
            active.append(("c", found["char"]))
            continue
        given = context.get(found["key"].lower(), _ABSENT)
        if given.hidden:
            return Expansion((), f"the value of policy variable `{found['key']}` is not in the request")
        if given.listed and given.values:
            return Expansion((), f"policy variable `{found['key']}` has a list of values")
        value = given.values[0] if given.values else found["default"]
        if value is None:
            return Expansion(())
        written += [("v", c) for c in value]
        active += [(c, "") if wildcards and c in "*?" else ("v", c) for c in value]
    rest = text[position:]
    if "${" in rest:
        return Expansion((), "a `${` is not closed or not a variable")
    tail = [_atom(c, wildcards) for c in rest]
    readings = (tuple(written + tail), tuple(active + tail))
    return Expansion(readings[:1] if readings[0] == readings[1] else readings)


def matches(atoms: Atoms, text: str, reading: str = "crossing") -> bool:
    """Return whether the whole text is one the atoms describe.

    In reading `segment` a `*` that does not end an ARN segment, and every `?`, do not match `:`.
    """
    if sum(kind == "*" for kind, _ in atoms) <= _FEW_STARS:
        return _regex(atoms, reading).fullmatch(text) is not None
    return _walk(atoms, text, reading)


def _stops_at_colon(atoms: Atoms, index: int, reading: str) -> bool:
    if reading != "segment":
        return False
    segment_final = index + 1 == len(atoms) or atoms[index + 1] == ("c", ":")
    return not (atoms[index][0] == "*" and segment_final)


@lru_cache(maxsize=65_536)
def _regex(atoms: Atoms, reading: str) -> re.Pattern[str]:
    parts: list[str] = []
    for index, (kind, char) in enumerate(atoms):
        if kind in "*?":
            parts.append("[^:]" if _stops_at_colon(atoms, index, reading) else ".")
            parts.append("*" if kind == "*" else "")
        else:
            parts.append(re.escape(char))
    return re.compile("".join(parts), re.DOTALL)


def _walk(atoms: Atoms, text: str, reading: str) -> bool:
    """Match many stars in time proportional to pattern times text, where a regular expression could take forever."""
    reached = [True] + [False] * len(text)
    for index, (kind, char) in enumerate(atoms):
        bounded = _stops_at_colon(atoms, index, reading)
        following = [False] * (len(text) + 1)
        if kind == "*":
            open_now = False
            for place, was in enumerate(reached):
                if place and bounded and text[place - 1] == ":":
                    open_now = False
                open_now = open_now or was
                following[place] = open_now
        else:
            for place, was in enumerate(reached[:-1]):
                if was and (text[place] == char if kind in "cv" else not (bounded and text[place] == ":")):
                    following[place + 1] = True
        reached = following
    return reached[-1]


def lowered(atoms: Atoms) -> Atoms:
    """Return the atoms with literal characters in lower case."""
    return tuple((kind, char.lower()) for kind, char in atoms)


def arn_matches(atoms: Atoms, text: str) -> Truth:
    """Return whether an ARN matches as ArnLike does, each of six components on its own.

    What a pattern of fewer components means is not documented: None where taking it as it stands, or filled up with
    `*`, would match.
    """
    parts = text.split(":", 5)
    components: list[list[Atom]] = [[]]
    for atom in atoms:
        if atom[1] == ":" and len(components) < 6:
            components.append([])
        else:
            components[-1].append(atom)
    if len(components) < 6:
        free: Atoms = (("*", ""),)
        filled = [tuple(pattern) for pattern in components] + [free] * (6 - len(components))
        as_filled = len(parts) == 6 and all(matches(pattern, part) for pattern, part in zip(filled, parts, strict=True))
        return None if as_filled or matches(atoms, text) else False
    if len(parts) < 6:
        return False
    return all(matches(tuple(pattern), part) for pattern, part in zip(components, parts, strict=True))
