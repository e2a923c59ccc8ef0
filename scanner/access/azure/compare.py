"""Decide whether Azure access is inside documented access, exactly, with an operation that shows it when it is not.

A request is (operation, plane, scope, principal). A side allows it if some grant holds it and no deny
assignment does. What the documents leave open (a condition, a group's members, a hierarchy not given, a role
not given) counts for the live side as allowed and for the documented side as nothing; where the opposite would
change the answer, the piece is undecided. Role definitions without any assignment are compared by their
operations alone, as if assigned to the same principal at the same scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from scanner.access.azure.authorize import allows_azure
from scanner.access.azure.condition import contexts
from scanner.access.azure.document import AzureSide, Grant, parse_azure
from scanner.access.azure.operations import CONTROL, DATA, TELLING, OperationCatalogue, Operations, Search
from scanner.access.azure.scope import contains
from scanner.access.azure.setting import Place, Setting, grant_applies, places
from scanner.access.outcome import comparison, settle, smallest
from scanner.access.pattern import StateLimitError
from scanner.access.records import Answer, Comparison, NamedDocument, Piece, Request, Undecided

_TRIED_WITH_CONDITIONS = 6
_SOME_SCOPE = "/subscriptions/00000000-0000-0000-0000-000000000000"


def compare_azure(
    live: Sequence[NamedDocument],
    documented: Sequence[NamedDocument],
    *,
    catalogue: OperationCatalogue | None = None,
    parents: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare what the live documents grant with what the documented ones grant, in both directions.

    Documents are role definitions, role assignments and deny assignments in the shape of the API, SDK or CLI.
    `parents` gives the management group above a subscription or management group, as scopes. Exact; what is not
    decided is `undecided`, never equal. Raises `PolicyError` naming document and key, `DisagreementError` if
    the second evaluator contradicts a witness.
    """
    ours, theirs = parse_azure(live), parse_azure(documented)
    hierarchy = parents or {}
    excess, certificate = _Direction(ours, theirs, live, documented, catalogue, hierarchy, "excess").run()
    missing, _ = _Direction(theirs, ours, documented, live, catalogue, hierarchy, "missing").run()
    return comparison(excess, missing, certificate, "azure")


