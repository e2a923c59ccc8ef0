"""From the engine's comparison to what a finding shows: the difference, and the example request."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.access.records import Comparison, Piece, Request
from scanner.model.common import JsonObject
from scanner.model.finding import Diff, DiffEntry, Witness
from scanner.rules.words import listed, quote


def witness_of(request: Request | None, path: Sequence[str] = ()) -> Witness | None:
    """Return the engine's request as the finding's example; the engine has run it on the second evaluator."""
    if request is None:
        return None
    context: JsonObject = dict(request.context)
    return Witness(request.principal, request.action, request.resource, context, tuple(path), replayed=True)


def spoken(request: Request | Witness | None) -> str:
    """Return an example request in words."""
    if request is None:
        return "no example request"
    text = f"{quote(request.action)} on {quote(request.resource)}"
    if request.principal:
        text += f" by {quote(request.principal)}"
    pairs = [f"{k}={v if isinstance(v, str) else '|'.join(map(str, v))}" for k, v in sorted(request.context.items())]
    return text + (f" with {listed(pairs, 3)}" if pairs else "")


def entry(piece: Piece) -> DiffEntry:
    """Return a piece of access as a line of the difference."""
    return DiffEntry(
        kind=piece.kind,
        statement=f"{piece.document}: {piece.statement}",
        actions=piece.actions,
        resources=piece.resources,
        conditions=piece.conditions,
        principals=piece.principals,
        latent=piece.latent,
        witness=witness_of(piece.witness),
    )


def difference(comparison: Comparison, excess: Sequence[Piece] | None = None) -> Diff:
    """Return documented versus live, whole or for some of the excess."""
    added = comparison.excess if excess is None else excess
    return Diff(
        added=tuple(entry(p) for p in added),
        removed=tuple(entry(p) for p in comparison.missing),
        undecided=tuple(f"{u.document}: {u.statement}: {u.reason}" for u in comparison.undecided),
    )


def open_reasons(comparison: Comparison, direction: str = "excess") -> tuple[str, ...]:
    """Return why the comparison is not decided in one direction."""
    return tuple(u.reason for u in comparison.undecided if u.direction == direction)
