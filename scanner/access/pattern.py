"""Wildcard languages: what a pattern with `*` and `?` matches, and how two or more such languages relate.

Every function is exact. Patterns are compiled to bit masks; one integer holds the states of all patterns of a query,
so a step of the subset construction is a few machine operations. `StateLimitError` is raised instead of an answer
when the construction grows too large.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

STAR = "STAR"
ANY = "ANY"
Tokens = tuple[str, ...]
"""A parsed pattern: one-character strings, `STAR`, `ANY`, and policy variables spelled `${...}`."""

STATE_LIMIT = 20_000

_OTHER_CANDIDATES = "xyzabcdefghijklmnopqrstuvw0123456789XYZABCDEFGHIJKLMNOPQRSTUVW"


class StateLimitError(Exception):
    """The subset construction passed its limit; the question stays undecided."""


def tokenize(text: str, *, wildcards: bool = True, variables: bool = False, fold: bool = False) -> Tokens:
    """Split `text` into tokens.

    With `variables`, `${*}`, `${?}` and `${$}` are literal characters and `${key}` is a variable. `fold` lower-cases
    literal characters (ASCII and beyond, by `str.lower`), for languages that ignore case.
    """
    tokens: list[str] = []
    i = 0
    while i < len(text):
        c = text[i]
        if variables and c == "$" and text[i : i + 2] == "${":
            end = text.find("}", i)
            if end > 0:
                name = text[i + 2 : end]
                tokens.append(name if name in ("*", "?", "$") else "${" + name + "}")
                i = end + 1
                continue
        if wildcards and c == "*":
            if not tokens or tokens[-1] != STAR:
                tokens.append(STAR)
        elif wildcards and c == "?":
            tokens.append(ANY)
        else:
            tokens.extend(c.lower() if fold else c)
        i += 1
    return tuple(tokens)


def is_variable(token: str) -> bool:
    """Return whether a token is a policy variable."""
    return token.startswith("${") and len(token) > 1


@lru_cache(maxsize=65_536)
def has_variables(tokens: Tokens) -> bool:
    """Return whether a policy variable is among the tokens."""
    return any(map(is_variable, tokens))


class Pattern(NamedTuple):
    """A compiled pattern. Position i means "i symbols consumed"; a loop at i is a `*` standing before symbol i."""

    tokens: Tokens
    symbols: tuple[str, ...]
    """Literal, variable, `ANY`, or `ANY` restricted to one segment (`ANY:`)."""
    loops: tuple[int, ...]
    """Per position: 0 none, 1 any symbol, 2 any symbol but `:` and variables. One longer than `symbols`."""
    fold: bool
    literal: str | None
    """The one string it matches, where it has neither wildcard nor variable."""


ANY_IN_SEGMENT = "ANY:"


@lru_cache(maxsize=65_536)
def compile_pattern(tokens: Tokens, mode: str = "crossing", fold: bool = False) -> Pattern:
    """Compile tokens in one of three modes.

    - `crossing`: `*` and `?` match any character;
    - `segment`: a `*` that does not end an ARN segment, and every `?`, stop at `:`
      (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html);
    - `arn`: as ArnLike, wildcards of the first five components stop at `:`.
    """
    symbols: list[str] = []
    loops: list[int] = [0]
    colons = 0
    for i, token in enumerate(tokens):
        final = i + 1 == len(tokens) or tokens[i + 1] == ":"
        bounded = (mode == "segment" and not (token == STAR and final)) or (mode == "arn" and colons < 5)
        if token == STAR:
            loops[-1] = 2 if bounded else 1
            continue
        symbols.append(ANY_IN_SEGMENT if token == ANY and bounded else token)
        loops.append(0)
        colons += token == ":"
    literal = "".join(tokens) if all(len(t) == 1 for t in tokens) else None
    return Pattern(tokens, tuple(symbols), tuple(loops), fold, literal)


class Machine:
    """The common automaton of several patterns, explored lazily."""

    def __init__(self, patterns: Sequence[Pattern], must: int = 1) -> None:
        self.start = 0
        self.finals: list[int] = []
        self.bodies: list[int] = []
        self._literal: dict[str, int] = {}
        self._any = self._any_segment = self._loop_all = self._loop_segment = 0
        self._absorbing: list[tuple[int, int]] = []
        offset = 0
        for pattern in patterns:
            offset = self._add(pattern, offset)
        self.symbols = self._alphabet(patterns[:must])

    def _add(self, pattern: Pattern, offset: int) -> int:
        self.start |= 1 << offset
        for i, symbol in enumerate(pattern.symbols):
            bit = 1 << (offset + i)
            if symbol == ANY:
                self._any |= bit
            elif symbol == ANY_IN_SEGMENT:
                self._any_segment |= bit
            else:
                for spelling in {symbol.lower(), symbol.upper()} if pattern.fold and len(symbol) == 1 else {symbol}:
                    self._literal[spelling] = self._literal.get(spelling, 0) | bit
        for i, loop in enumerate(pattern.loops):
            bit = 1 << (offset + i)
            if loop == 1:
                self._loop_all |= bit
            elif loop == 2:
                self._loop_segment |= bit
        width = len(pattern.symbols)
        final, body = 1 << (offset + width), ((1 << (width + 1)) - 1) << offset
        self.finals.append(final)
        self.bodies.append(body)
        if pattern.loops[width] == 1:
            self._absorbing.append((final, body & ~final))
        return offset + width + 1

    def _alphabet(self, required: Sequence[Pattern]) -> list[str]:
        """Return the letters to explore: one that no pattern names, for readable witnesses, then those they name.

        A variable is a letter only where a required pattern has it: elsewhere it is left without a value, and matches
        nothing.
        """
        other = next((c for c in _OTHER_CANDIDATES if c not in self._literal), None)
        if other is None:
            other = next(chr(n) for n in range(0x100, 0x10000) if chr(n) not in self._literal)
        variables = {s for p in required for s in p.symbols if is_variable(s)}
        # A wildcard that stops at `:` tells it from every other letter, also where no pattern spells one.
        stop = {":"} if self._any_segment | self._loop_segment else set()
        return [other, *sorted({c for c in self._literal if len(c) == 1} | stop), *sorted(variables)]

    def step(self, state: int, symbol: str) -> int:
        """Return the state after reading one letter (or one variable, which only `*` and the same variable match)."""
        moves, loops = self._literal.get(symbol, 0), self._loop_all
        if len(symbol) == 1:
            moves |= self._any
            if symbol != ":":
                moves |= self._any_segment
                loops |= self._loop_segment
        after = ((state & moves) << 1) | (state & loops)
        for final, rest in self._absorbing:
            if after & final:
                after &= ~rest
        return after

    def accepts(self, state: int) -> int:
        """Return a bit mask: bit i is set if pattern i accepts in `state`."""
        return sum(1 << i for i, final in enumerate(self.finals) if state & final)


_EXPLORED: dict[tuple[tuple[Pattern, ...], int, int, int], tuple[tuple[int, Tokens], ...]] = {}
"""Explorations that came to their end: pure, asked again and again of one role, and the same in many accounts."""
_EXPLORED_LIMIT = 4_096


def explore(
    patterns: Sequence[Pattern],
    *,
    must: int = 1,
    prune_at: int = 0,
    limit: int = STATE_LIMIT,
) -> Iterator[tuple[int, Tokens]]:
    """Yield each reachable acceptance mask once, with a shortest word that has it.

    Only words accepted by the first `must` patterns are yielded. Words on which a pattern in the mask `prune_at` has
    accepted for good (its rest is `*`) are not continued. Raises `StateLimitError`.
    """
    key = (tuple(patterns), must, prune_at, limit)
    known = _EXPLORED.get(key)
    if known is not None:
        yield from known
        return
    found = []
    for one in _explore(patterns, must=must, prune_at=prune_at, limit=limit):
        found.append(one)
        yield one
    # Only a whole exploration is kept: who stopped at the first find has not met the limit that may lie beyond.
    if len(_EXPLORED) >= _EXPLORED_LIMIT:
        _EXPLORED.clear()
    _EXPLORED[key] = tuple(found)


def _explore(
    patterns: Sequence[Pattern], *, must: int, prune_at: int, limit: int
) -> Iterator[tuple[int, Tokens]]:
    machine = Machine(patterns, must)
    required = (1 << must) - 1
    absorbed = 0
    for i, pattern in enumerate(patterns):
        if prune_at >> i & 1 and pattern.loops[-1] == 1:
            absorbed |= machine.finals[i]
    alive = machine.bodies[:must]
    seen_states, seen_masks = {machine.start}, set()
    frontier: list[tuple[int, Tokens]] = [(machine.start, ())]
    while frontier:
        following: list[tuple[int, Tokens]] = []
        for state, word in frontier:
            mask = machine.accepts(state)
            if mask & required == required and mask not in seen_masks:
                seen_masks.add(mask)
                yield mask, word
            for symbol in machine.symbols:
                after = machine.step(state, symbol)
                if after in seen_states or after & absorbed or not all(after & body for body in alive):
                    continue
                seen_states.add(after)
                if len(seen_states) > limit:
                    raise StateLimitError
                following.append((after, (*word, symbol)))
        frontier = following


def matches(pattern: Pattern, text: str | Tokens) -> bool:
    """Return whether the word (a string, or tokens that may hold variables) is in the pattern's language."""
    if pattern.literal is not None and not pattern.fold:
        return pattern.literal == (text if isinstance(text, str) else "".join(text))
    if isinstance(text, str) and (regex := _regex(pattern)) is not None:
        return regex.fullmatch(text) is not None
    machine = _single(pattern)
    state = machine.start
    for symbol in text:
        state = machine.step(state, symbol)
        if not state:
            return False
    return bool(state & machine.finals[0])


