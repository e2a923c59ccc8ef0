"""Decide whether one set of policy documents is inside another, exactly, with witness and certificate.

A request is (action, resource, principal, context). A side allows a request if some Allow statement matches it and no
Deny statement does. Every live Allow statement is cut into pieces (one action pattern, one resource pattern, one
principal element); a piece is discharged when no request of it, unless a live Deny forbids it, lies outside the
documented side. docs/access.md explains the steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from math import prod

import msgspec

from scanner.access.catalogue import Catalogue, EmptyCatalogue
from scanner.access.piece import Discharged, Excess, Open, PieceOf, Verdict, pieces_of
from scanner.access.records import Answer, Comparison, NamedDocument, Piece, Question, Request, Undecided
from scanner.access.replay import Replay
from scanner.access.request import Place
from scanner.access.search import Searcher
from scanner.access.side import PRIMARY, Reading, Side, relevant_readings, relevant_statements
from scanner.access.statement import Statement, parse_documents, principal_elements

LAYER_LIMIT = 2_000
CERTIFICATE_SCHEMA = "porter-audit/certificate/v1"


def compare(
    live: Sequence[NamedDocument],
    documented: Sequence[NamedDocument],
    *,
    kind: str = "identity",
    catalogue: Catalogue | None = None,
    account_id: str | None = None,
    region: str = "us-east-1",
    partition: str = "aws",
    layers: Sequence[Sequence[NamedDocument]] = (),
) -> Comparison:
    """Compare the union of `live` with the union of `documented`; kind is `identity`, `trust` or `resource`.

    `layers` restrict what is live: a request also has to be allowed by each of them (a permissions boundary, one
    level of service control policies). With layers, what is missing is still counted from the documents alone. Raises
    `PolicyError` if a document is not valid.
    """
    ours, theirs = parse_documents(live, kind), parse_documents(documented, kind)
    place = Place(partition, region, account_id or "123456789012")
    job = _Job(
        catalogue or EmptyCatalogue(), place, kind, tuple(parse_documents(layer, "identity") for layer in layers)
    )
    excess, open_excess, certificate = job.uncovered(ours, theirs, "excess", Replay(live, documented, kind, layers))
    missing, open_missing, _ = job.uncovered(theirs, ours, "missing", Replay(documented, live, kind))
    undecided = (*open_excess, *open_missing)
    return Comparison(
        verdict=_verdict(bool(excess), bool(missing), bool(open_excess), bool(open_missing)),
        excess=excess,
        missing=missing,
        undecided=undecided,
        certificate={"schema": CERTIFICATE_SCHEMA, "kind": kind, "discharged": certificate},
    )


def _verdict(excess: bool, missing: bool, open_excess: bool, open_missing: bool) -> str:
    """Return the word: an excess is certain whatever else is open; containment needs every piece decided."""
    if excess:
        return "different" if missing else "broader"
    if open_excess:
        return "undecided"
    if missing:
        return "narrower"
    return "undecided" if open_missing else "equal"


class _Job:
    """Both directions of one comparison share catalogue and place."""

    def __init__(
        self, catalogue: Catalogue, place: Place, kind: str, layers: Sequence[tuple[Statement, ...]] = ()
    ) -> None:
        self.catalogue, self.place, self.kind, self.layers = catalogue, place, kind, layers

    def uncovered(
        self, live: Sequence[Statement], base: Sequence[Statement], direction: str, replay: Replay
    ) -> tuple[tuple[Piece, ...], tuple[Undecided, ...], list[dict[str, object]]]:
        """Return the pieces of `live` that `base` does not cover, the open ones, and how the others are discharged."""
        layers = self.layers if direction == "excess" else ()
        searchers = self._searchers(live, base, layers)
        excess: list[tuple[PieceOf, Piece]] = []
        still_open: list[Undecided] = []
        discharged: list[dict[str, object]] = []
        same = _unchanged(live, base, searchers.values())
        for s, twin in same:
            discharged += [
                {"live": where, "by": [f"{twin.document}: {twin.ref}"], "how": "covered by one statement"}
                for where in _places(s)
            ]
        settled = {s.index for s, _ in same}
        rest = [s for s in live if s.index not in settled]
        for group in _groups(rest, searchers.values(), apart=bool(layers)):
            verdicts = _verdicts(group[0], searchers, layers)
            first = verdicts[0][1]
            if isinstance(first, Discharged) and all(isinstance(v, Discharged) for _, v in verdicts):
                discharged.append({"live": _where(group), "by": list(first.by), "how": first.how})
                continue
            for piece in group:
                verdicts = _verdicts(piece, searchers, layers)
                first = verdicts[0][1]
                if isinstance(first, Excess) and (
                    objection := replay.objection(first.request(), tentative=first.tentative)
                ):
                    verdicts[0] = (verdicts[0][0], Open(objection))
                first = verdicts[0][1]
                if isinstance(first, Excess) and all(isinstance(v, Excess) for _, v in verdicts):
                    excess.append((piece, self._piece(piece, first, searchers[PRIMARY])))
                else:
                    still_open.append(self._undecided(piece, verdicts, direction))
        excess.sort(key=lambda found: found[0].place)
        return tuple(piece for _, piece in excess), tuple(still_open), discharged

    def _searchers(
        self, live: Sequence[Statement], base: Sequence[Statement], layers: Sequence[Sequence[Statement]]
    ) -> dict[Reading, Searcher]:
        searchers = {}
        within = [s for layer in layers for s in layer]
        for reading in relevant_readings([*live, *base, *within]):
            statements = [*live, *(s for s in within if not s.allow)]
            one = Side.of(statements, reading, own=True)
            other = Side.of(relevant_statements(base, statements, reading), reading, own=False)
            searchers[reading] = Searcher(one, other, reading, self.catalogue, self.place, self.kind, within)
        return searchers

    def _piece(self, piece: PieceOf, found: Excess, searcher: Searcher) -> Piece:
        statement = piece.statement
        return Piece(
            document=statement.document,
            statement=statement.ref,
            index=statement.index,
            actions=piece.printed_actions(),
            resources=piece.printed_resources(),
            conditions=statement.raw.get("Condition", {}),
            principals={piece.principal[0]: [piece.principal[1]]} if piece.principal else {},
            kind=searcher.kind_of(found),
            latent=found.latent,
            witness=found.request(),
        )

    def _undecided(self, piece: PieceOf, verdicts: Sequence[tuple[Reading, object]], direction: str) -> Undecided:
        reasons = [v.reason for _, v in verdicts if isinstance(v, Open)]
        found = [(r, v) for r, v in verdicts if isinstance(v, Excess)]
        reason = reasons[0] if reasons else "reading: beyond only if " + " or ".join(r.words() for r, _ in found)
        statement = piece.statement
        witnesses = tuple(v.request() for _, v in found)
        return Undecided(statement.document, statement.ref, statement.index, reason, direction, witnesses)


def _unchanged(
    live: Sequence[Statement], base: Sequence[Statement], searchers: Collection[Searcher]
) -> list[tuple[Statement, Statement]]:
    """Return the Allow statements that stand on both sides alike, where no Deny of the other side can matter."""
    if any(searcher.other.denies for searcher in searchers):
        return []
    twins = {_content(s): s for s in reversed(base) if s.allow}
    return [(s, twins[content]) for s in live if s.allow and (content := _content(s)) in twins]


def _content(s: Statement) -> tuple[object, ...]:
    """Return what a statement means, without its names."""
    return (s.actions, s.not_actions, s.resources, s.not_resources, s.principals, s.not_principals, s.clauses)


def _places(s: Statement) -> list[dict[str, object]]:
    """Return where a whole statement stands, one entry per resource as the certificate lists them."""
    first = {p.resource: p for p in pieces_of([s]) if p.action in (0, None)}
    return [
        {**_where([p]), "actions": list(p.printed_actions() if s.not_actions else s.printed_actions)}
        for p in first.values()
    ]


def _groups(
    statements: Sequence[Statement], searchers: Collection[Searcher], *, apart: bool
) -> Iterator[list[PieceOf]]:
    """Yield the pieces in groups that are either all discharged or none is.

    Pieces of one statement that differ only in a literal action share their fate if the same statements name both
    actions. With `apart` every piece is a group of its own.
    """
    groups: dict[object, list[PieceOf]] = {}
    known: dict[str, object] = {}
    for piece in pieces_of(statements):
        literal = None if apart else piece.literal_action()
        if literal is None:
            names: object = piece.action
        elif literal in known:
            names = known[literal]
        else:
            names = known[literal] = tuple([s.naming(literal) for s in searchers])
        groups.setdefault((piece.statement.index, names, piece.resource, piece.principal), []).append(piece)
    yield from groups.values()


def _verdicts(
    piece: PieceOf, searchers: Mapping[Reading, Searcher], layers: Sequence[Sequence[Statement]]
) -> list[tuple[Reading, Verdict]]:
    return [(reading, _within(searcher, piece, layers)) for reading, searcher in searchers.items()]


def _within(searcher: Searcher, piece: PieceOf, layers: Sequence[Sequence[Statement]]) -> Verdict:
    """Return the verdict on a piece restricted by layers: one Allow piece of each layer has to match as well."""
    if not layers:
        return searcher.decide(piece)
    choices = [list(pieces_of(layer)) for layer in layers]
    if prod(map(len, choices)) > LAYER_LIMIT:
        return Open(f"more than {LAYER_LIMIT} combinations of layers")
    verdicts = [searcher.decide(piece, also) for also in product(*choices)]
    for verdict in verdicts:
        if isinstance(verdict, Excess):
            return verdict
    open_verdict = next((v for v in verdicts if isinstance(v, Open)), None)
    return open_verdict or Discharged((), "covered, or not allowed by a layer")


def _where(group: Sequence[PieceOf]) -> dict[str, object]:
    piece = group[0]
    return {
        "document": piece.statement.document,
        "statement": piece.statement.ref,
        "actions": [action for each in group for action in each.printed_actions()],
        "resources": list(piece.printed_resources()),
    }


def ask(
    documents: Sequence[NamedDocument],
    question: Question,
    *,
    kind: str = "identity",
    catalogue: Catalogue | None = None,
    account_id: str | None = None,
    region: str = "us-east-1",
    partition: str = "aws",
) -> Answer:
    """Return whether the union of `documents` allows any request of the question.

    Raises `PolicyError` if a document or the question is not valid.
    """
    statements = parse_documents(documents, kind)
    asked = _asked(question, kind)
    place = Place(partition, region, account_id or "123456789012")
    replay = Replay(documents, (), kind)
    pieces = [(piece, piece.literal_action()) for piece in pieces_of(statements)]
    witness: Request | None = None
    names: list[str] = []
    reason = ""
    for reading in relevant_readings([*statements, *asked]):
        searcher = Searcher(
            Side.of(statements, reading, own=True), Side(()), reading, catalogue or EmptyCatalogue(), place, kind, asked
        )
        for target in pieces_of(asked):
            wanted = target.literal_action()
            for piece, named in pieces:
                # No request has two actions: two that are written out and differ have none in common.
                if wanted is not None and named is not None and named != wanted:
                    continue
                verdict = searcher.decide(piece, (target,))
                if isinstance(verdict, Excess) and (
                    objection := replay.objection(verdict.request(), tentative=verdict.tentative)
                ):
                    verdict = Open(objection)
                if isinstance(verdict, Excess):
                    witness = witness or verdict.request()
                    names.append(f"{piece.statement.document}: {piece.statement.ref}")
                elif isinstance(verdict, Open):
                    reason = reason or verdict.reason
    if witness:
        return Answer("possible", witness, statements=tuple(dict.fromkeys(names)))
    return Answer("undecided", reason=reason) if reason else Answer("impossible")


def _asked(question: Question, kind: str) -> tuple[Statement, ...]:
    """Return one Allow statement per action and resource of the question."""
    statements: list[Statement] = []
    for action in question.actions:
        for resource in question.resources:
            raw = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": question.conditions}
            body = {"Version": "2012-10-17", "Statement": [raw]}
            (statement,) = parse_documents([NamedDocument("question", body)], "identity")
            statements.append(statement)
    if kind == "identity" or not question.principals:
        return tuple(statements)
    elements = principal_elements(question.principals, "question: principals")
    return tuple(msgspec.structs.replace(s, principals=(element,)) for s in statements for element in elements)


__all__ = ["Answer", "Comparison", "EmptyCatalogue", "ask", "compare"]
