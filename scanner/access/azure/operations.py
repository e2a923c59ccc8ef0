"""Sets of Azure operations: `*` stands for any characters, `/` included; nothing else is special; case does not matter.

Decides exactly whether some operation lies in one set and outside a union of others, and names one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from scanner.access.pattern import ANY, STAR, Pattern, compile_pattern, covers, disjoint, explore

CONTROL, DATA = "control", "data"

# Operations that exist and say much to a reader; tried first as examples. Read in
# https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations.
TELLING = {
    CONTROL: (
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.Authorization/roleAssignments/delete",
        "Microsoft.Authorization/roleDefinitions/write",
        "Microsoft.Authorization/roleAssignments/read",
        "Microsoft.Compute/virtualMachines/runCommand/action",
        "Microsoft.Compute/virtualMachines/write",
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "Microsoft.Resources/subscriptions/resourceGroups/write",
        "Microsoft.Resources/subscriptions/resourceGroups/delete",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    ),
    DATA: (
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
    ),
}


class OperationCatalogue(Protocol):
    """Published operations. Ranks examples and labels what is latent; never decides containment."""

    @property
    def name(self) -> str:
        """Return name and version, as printed in reports."""
        ...

    def operations(self, plane: str) -> Sequence[str]:
        """Return the published operations of `control` or `data`, in the provider's spelling, sorted."""
        ...


class Operations(msgspec.Struct, frozen=True):
    """Every operation that matches one of `actions` and none of `nots`, as written."""

    actions: tuple[str, ...]
    nots: tuple[str, ...] = ()

    def holds(self, operation: str) -> bool:
        """Return whether a concrete operation (lower-cased) is in the set."""
        return _any(self.actions, operation) and not (self.nots and _any(self.nots, operation))


EVERYTHING = Operations(("*",))

_NOT_EMPTY = compile_pattern((ANY, STAR))


@lru_cache(maxsize=65_536)
def operation_pattern(text: str) -> Pattern:
    """Return the compiled pattern of an operation as written; only `*` is special."""
    tokens: list[str] = []
    for character in text.lower():
        if character != "*":
            tokens.append(character)
        elif not tokens or tokens[-1] != STAR:
            tokens.append(STAR)
    return compile_pattern(tuple(tokens))


@lru_cache(maxsize=65_536)
def _sorted_out(texts: tuple[str, ...]) -> tuple[frozenset[str], tuple[tuple[str, ...], ...]]:
    """Return the concrete operations and the patterns proper: lists of hundreds of names are looked up, not walked."""
    folded = [t.lower() for t in texts]
    return frozenset(t for t in folded if "*" not in t), tuple(tuple(t.split("*")) for t in folded if "*" in t)


def _any(texts: tuple[str, ...], operation: str) -> bool:
    """Return whether one of the patterns matches a concrete operation (lower-cased)."""
    literals, patterns = _sorted_out(texts)
    return operation in literals or any(_fits(parts, operation) for parts in patterns)


def _fits(parts: tuple[str, ...], operation: str) -> bool:
    """Return whether the parts between the stars occur in order, the first and last at the ends. Exact."""
    first, *middle, last = parts
    end = len(operation) - len(last)
    if end < len(first) or not operation.startswith(first) or not operation.endswith(last):
        return False
    at = len(first)
    for part in middle:
        # The leftmost place leaves the most room for the rest.
        at = operation.find(part, at, end) + len(part)
        if at < len(part):
            return False
    return True


def example_of(text: str) -> str:
    """Return an operation the pattern matches, shaped `Provider.Name/type/verb` where it leaves that open."""
    if text == "*":
        return "Microsoft.Example/examples/read"
    head, star, rest = text.partition("*")
    if not star:
        return text
    if not head:
        return example_of(("Microsoft.Example/examples" if rest.startswith("/") else "Microsoft.Example/") + rest)
    if rest:
        return example_of(f"{head}{'examples' if head.endswith('/') else ''}{rest}")
    return f"{head}examples/read" if head.endswith("/") and head.count("/") == 1 else f"{head}read"