# A backtracking matcher is fast on few stars and exponential on many: those are left to the automaton.
_FEW_STARS = 3


@lru_cache(maxsize=65_536)
def _regex(pattern: Pattern) -> re.Pattern[str] | None:
    """Return the pattern as a regular expression, or None where it has too many stars or a variable."""
    if sum(loop > 0 for loop in pattern.loops) > _FEW_STARS or any(map(is_variable, pattern.tokens)):
        return None
    loops = {0: "", 1: ".*", 2: "[^:]*"}
    parts = [loops[pattern.loops[0]]]
    for symbol, loop in zip(pattern.symbols, pattern.loops[1:], strict=True):
        if symbol == ANY:
            parts.append(".")
        elif symbol == ANY_IN_SEGMENT:
            parts.append("[^:]")
        else:
            spellings = sorted({symbol.lower(), symbol.upper()}) if pattern.fold else [symbol]
            parts.append("(?:" + "|".join(map(re.escape, spellings)) + ")" if len(spellings) > 1 else re.escape(symbol))
        parts.append(loops[loop])
    return re.compile("".join(parts), re.DOTALL)


@lru_cache(maxsize=65_536)
def _single(pattern: Pattern) -> Machine:
    return Machine([pattern])


def _head(pattern: Pattern) -> str:
    """Return the literal characters before the first wildcard or variable."""
    head = []
    for token in pattern.tokens:
        if len(token) != 1:
            break
        head.append(token)
    return "".join(head)


