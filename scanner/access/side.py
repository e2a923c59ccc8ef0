"""One side of a comparison, compiled: statements by action, and how their resources relate to a pattern."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from scanner.access.pattern import (
    STAR,
    Pattern,
    Tokens,
    compile_pattern,
    covers,
    disjoint,
    has_variables,
    is_variable,
    matches,
    tokenize,
)
from scanner.access.solve import Clauses
from scanner.access.statement import Statement


class Reading(NamedTuple):
    """One way to read what the documentation leaves open."""

    crossing: bool = True
    """A `*` inside an ARN segment also matches `:`; else it stops there."""
    literal_oddities: bool = True
    """ARN patterns of fewer than six segments, and wildcards in the service part of an action, mean what they spell;

    Else nothing.
    """

    def words(self) -> str:
        """Return the reading in words."""
        first = "`*` inside an ARN segment crosses `:`" if self.crossing else "`*` inside an ARN segment stops at `:`"
        second = "short patterns are taken as spelled" if self.literal_oddities else "short patterns match nothing"
        return f"{first}; {second}"


PRIMARY = Reading()
EVERYTHING = compile_pattern((STAR,))
# A request's resource is `*` or an ARN whose partition, service and resource are not empty.
ARN_UNIVERSE = compile_pattern(tokenize("arn:?*:?*:*:*:?*"), "arn")
STAR_RESOURCE = "*"
# A request's action is `service:Name`, both parts non-empty, without a further colon.
ACTION_UNIVERSE = compile_pattern(tokenize("?*:?*"), "arn")


def odd_action(action: str) -> bool:
    """Return whether the service part holds a wildcard without being `*` alone (`*` or `*:*`)."""
    service = action.partition(":")[0]
    return ("*" in service or "?" in service) and action not in ("*", "*:*")


def odd_resource(tokens: Tokens) -> bool:
    """Return whether the pattern has fewer than six segments and is not `*`."""
    return tokens != (STAR,) and tokens.count(":") < 5


def forks_on_colon(tokens: Tokens) -> bool:
    """Return whether crossing and stopping at `:` are different languages for this pattern."""
    crossing, segment = compile_pattern(tokens, "crossing"), compile_pattern(tokens, "segment")
    return (crossing.symbols, crossing.loops) != (segment.symbols, segment.loops)


def relevant_readings(statements: Iterable[Statement]) -> tuple[Reading, ...]:
    """Return the readings that can differ for these statements, the primary one first."""
    resources = {r for s in statements for r in s.resources}
    actions = {a for s in statements for a in s.actions}
    colon = any(map(forks_on_colon, resources))
    odd = any(map(odd_resource, resources)) or any(map(odd_action, actions))
    return tuple(
        Reading(crossing, literal)
        for literal in ((True, False) if odd else (True,))
        for crossing in ((True, False) if colon else (True,))
    )


def resource_pattern(tokens: Tokens, reading: Reading) -> Pattern | None:
    """Return the compiled resource pattern, or None if it matches nothing under the reading."""
    if not reading.literal_oddities and odd_resource(tokens):
        return None
    return compile_pattern(tokens, "crossing" if reading.crossing else "segment")


def action_pattern(action: str, reading: Reading) -> Pattern | None:
    """Return the compiled pattern of a lower-cased action, or None if it matches nothing under the reading."""
    if not reading.literal_oddities and odd_action(action):
        return None
    return _compile_action(action)


@lru_cache(maxsize=65_536)
def _compile_action(action: str) -> Pattern:
    return compile_pattern(tokenize(action))


OPAQUE, ANYTHING, NOTHING = "opaque", "anything", "nothing"


def without_variables(tokens: Tokens, variables: str) -> Tokens | None:
    """Return a resource pattern with its policy variables read so that no proof rests on their value.

    `opaque`: a letter that only `*` and the same variable match; `anything`: as `*`; `nothing`: the pattern is dropped.
    """
    if variables == OPAQUE or not has_variables(tokens):
        return tokens
    return None if variables == NOTHING else tuple(STAR if is_variable(t) else t for t in tokens)


def cautious(statement: Statement, *, own: bool) -> str:
    """Return how to read variables in a statement's resources so that containment stays proved whatever their values.

    What the own side is allowed may only be read as too much, what the other side is allowed only as too little. A Deny
    and a `NotResource` turn the direction round, each once.
    """
    if statement.not_resources:
        return ANYTHING if statement.allow != own else OPAQUE if own else NOTHING
    return OPAQUE if statement.allow or own else ANYTHING


def service_of(action: Pattern) -> str | None:
    """Return the literal service prefix of an action pattern, or None if it has a wildcard."""
    if ":" not in action.tokens:
        return None
    head = action.tokens[: action.tokens.index(":")]
    return "".join(head) if all(len(t) == 1 for t in head) else None


class Box:
    """A statement under one reading."""

    def __init__(self, statement: Statement, reading: Reading, variables: str = OPAQUE) -> None:
        self.statement = statement
        actions = [p for t in statement.actions if (p := action_pattern(t, reading)) is not None]
        self.literal_actions = frozenset(p.literal for p in actions if p.literal is not None)
        self.wild_actions = tuple(p for p in actions if p.literal is None)
        resources = [t for r in statement.resources if (t := without_variables(r, variables)) is not None]
        self.resources = tuple(p for t in resources if (p := resource_pattern(t, reading)) is not None)
        self.clauses: Clauses = frozenset(statement.clauses)

    def acts(self, action: str) -> bool:
        """Return whether the statement names the concrete action."""
        named = action in self.literal_actions or any(matches(p, action) for p in self.wild_actions)
        return named != self.statement.not_actions

    def acts_on_all(self, action: Pattern, excluded: Sequence[Pattern]) -> bool:
        """Return whether the statement surely names every action of `action` without `excluded`.

        Sound, not complete.
        """
        if not self.statement.not_actions:
            return action.literal in self.literal_actions or any(covers(p, action) for p in self.wild_actions)
        return all(disjoint(p, action) or any(covers(x, p) for x in excluded) for p in self.action_patterns())

    def may_act(self, action: Pattern) -> bool:
        """Return False only if the statement names no action of `action`."""
        if self.statement.not_actions:
            return not any(covers(p, action) for p in self.action_patterns())
        return any(not disjoint(p, action) for p in self.action_patterns())

    def action_patterns(self) -> tuple[Pattern, ...]:
        """Return all action patterns, literals included."""
        return (*(_compile_action(a) for a in sorted(self.literal_actions)), *self.wild_actions)

    def lies_on(self, resource: str) -> bool:
        """Return whether the statement covers the concrete resource."""
        return any(matches(p, resource) for p in self.resources) != self.statement.not_resources

    def lies_on_all(self, resource: Pattern, excluded: Sequence[Pattern]) -> bool:
        """Return whether the statement surely covers every resource of `resource` without `excluded`.

        Sound, not complete.
        """
        if not self.statement.not_resources:
            return any(covers(p, resource) for p in self.resources)
        return all(disjoint(p, resource) or any(covers(x, p) for x in excluded) for p in self.resources)


class Side:
    """All statements of one side under one reading."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.boxes = tuple(boxes)
        self.allows = tuple(b for b in self.boxes if b.statement.allow)
        self.denies = tuple(b for b in self.boxes if not b.statement.allow)
        self._by_literal: dict[str, list[Box]] = {}
        self._by_service: dict[str, list[Box]] = {}
        self._anywhere: list[Box] = []
        for box in self.boxes:
            services = {service_of(p) for p in box.wild_actions}
            if box.statement.not_actions or None in services:
                self._anywhere.append(box)
                continue
            for action in box.literal_actions:
                self._by_literal.setdefault(action, []).append(box)
            for service in services:
                self._by_service.setdefault(service or "", []).append(box)

    @classmethod
    def of(cls, statements: Sequence[Statement], reading: Reading, *, own: bool) -> Side:
        """Return the side of these statements under a reading; `own` is the side whose pieces are judged."""
        return cls([Box(s, reading, cautious(s, own=own)) for s in statements])

    def acting(self, action: str) -> list[Box]:
        """Return the statements that name the concrete (lower-cased) action, Allow and Deny, literal ones first."""
        found = self._by_literal.get(action, [])
        wild = (*self._by_service.get(action.partition(":")[0], ()), *self._anywhere)
        return found + [b for b in wild if b not in found and b.acts(action)] if wild else found


def relevant_statements(other: Sequence[Statement], own: Sequence[Statement], reading: Reading) -> list[Statement]:
    """Return the other side's statements without each Deny that a Deny of the own side includes.

    What such a Deny forbids is never asked for. Left in, conditional denies on both sides make exponentially many
    combinations.
    """
    denies = [Box(s, reading) for s in own if not s.allow]
    return [s for s in other if s.allow or not any(_includes(d, Box(s, reading)) for d in denies)]


def _includes(outer: Box, inner: Box) -> bool:
    o, i = outer.statement, inner.statement
    if o.not_actions != i.not_actions or o.not_resources != i.not_resources or not outer.clauses <= inner.clauses:
        return False
    if (o.principals, o.not_principals) != (i.principals, i.not_principals):
        return False
    wider, narrower = (inner, outer) if o.not_actions else (outer, inner)
    if not all(any(covers(p, q) for p in wider.action_patterns()) for q in narrower.action_patterns()):
        return False
    wider, narrower = (inner, outer) if o.not_resources else (outer, inner)
    return all(any(covers(p, q) for p in wider.resources) for q in narrower.resources)