class _Direction:
    """The pieces of one side, held against the other."""

    def __init__(
        self,
        live: AzureSide,
        base: AzureSide,
        live_documents: Sequence[NamedDocument],
        base_documents: Sequence[NamedDocument],
        catalogue: OperationCatalogue | None,
        parents: Mapping[str, str],
        direction: str,
    ) -> None:
        self.live, self.base, self.parents, self.direction = live, base, parents, direction
        self._live_bodies = [d.body for d in live_documents]
        self._base_bodies = [d.body for d in base_documents]
        self._published = {p: tuple(catalogue.operations(p)) for p in (CONTROL, DATA)} if catalogue else {}
        self._known = {p: frozenset(map(str.lower, names)) for p, names in self._published.items()}
        self._literals = {p: tuple(t for t in _texts(p, live, base) if "*" not in t) for p in (CONTROL, DATA)}
        self._texts = (*_texts(DATA, live, base), *_texts(CONTROL, live, base))

    def run(self) -> tuple[list[Piece | Undecided], list[dict[str, object]]]:
        """Return the pieces that are not inside or not decided, and how the others are discharged."""
        found: list[Piece | Undecided] = []
        certificate: list[dict[str, object]] = [_nothing(name) for name in self.live.empty]
        for grant in self.live.grants:
            if grant.rights is None:
                self._unknown(grant, found, certificate)
                continue
            settings = [
                Setting(grant, place, self.live, self.base, self.parents)
                for place in places(grant, self.live, self.base, self.parents)
            ]
            for text in grant.rights.operations.actions:
                outcome = self.decide(grant, text, settings)
                if isinstance(outcome, dict):
                    certificate.append(outcome)
                else:
                    found.append(outcome)
        return found, certificate

    def _unknown(self, grant: Grant, found: list[Piece | Undecided], certificate: list[dict[str, object]]) -> None:
        """Settle an assignment of a role that is not given: inside only the same role, assigned as widely."""
        place = Place(grant.scope, grant.principal)
        same = [g for g in self.base.grants if g.rights is None and g.role == grant.role]
        inside = [g for g in same if grant_applies(g, place, self.parents) and g.conditions <= grant.conditions]
        if inside and not self.base.denies:
            by = [f"{g.document}: {g.statement}" for g in inside]
            certificate.append({"live": _where(grant, ()), "by": by, "how": "the same role, by its id"})
        else:
            reason = f"role definition `{grant.role}` is not among the documents"
            found.append(Undecided(grant.document, grant.statement, grant.index, reason, self.direction))

    def decide(self, grant: Grant, text: str, settings: Sequence[Setting]) -> Piece | Undecided | dict[str, object]:
        """Decide one operation pattern of one grant at every place that can differ."""
        still_open: Undecided | None = None
        how: list[tuple[list[str], str]] = []
        for setting in settings:
            try:
                outcome = self._at(grant, text, setting)
            except StateLimitError:
                outcome = self._undecided(grant, "too many overlapping patterns")
            if isinstance(outcome, Piece):
                return outcome
            if isinstance(outcome, Undecided):
                still_open = still_open or outcome
            else:
                how.append(outcome)
        if still_open:
            return still_open
        by = list(dict.fromkeys(name for names, _ in how for name in names))
        return {"live": _where(grant, (text,)), "by": by, "how": how[0][1]}

    def _at(self, grant: Grant, text: str, setting: Setting) -> Piece | Undecided | tuple[list[str], str]:
        """Decide one operation pattern at one place; a tuple says what discharges it."""
        cautious = setting.search(text, cautious=True)
        one = cautious.covered_by_one()
        if one is not None:
            return [setting.certain[one].name], "one grant covers it"
        found = cautious.find(self._candidates(grant))
        if found is None:
            return [c.name for c in setting.certain], "all grants together cover it, or a deny assignment forbids it"
        if not grant.conditions:
            certain = setting.search(text, cautious=False).find(self._candidates(grant))
            if certain is not None:
                return self._settled(grant, text, setting, certain, {})
        return self._with_conditions(grant, text, setting, cautious, found)

    def _settled(
        self, grant: Grant, text: str, setting: Setting, operation: str, context: Mapping[str, str | list[str]]
    ) -> Piece | Undecided:
        piece = Piece(
            document=grant.document,
            statement=grant.statement,
            index=grant.index,
            actions=(text,),
            resources=(grant.scope,) if grant.scope else ("*",),
            conditions={"condition": sorted(grant.conditions)} if grant.conditions else {},
            principals={"principalId": [grant.principal]} if grant.principal else {},
            kind=setting.kind_of(operation.lower()),
            latent=self._latent(grant, operation),
            witness=self._request(grant, setting, operation, context),
        )
        return settle(piece, self._allowed_live, self._allowed_base, self.direction)

    def _with_conditions(
        self, grant: Grant, text: str, setting: Setting, cautious: Search, found: str
    ) -> Piece | Undecided:
        """Try concrete contexts on the second evaluator: only a confirmed one is an excess, the rest stays open."""
        candidates = (c for c in (found, *self._candidates(grant)) if cautious.holds(c))
        conditions = setting.conditions()
        tried = list(dict.fromkeys(candidates))[:_TRIED_WITH_CONDITIONS] if conditions else []
        for operation in tried:
            for context in contexts(conditions):
                request = self._request(grant, setting, operation, context)
                if self._beyond(request):
                    return self._settled(grant, text, setting, operation, smallest(request, self._beyond).context)
        return self._undecided(grant, setting.why_open(found.lower()), (self._request(grant, setting, found, {}),))

    def _beyond(self, request: Request) -> bool:
        return self._allowed_live(request) is True and self._allowed_base(request) is False

    def _request(
        self, grant: Grant, setting: Setting, operation: str, context: Mapping[str, str | list[str]]
    ) -> Request:
        plane = grant.rights.plane if grant.rights else CONTROL
        scope = setting.place.scope or self._named_scope()
        return Request(setting.place.principal, self._spelled(operation), scope, {"plane": plane, **context})

    def _named_scope(self) -> str:
        """Return a scope for definitions without assignment: an assignable one, where one is below the root."""
        return next((s for s in (*self.live.scopes, *self.base.scopes) if s != "/"), _SOME_SCOPE)

    def _spelled(self, operation: str) -> str:
        """Return an operation found by construction with the segments spelled as the documents spell them."""
        if operation != operation.lower():
            return operation
        spelling = {s.lower(): s for text in self._texts for s in text.split("/")}
        return "/".join(spelling.get(s, s) for s in operation.split("/"))

    def _candidates(self, grant: Grant) -> Iterator[str]:
        plane = grant.rights.plane if grant.rights else CONTROL
        yield from TELLING[plane] if not self._known else (t for t in TELLING[plane] if t.lower() in self._known[plane])
        yield from self._published.get(plane, ())
        yield from self._literals[plane]

    def _latent(self, grant: Grant, operation: str) -> bool:
        plane = grant.rights.plane if grant.rights else CONTROL
        return bool(self._known) and operation.lower() not in self._known[plane]

    def _allowed_live(self, request: Request) -> bool | None:
        return allows_azure(request, self._live_bodies, parents=self.parents)

    def _allowed_base(self, request: Request) -> bool | None:
        return allows_azure(request, self._base_bodies, parents=self.parents)

    def _undecided(self, grant: Grant, reason: str, witnesses: tuple[Request, ...] = ()) -> Undecided:
        return Undecided(grant.document, grant.statement, grant.index, reason, self.direction, witnesses)


