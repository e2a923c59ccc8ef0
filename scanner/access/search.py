"""Decide one piece of a statement: discharged by the other side, exceeding it (with a request), or open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.access.catalogue import Catalogue, EmptyCatalogue
from scanner.access.domain import Value, show_value
from scanner.access.pattern import Pattern, StateLimitError, Tokens, explore, has_variables, is_variable, matches
from scanner.access.piece import Discharged, Excess, Open, PieceOf, Verdict
from scanner.access.principal import element_matches, representatives, statement_names
from scanner.access.request import Place, published_actions, spelled, telling_resources
from scanner.access.side import (
    ACTION_UNIVERSE,
    ARN_UNIVERSE,
    EVERYTHING,
    STAR_RESOURCE,
    Box,
    Reading,
    Side,
    action_pattern,
    resource_pattern,
    service_of,
)
from scanner.access.solve import Clauses, solve
from scanner.access.statement import PrincipalElement, Statement


class _Target(NamedTuple):
    """What a request must match: patterns that must hold, patterns that must not, clauses, principals."""

    actions: tuple[Pattern, ...]
    not_actions: tuple[Pattern, ...]
    resources: tuple[Pattern, ...]
    not_resources: tuple[Pattern, ...]
    any_resource: bool
    """There is no Resource dimension."""
    clauses: Clauses
    principals: tuple[PrincipalElement | None, ...]


class _Active(NamedTuple):
    """The statements whose action matches: the other side's Allow and Deny, and the piece's own side's Deny."""

    allows: tuple[Box, ...]
    base_denies: tuple[Box, ...]
    own_denies: tuple[Box, ...]
    key: tuple[int, ...]
    """Equal for equal statements."""

    def boxes(self) -> tuple[Box, ...]:
        """Return all of them."""
        return (*self.allows, *self.base_denies, *self.own_denies)