@lru_cache(maxsize=131_072)
def covers(outer: Pattern, inner: Pattern) -> bool:
    """Return whether every string matched by `inner` is matched by `outer`. Exact; a variable is an opaque letter."""
    if outer == inner or (outer.tokens == (STAR,) and outer.loops == (1,)):
        return True
    if inner.literal is not None:
        return matches(outer, inner.literal)
    if outer.literal is not None or not _compatible(outer, inner):
        return False
    return all(mask & 2 for mask, _ in explore([inner, outer], prune_at=2))


@lru_cache(maxsize=131_072)
def disjoint(a: Pattern, b: Pattern) -> bool:
    """Return whether no string is matched by both. Exact for patterns without variables.

    A variable can take any value, so patterns with variables are never disjoint unless their literal heads differ.
    """
    if not _compatible(a, b):
        return True
    if any(map(is_variable, a.tokens + b.tokens)):
        return False
    if a.literal is not None:
        return not matches(b, a.literal)
    if b.literal is not None:
        return not matches(a, b.literal)
    return next(explore([a, b], must=2), None) is None


def _compatible(a: Pattern, b: Pattern) -> bool:
    """Return False only if the literal heads rule out a common string."""
    x, y = _head(a), _head(b)
    n = min(len(x), len(y))
    if a.fold or b.fold:
        return x[:n].lower() == y[:n].lower()
    return x[:n] == y[:n]


def text_of(tokens: Tokens) -> str:
    """Return tokens as text, for people: `STAR` as `*`, `ANY` as `?`."""
    return "".join("*" if t == STAR else "?" if t == ANY else t for t in tokens)
