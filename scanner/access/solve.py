"""Find a request context: some clauses must hold, and from each of several sets at least one clause must fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from scanner.access.clause import Clause
from scanner.access.domain import Domain, Literal, Value, build_domain, find_value

NODE_LIMIT = 20_000

Clauses = frozenset[Clause]
KeyType = Callable[[str], str | None]


class Solution(msgspec.Struct, frozen=True):
    """`found` with the context (absent keys left out), `none` or `unknown` with the reason."""

    outcome: str
    context: dict[str, Value] = {}
    reason: str = ""


def solve(required: Clauses, never: Iterable[Clauses], key_type: KeyType) -> Solution:
    """Return a context in which every clause of `required` holds and no set of `never` holds as a whole.

    Exact or `unknown`.
    """
    return _Search(required, frozenset(never), key_type).run()


class _Search:
    def __init__(self, required: Clauses, never: frozenset[Clauses], key_type: KeyType) -> None:
        self.unknown = ""
        self.nodes = 0
        self.required = required
        self.never = never
        by_key: dict[str, set[Clause]] = {}
        for clause in required.union(*never):
            by_key.setdefault(clause.key, set()).add(clause)
        self.domains: dict[str, Domain] = {k: build_domain(key_type(k), cs) for k, cs in by_key.items()}

    def run(self) -> Solution:
        assigned: dict[str, tuple[Literal, ...]] = {}
        for clause in sorted(self.required):
            assigned[clause.key] = (*assigned.get(clause.key, ()), (clause, True))
        for key, literals in assigned.items():
            if self._value(key, literals) == (False, None):
                return Solution("none")
        open_sets = self._open_sets(assigned)
        if open_sets is None:
            return Solution("none")
        context = self._branch(assigned, open_sets)
        if context is not None:
            return Solution("found", context)
        return Solution("unknown", reason=self.unknown) if self.unknown else Solution("none")

    def _open_sets(self, assigned: dict[str, tuple[Literal, ...]]) -> list[tuple[Clause, ...]] | None:
        """Return what is left to falsify, smallest first; None if some set can only hold."""
        reduced: list[frozenset[Clause]] = []
        for clauses in self.never:
            left = frozenset(c for c in clauses if self._extend(assigned, c, False) != (False, None))
            if not left:
                return None
            if any(self._extend(assigned, c, True) == (False, None) for c in clauses):
                continue
            reduced.append(left)
        minimal = [s for s in set(reduced) if not any(other < s for other in reduced)]
        return sorted((tuple(sorted(s)) for s in minimal), key=lambda s: (len(s), s))

    def _extend(
        self, assigned: dict[str, tuple[Literal, ...]], clause: Clause, positive: bool
    ) -> tuple[bool, Value] | None:
        return find_value(self.domains[clause.key], (*assigned.get(clause.key, ()), (clause, positive)))

    def _value(self, key: str, literals: tuple[Literal, ...]) -> tuple[bool, Value] | None:
        return find_value(self.domains[key], literals)

    def _branch(
        self, assigned: dict[str, tuple[Literal, ...]], sets: list[tuple[Clause, ...]]
    ) -> dict[str, Value] | None:
        """Falsify the sets one after the other; return the first context that does, or None (then see `unknown`)."""
        self.nodes += 1
        if self.nodes > NODE_LIMIT:
            self.unknown = f"more than {NODE_LIMIT} combinations of conditions"
            return None
        if not sets:
            return self._context(assigned)
        first, *rest = sets
        for clause in first:
            if (clause, False) in assigned.get(clause.key, ()):
                return self._branch(assigned, rest)
        for clause in first:
            extended = (*assigned.get(clause.key, ()), (clause, False))
            value = self._value(clause.key, extended)
            if value == (False, None):
                continue
            context = self._branch({**assigned, clause.key: extended}, rest)
            if context is not None or self.nodes > NODE_LIMIT:
                return context
        return None

    def _context(self, assigned: dict[str, tuple[Literal, ...]]) -> dict[str, Value] | None:
        context: dict[str, Value] = {}
        for key, literals in assigned.items():
            value = self._value(key, literals)
            if value is None:
                self.unknown = f"the meaning of the conditions on `{key}` together is not settled by the documentation"
                return None
            if not value[0]:
                return None
            if value[1] is not None:
                context[key] = value[1]
        return context
