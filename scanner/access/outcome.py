"""What the Azure and GCP comparisons share: the verdict's word, and the replay of every witness."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from scanner.access.records import Comparison, Piece, Request, Undecided
from scanner.errors import DisagreementError

CERTIFICATE_SCHEMA = "porter-audit/certificate/v1"

Evaluator = Callable[[Request], bool | None]


def settle(piece: Piece, allows: Evaluator, forbids: Evaluator, direction: str) -> Piece | Undecided:
    """Return the piece if the second evaluator agrees: the witness is allowed by its own side and not by the other.

    Where that evaluator leaves it open the piece is undecided. Raises `DisagreementError` if it contradicts.
    """
    here, there = allows(piece.witness), forbids(piece.witness)
    if here is False or there is True:
        said = "does not allow it" if here is False else "allows it on the other side"
        raise DisagreementError(
            f"document `{piece.document}`: witness `{piece.witness.action}` on `{piece.witness.resource}`: "
            f"the second evaluator {said}"
        )
    if here is None or there is None:
        reason = "the second evaluator leaves the example request open"
        return Undecided(piece.document, piece.statement, piece.index, reason, direction, (piece.witness,))
    return piece


def smallest(request: Request, shows: Callable[[Request], bool]) -> Request:
    """Return the request without the context keys that it does not need to show what it shows."""
    for key in sorted(request.context):
        without = {k: v for k, v in request.context.items() if k != key}
        reduced = msgspec.structs.replace(request, context=without)
        if shows(reduced):
            request = reduced
    return request


def comparison(
    excess: Sequence[Piece | Undecided],
    missing: Sequence[Piece | Undecided],
    certificate: Sequence[dict[str, object]],
    kind: str,
) -> Comparison:
    """Return the result of both directions."""
    beyond = tuple(p for p in excess if isinstance(p, Piece))
    lacking = tuple(p for p in missing if isinstance(p, Piece))
    still_open = tuple(p for p in (*excess, *missing) if isinstance(p, Undecided))
    verdict = _verdict(
        bool(beyond),
        bool(lacking),
        any(u.direction == "excess" for u in still_open),
        any(u.direction == "missing" for u in still_open),
    )
    discharged = {"schema": CERTIFICATE_SCHEMA, "kind": kind, "discharged": list(certificate)}
    return Comparison(verdict, beyond, lacking, still_open, discharged)


def _verdict(excess: bool, missing: bool, open_excess: bool, open_missing: bool) -> str:
    """Return the word: an excess is certain whatever else is open; containment needs every piece decided."""
    if excess:
        return "different" if missing else "broader"
    if open_excess:
        return "undecided"
    if missing:
        return "narrower"
    return "undecided" if open_missing else "equal"