def _texts(plane: str, *sides: AzureSide) -> tuple[str, ...]:
    """Return the operations and patterns the documents name, in order."""
    rights = [g.rights for side in sides for g in side.grants] + [d.rights for side in sides for d in side.denies]
    texts = (t for r in rights if r and r.plane == plane for t in (*r.operations.nots, *r.operations.actions))
    return tuple(dict.fromkeys(texts))


def _where(grant: Grant, actions: Iterable[str]) -> dict[str, object]:
    return {
        "document": grant.document,
        "statement": grant.statement,
        "actions": list(actions),
        "resources": [grant.scope or "*"],
    }


def _nothing(name: str) -> dict[str, object]:
    live = {"document": name, "statement": "", "actions": [], "resources": []}
    return {"live": live, "by": [], "how": "its permissions are empty: it grants nothing"}


def ask_azure(
    documents: Sequence[NamedDocument],
    operations: Sequence[str],
    *,
    scope: str | None = None,
    plane: str | None = None,
    catalogue: OperationCatalogue | None = None,
    parents: Mapping[str, str] | None = None,
) -> Answer:
    """Return whether the documents grant any operation of these patterns, at `scope` or below it (None: anywhere).

    `plane` is `control`, `data` or None for both. Exact, or `undecided`. Raises `PolicyError`.
    """
    side, hierarchy = parse_azure(documents), parents or {}
    nothing = AzureSide((), (), True, (), ())
    work = _Direction(side, nothing, documents, (), catalogue, hierarchy, "excess")
    witness: Request | None = None
    names: list[str] = []
    reasons: list[str] = []
    for grant in side.grants:
        where = _asked_place(grant, scope, hierarchy)
        if where is False:
            continue
        if grant.rights is None:
            reasons.append(f"role definition `{grant.role}` is not among the documents")
            continue
        if plane not in (None, grant.rights.plane):
            continue
        verdict = _asked(work, _at_scope(grant, where), operations)
        if isinstance(verdict, Request) and where is not None:
            witness = witness or verdict
            names.append(f"{grant.document}: {grant.statement}")
        elif verdict is not None:
            reasons.append(verdict if isinstance(verdict, str) else "the hierarchy above the scope is not given")
    if witness:
        return Answer("possible", witness, statements=tuple(dict.fromkeys(names)))
    return Answer("undecided", reason=reasons[0]) if reasons else Answer("impossible")


def _asked_place(grant: Grant, scope: str | None, parents: Mapping[str, str]) -> str | bool | None:
    """Return where in the asked scope the grant applies; True: as granted; False: nowhere; None: not known."""
    if scope is None or grant.scope is None or contains(scope, grant.scope, parents):
        return True
    inside = contains(grant.scope, scope, parents)
    return scope if inside else inside


def _at_scope(grant: Grant, where: str | bool | None) -> Grant:
    return msgspec.structs.replace(grant, scope=where) if isinstance(where, str) else grant


def _asked(work: _Direction, grant: Grant, operations: Sequence[str]) -> Request | str | None:
    """Return a request the grant allows, the reason why that stays open, or None."""
    reason: str | None = None
    for asked in operations:
        for place in places(grant, work.live, work.base, work.parents):
            setting = Setting(grant, place, work.live, work.base, work.parents, (asked,))
            for text in grant.rights.operations.actions if grant.rights else ():
                outcome = work.decide(grant, text, [setting])
                if isinstance(outcome, Piece):
                    return outcome.witness
                if isinstance(outcome, Undecided):
                    reason = reason or outcome.reason
    return reason


__all__ = ["OperationCatalogue", "Operations", "ask_azure", "compare_azure"]