class Searcher:
    """Decides pieces of one side against the other under one reading; memoises what repeats."""

    def __init__(
        self,
        own: Side,
        other: Side,
        reading: Reading,
        catalogue: Catalogue,
        place: Place,
        kind: str,
        asked: Sequence[Statement] = (),
    ) -> None:
        self.own, self.other, self.reading = own, other, reading
        self.catalogue, self.place, self.kind = catalogue, place, kind
        statements = [b.statement for b in (*own.boxes, *other.boxes)] + list(asked)
        self.people: tuple[PrincipalElement, ...] = (
            () if kind == "identity" else representatives(statements, place.partition)
        )
        self.spelling = {
            k.lower(): k for s in statements for block in s.raw.get("Condition", {}).values() for k in block
        }
        self.variables = any(has_variables(r) for s in statements for r in s.resources)
        self._active_for: dict[str, _Active] = {}
        self._rest: dict[object, Excess | Open | None] = {}

    def decide(self, piece: PieceOf, also: Sequence[PieceOf] = ()) -> Verdict:
        """Return the verdict on a piece; only requests that match every piece of `also` as well count."""
        target = self._target((piece, *also))
        if target is None:
            return Discharged((), "matches no request")
        try:
            at_once = self._by_one_statement(target)
            return at_once or self._by_search(target)
        except StateLimitError:
            return Open("too many combinations of wildcards to decide")

    def naming(self, action: str) -> tuple[int, ...]:
        """Return a key that is equal for actions which the same statements of both sides name."""
        named = tuple(map(id, self.other.acting(action)))
        return (*named, *(id(b) for b in self.own.denies if b.acts(action))) if self.own.denies else named

    def _target(self, pieces: Sequence[PieceOf]) -> _Target | None:
        """Return what lies in all the pieces, or None if one of them matches nothing under the reading."""
        actions: list[Pattern] = []
        resources: list[Pattern] = []
        not_actions: list[Pattern] = []
        not_resources: list[Pattern] = []
        for s, action, resource, _ in pieces:
            a = EVERYTHING if action is None else action_pattern(s.actions[action], self.reading)
            r = EVERYTHING if resource is None else resource_pattern(s.resources[resource], self.reading)
            if a is None or r is None:
                return None
            actions.append(a)
            resources.append(r)
            if action is None:
                not_actions += [p for t in s.actions if (p := action_pattern(t, self.reading)) is not None]
            if resource is None:
                not_resources += [p for t in s.resources if (p := resource_pattern(t, self.reading)) is not None]
        return _Target(
            tuple(dict.fromkeys(actions)),
            tuple(not_actions),
            tuple(dict.fromkeys(resources)),
            tuple(not_resources),
            self.kind == "trust",
            frozenset(c for p in pieces for c in p.statement.clauses),
            self._principals(pieces),
        )

    def _principals(self, pieces: Sequence[PieceOf]) -> tuple[PrincipalElement | None, ...]:
        if self.kind == "identity":
            return (None,)
        return tuple(p for p in self.people if all(_lets_in(piece, p) for piece in pieces))

    def _by_one_statement(self, target: _Target) -> Discharged | None:
        """Discharge a piece that one Allow statement of the other side covers whole, if no Deny there can matter."""
        action, resource = target.actions[0], target.resources[0]
        for box in self.own.denies:
            if not box.clauses and self._covers(box, action, resource, target):
                return Discharged((_name(box),), "denied on its own side")
        if any(d.may_act(action) for d in self.other.denies):
            return None
        for box in self.other.allows if action.literal is None else self._active(action.literal).allows:
            if box.clauses <= target.clauses and self._covers(box, action, resource, target):
                return Discharged((_name(box),), "covered by one statement")
        return None

    def _covers(self, box: Box, action: Pattern, resource: Pattern, target: _Target) -> bool:
        return (
            box.acts_on_all(action, target.not_actions)
            and (target.any_resource or box.lies_on_all(resource, target.not_resources))
            and all(statement_names(box.statement, p) for p in target.principals)
        )

    def _by_search(self, target: _Target) -> Verdict:
        """Go through all classes of actions; a class is settled by its resources, principals and conditions."""
        still_open: Open | None = None
        used: dict[str, None] = {}
        classes = 0
        for action, published in self._action_classes(target):
            active = self._active(action)
            found = self._rest_of(action, active, target)
            if isinstance(found, Excess):
                return found._replace(latent=not published and not isinstance(self.catalogue, EmptyCatalogue))
            if isinstance(found, Open):
                still_open = still_open or found
            used.update(dict.fromkeys(_name(b) for b in active.allows))
            classes += 1
        return still_open or Discharged(tuple(used), f"search over {classes} classes of actions")

    def _action_classes(self, target: _Target) -> Iterator[tuple[str, bool]]:
        """Yield concrete actions, at least one per class the statements can tell apart; published ones first."""
        for pattern in target.actions:
            if pattern.literal is not None:
                action = pattern.literal
                if all(matches(p, action) for p in (*target.actions, ACTION_UNIVERSE)) and not any(
                    matches(p, action) for p in target.not_actions
                ):
                    shown = spelled(action, self.catalogue)
                    yield shown, self.catalogue.is_published(action)
                return
        seen: set[tuple[int, ...]] = set()
        for action in published_actions(target.actions, self.catalogue):
            if not any(matches(p, action.lower()) for p in target.not_actions):
                signature = self._signature(action)
                if signature not in seen:
                    seen.add(signature)
                    yield action, True
        yield from self._unpublished(target, seen)

    def _unpublished(self, target: _Target, seen: set[tuple[int, ...]]) -> Iterator[tuple[str, bool]]:
        boxes = [b for b in (*self.other.boxes, *self.own.denies) if any(b.may_act(a) for a in target.actions)]
        others = list(dict.fromkeys(p for b in boxes for p in b.action_patterns()))
        musts = [*target.actions, ACTION_UNIVERSE]
        excluded = list(target.not_actions)
        for mask, word in explore([*musts, *excluded, *others], must=len(musts)):
            if mask >> len(musts) & ((1 << len(excluded)) - 1):
                continue
            action = "".join(word)
            if self._signature(action) not in seen:
                seen.add(self._signature(action))
                # Where the service is open, the telling few were tried, not every published action.
                published = self.catalogue.is_published(action) or service_of(target.actions[0]) is None
                yield action, published

    def _signature(self, action: str) -> tuple[int, ...]:
        return self._active(action).key

    def _active(self, action: str) -> _Active:
        found = self._active_for.get(action)
        if found is not None:
            return found
        key = action.lower()
        if key not in self._active_for:
            others = self.other.acting(key)
            own = tuple(b for b in self.own.denies if b.acts(key))
            denies = tuple(b for b in others if not b.statement.allow) if self.other.denies else ()
            allows = tuple(b for b in others if b.statement.allow) if denies else tuple(others)
            self._active_for[key] = _Active(allows, denies, own, tuple(map(id, (*others, *own))))
        return self._active_for[key]

    def _rest_of(self, action: str, active: _Active, target: _Target) -> Excess | Open | None:
        """Return a request with this action, or Open, or None where the active statements settle every such request."""
        key = (
            active.key,
            target.resources,
            target.not_resources,
            target.clauses,
            target.principals,
        )
        if key in self._rest and not isinstance(self._rest[key], Excess):
            return self._rest[key]
        result = self._over_resources(action, active, target)
        self._rest[key] = result
        return result

    def _over_resources(self, action: str, active: _Active, target: _Target) -> Excess | Open | None:
        if not active.base_denies and any(self._settles(b, target) for b in active.allows):
            return None
        if any(not b.clauses and self._settles(b, target) for b in active.own_denies):
            return None
        still_open: Open | None = None
        for resource, word in self._resources(action, active, target):
            for principal in target.principals:
                found = self._request(action, resource, word, principal, active, target)
                if isinstance(found, Excess):
                    return found
                still_open = still_open or found
        return still_open

    def _settles(self, box: Box, target: _Target) -> bool:
        """Return whether a statement active for the action covers resource, principals and conditions of the target."""
        return (
            (target.any_resource or any(box.lies_on_all(r, target.not_resources) for r in target.resources))
            and all(statement_names(box.statement, p) for p in target.principals)
            and self._implied(target.clauses, box.clauses)
        )

    def _implied(self, given: Clauses, wanted: Clauses) -> bool:
        return wanted <= given or solve(given, [wanted], self.catalogue.key_type).outcome == "none"

    def _resources(self, action: str, active: _Active, target: _Target) -> Iterator[tuple[str, Tokens]]:
        """Yield resources, at least one per class the active statements can tell apart; telling ones first."""
        if target.any_resource:
            yield STAR_RESOURCE, tuple(STAR_RESOURCE)
            return
        for text in telling_resources(target.resources, action, self.catalogue, self.place):
            if not any(matches(p, text) for p in target.not_resources):
                yield text, tuple(text)
        if all(matches(p, STAR_RESOURCE) for p in target.resources) and not any(
            matches(p, STAR_RESOURCE) for p in target.not_resources
        ):
            yield STAR_RESOURCE, tuple(STAR_RESOURCE)
        boxes = active.boxes()
        others = list(dict.fromkeys(p for b in boxes for p in b.resources))
        musts = [*target.resources, ARN_UNIVERSE]
        excluded = target.not_resources
        settled = self._settling_patterns(active, target)
        prune = sum(1 << (len(musts) + len(excluded) + i) for i, p in enumerate(others) if p in settled)
        prune |= ((1 << len(excluded)) - 1) << len(musts)
        for mask, word in explore([*musts, *excluded, *others], must=len(musts), prune_at=prune):
            if not mask >> len(musts) & ((1 << len(excluded)) - 1):
                yield "".join(word), word

    def _settling_patterns(self, active: _Active, target: _Target) -> frozenset[Pattern]:
        """Return resource patterns on which nothing can be beyond: a Deny of the own side or a sufficient Allow."""
        boxes = [b for b in active.own_denies if not b.clauses]
        if not active.base_denies:
            boxes += [b for b in active.allows if self._implied(target.clauses, b.clauses)]
        return frozenset(
            p
            for b in boxes
            if not b.statement.not_resources and all(statement_names(b.statement, x) for x in target.principals)
            for p in b.resources
        )

    def _request(
        self,
        action: str,
        resource: str,
        word: Tokens,
        principal: PrincipalElement | None,
        active: _Active,
        target: _Target,
    ) -> Excess | Open | None:
        """Return a request on this resource by this principal, Open, or None where conditions leave no room."""

        def here(boxes: tuple[Box, ...]) -> list[Clauses]:
            return [
                b.clauses
                for b in boxes
                if statement_names(b.statement, principal) and (target.any_resource or _lies_on(b, word))
            ]

        allows, denies, own = here(active.allows), here(active.base_denies), here(active.own_denies)
        reasons: list[str] = []
        for required, never in [(target.clauses, [*own, *allows]), *((target.clauses | d, own) for d in denies)]:
            solution = solve(required, never, self.catalogue.key_type)
            if solution.outcome == "found":
                context = self._context(solution.context)
                return _with_variables(Excess(action, resource, principal, context, False, self.variables), word)
            if solution.outcome == "unknown":
                reasons.append(solution.reason)
        return Open(reasons[0]) if reasons else None

    def _context(self, found: dict[str, Value]) -> dict[str, str | list[str]]:
        families: dict[str, set[str]] = {}
        for box in (*self.own.boxes, *self.other.boxes):
            for clause in box.clauses:
                families.setdefault(clause.key, set()).add(clause.family)
        dates = {key for key, named in families.items() if named <= {"date", "null"}}
        context: dict[str, str | list[str]] = {}
        for key, value in sorted(found.items()):
            family = "date" if key in dates else ""
            name = self.spelling.get(key, key)
            if isinstance(value, tuple):
                context[name] = [show_value(family, v) for v in value]
            elif value is not None:
                context[name] = show_value(family, value)
        return context

    def kind_of(self, found: Excess) -> str:
        """Return the first dimension in which no Allow statement of the other side covers the request."""
        left = self._active(found.action).allows
        if not left:
            return "action"
        left = tuple(b for b in left if statement_names(b.statement, found.principal))
        if not left:
            return "principal"
        if self.kind != "trust":
            left = tuple(b for b in left if b.lies_on(found.resource))
        return "condition" if left else "resource"


def _lets_in(piece: PieceOf, principal: PrincipalElement) -> bool:
    if piece.principal:
        return element_matches(piece.principal, principal)
    open_to_all = not piece.statement.principals and not piece.statement.not_principals
    return open_to_all or statement_names(piece.statement, principal)


def _with_variables(found: Excess, word: Tokens) -> Excess:
    """Give every policy variable of the resource a value, in the resource and in the context."""
    if not any(is_variable(t) for t in word):
        return found
    context = dict(found.context)
    letters = []
    for token in word:
        if is_variable(token):
            key = token[2:-1].split(",")[0].strip()
            key = next((k for k in context if k.lower() == key.lower()), key)
            value = context.setdefault(key, "example")
            token = value if isinstance(value, str) else value[0]
        letters.append(token)
    return found._replace(resource="".join(letters), context=context)


def _lies_on(box: Box, word: Tokens) -> bool:
    return any(matches(p, word) for p in box.resources) != box.statement.not_resources


def _name(box: Box) -> str:
    return f"{box.statement.document}: {box.statement.ref}"