class Search(msgspec.Struct, frozen=True):
    """The operations of `piece` and all of `within`, in no `minus`, and in no `cover` or in some `spoil`."""

    piece: str
    minus: tuple[Operations, ...] = ()
    cover: tuple[Operations, ...] = ()
    spoil: tuple[Operations, ...] = ()
    within: tuple[str, ...] = ()

    def holds(self, operation: str) -> bool:
        """Return whether a concrete operation (in any case) is in the set."""
        operation = operation.lower()
        if not all(_any((text,), operation) for text in (self.piece, *self.within)):
            return False
        if any(m.holds(operation) for m in self.minus):
            return False
        return not any(c.holds(operation) for c in self.cover) or any(s.holds(operation) for s in self.spoil)

    def covered_by_one(self) -> int | None:
        """Return the index of a cover that holds the whole piece by itself, or None. Sound, not complete."""
        if "*" not in self.piece:
            operation = self.piece.lower()
            spoiled = any(s.holds(operation) for s in self.spoil)
            return None if spoiled else next((i for i, c in enumerate(self.cover) if c.holds(operation)), None)
        piece = operation_pattern(self.piece)
        gone = [operation_pattern(a) for m in self.minus if not m.nots for a in m.actions]

        def is_open(text: str) -> bool:
            pattern = operation_pattern(text)
            return not disjoint(pattern, piece) and not any(covers(g, pattern) for g in gone)

        if any(is_open(a) for s in self.spoil for a in s.actions):
            return None
        for i, cover in enumerate(self.cover):
            if any(covers(operation_pattern(a), piece) for a in cover.actions) and not any(map(is_open, cover.nots)):
                return i
        return None

    def find(self, candidates: Iterable[str] = ()) -> str | None:
        """Return an operation of the set, a candidate if one is in it; None if the set is empty.

        Exact. Raises `StateLimitError` if the construction grows too large.
        """
        if "*" not in self.piece:
            return self.piece if self.holds(self.piece) else None
        for candidate in (*candidates, *self._examples()):
            if self.holds(candidate):
                return candidate
        # Literals that only take points away are left out first: they are many, and rarely the whole of what is left.
        word = self._explore(literals=False)
        if word is None or self.holds(word):
            return word
        return self._explore(literals=True)

    def _examples(self) -> Iterable[str]:
        """Yield concrete operations of the piece near the edges of what covers it."""
        for operations in (*self.spoil, *(Operations(c.nots) for c in self.cover)):
            yield from map(example_of, operations.actions)
        yield from map(example_of, self.within)
        yield example_of(self.piece)

    def _explore(self, *, literals: bool) -> str | None:
        piece = operation_pattern(self.piece)
        order: dict[Pattern, int] = {}

        def bits(texts: Sequence[str], always: bool) -> int:
            """Return the mask of the patterns that matter; registers them."""
            mask = 0
            for text in texts:
                pattern = operation_pattern(text)
                if (always or literals or pattern.literal is None) and not disjoint(pattern, piece):
                    mask |= 1 << order.setdefault(pattern, len(order))
            return mask

        for pattern in (piece, _NOT_EMPTY, *map(operation_pattern, self.within)):
            order.setdefault(pattern, len(order))
        must = len(order)
        minus = [(bits(m.actions, False), bits(m.nots, True)) for m in self.minus]
        cover = [(bits(c.actions, False), bits(c.nots, True)) for c in self.cover]
        spoil = [(bits(s.actions, True), bits(s.nots, False)) for s in self.spoil]
        prune = 0
        for actions, nots in (*minus, *(() if any(a for a, _ in spoil) else cover)):
            prune |= 0 if nots else actions
        for mask, word in explore(tuple(order), must=must, prune_at=prune):
            if any(mask & a and not mask & n for a, n in minus):
                continue
            if any(mask & a and not mask & n for a, n in cover) and not any(
                mask & a and not mask & n for a, n in spoil
            ):
                continue
            return "".join(word)
        return None
