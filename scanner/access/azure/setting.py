"""What both sides say at one scope for one principal: what surely applies, and what only may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from scanner.access.azure.document import EVERYONE, AzureSide, Deny, Grant
from scanner.access.azure.operations import EVERYTHING, Operations, Search
from scanner.access.azure.scope import child_of, contains, segments


class Place(NamedTuple):
    """Where and by whom. None: the documents do not say."""

    scope: str | None
    principal: str | None


class Named(NamedTuple):
    """Operations and where they stand."""

    name: str
    operations: Operations


class Setting:
    """One live grant at one place, against the other side there."""

    def __init__(
        self,
        grant: Grant,
        place: Place,
        live: AzureSide,
        base: AzureSide,
        parents: Mapping[str, str],
        asked: tuple[str, ...] = (),
    ) -> None:
        """`asked`: patterns that every operation looked for must match as well."""
        self.grant, self.place, self._base = grant, place, base
        self._parents, self._asked = parents, asked
        plane = grant.rights.plane if grant.rights else ""
        self.certain: list[Named] = []
        self._maybe: list[tuple[Named, Grant, str]] = []
        for other in base.grants:
            self._sort(other, plane)
        self._live_denies = [x for d in live.denies if (x := _applied(d, place, plane, parents))]
        self._base_denies = [x for d in base.denies if (x := _applied(d, place, plane, parents))]

    def _sort(self, other: Grant, plane: str) -> None:
        """Put a grant of the other side among those that surely cover this place, or those that may."""
        if other.rights is not None and other.rights.plane != plane:
            return
        named = Named(f"{other.document}: {other.statement}", other.rights.operations if other.rights else EVERYTHING)
        applies = grant_applies(other, self.place, self._parents)
        if applies is False:
            return
        if applies and other.rights is not None and other.conditions <= self.grant.conditions:
            self.certain.append(named)
        else:
            self._maybe.append((named, other, self._open_reason(other, applies)))

    def _open_reason(self, other: Grant, applies: bool | None) -> str:
        if other.rights is None:
            return f"role definition `{other.role}` is not among the documents"
        if applies:
            return f"the condition of `{other.document}` can be neither shown to hold nor shown to fail"
        if (other.scope is None) != (self.place.scope is None):
            both = f"`{other.document}` and `{self.grant.document}`"
            return f"{both}: only one side has role assignments, so scope and principal stay open"
        return f"whether `{other.document}` applies here depends on a group's members or a hierarchy that is not given"

    def search(self, text: str, *, cautious: bool) -> Search:
        """Return the operations of `text` beyond the other side.

        Cautious: all that may be beyond (what is open is no cover, and forbids nothing live). Else only what
        surely is.
        """
        nots = self.grant.rights.operations.nots if self.grant.rights else ()
        minus = [Operations(nots)] if nots else []
        minus += [d.operations for d, sure in self._live_denies if sure or not cautious]
        cover = [c.operations for c in self.certain] + ([] if cautious else [m.operations for m, _, _ in self._maybe])
        spoil = [d.operations for d, sure in self._base_denies if sure or cautious]
        return Search(text, tuple(minus), tuple(cover), tuple(spoil), self._asked)

    def conditions(self) -> tuple[str, ...]:
        """Return every condition that may decide here, sorted."""
        texts = set(self.grant.conditions)
        for _, other, _ in self._maybe:
            texts |= other.conditions
        texts |= {d.condition for d in self._conditional if d.condition}
        return tuple(sorted(texts))

    @property
    def _conditional(self) -> list[Deny]:
        return [x.deny for x, sure in (*self._live_denies, *self._base_denies) if not sure]

    def kind_of(self, operation: str) -> str:
        """Return the first of action (or data), scope, principal and condition in which nothing covers it."""
        plane = self.grant.rights.plane if self.grant.rights else ""
        holding = [
            g
            for g in self._base.grants
            if g.rights and g.rights.plane == plane and g.rights.operations.holds(operation)
        ]
        if not holding:
            return "data" if plane == "data" else "action"
        if self.place.scope is None:
            return "condition"
        here = [g for g in holding if g.scope and contains(g.scope, self.place.scope, self._parents) is not False]
        if not here:
            return "scope"
        if not any(_same_principal(g, self.place.principal) for g in here):
            return "principal"
        denied = any(d.operations.holds(operation) for d, sure in self._base_denies if sure)
        return ("data" if plane == "data" else "action") if denied else "condition"

    def why_open(self, operation: str) -> str:
        """Return why an operation that may be beyond the other side is not shown to be."""
        for named, _, reason in self._maybe:
            if named.operations.holds(operation):
                return reason
        if any(d.operations.holds(operation) for d, sure in (*self._live_denies, *self._base_denies) if not sure):
            return "whether a deny assignment applies depends on its condition, a group or a hierarchy not given"
        return f"the condition of `{self.grant.document}` can be neither shown to hold nor shown to fail"


class _Applied(NamedTuple):
    deny: Deny
    operations: Operations


def _applied(deny: Deny, place: Place, plane: str, parents: Mapping[str, str]) -> tuple[_Applied, bool] | None:
    """Return the deny assignment with whether it surely applies at the place; None if it surely does not."""
    if deny.rights.plane != plane:
        return None
    reaches = _deny_reaches(deny, place.scope, parents)
    hits = _deny_hits(deny, place.principal)
    if reaches is False or hits is False:
        return None
    return _Applied(deny, deny.rights.operations), bool(reaches and hits and deny.condition is None)


def _deny_reaches(deny: Deny, scope: str | None, parents: Mapping[str, str]) -> bool | None:
    if deny.scope is None or scope is None:
        return None
    if deny.children:
        return contains(deny.scope, scope, parents)
    return segments(deny.scope) == segments(scope)


def _deny_hits(deny: Deny, principal: str | None) -> bool | None:
    """Return whether the deny assignment is for the principal; None where that takes a group's members."""
    if any(i == principal for i, _ in deny.excluded):
        return False
    named = any(i in (EVERYONE, principal) for i, _ in deny.principals)
    exempt = any(is_group for _, is_group in deny.excluded) or (principal is None and deny.excluded)
    if named:
        return None if exempt else True
    return None if principal is None or any(is_group for _, is_group in deny.principals) else False


def grant_applies(grant: Grant, place: Place, parents: Mapping[str, str]) -> bool | None:
    """Return whether a grant is for this principal at this scope, conditions apart; None: not told."""
    if grant.scope is None or place.scope is None:
        return True if grant.scope is place.scope else None
    reaches = contains(grant.scope, place.scope, parents)
    hits = True if grant.principal == place.principal else (None if grant.is_group else False)
    if reaches is False or hits is False:
        return False
    return True if reaches and hits else None


def _same_principal(grant: Grant, principal: str | None) -> bool:
    return grant.principal == principal or grant.is_group


def places(grant: Grant, live: AzureSide, base: AzureSide, parents: Mapping[str, str]) -> Iterator[Place]:
    """Yield the places that can differ: the grant's scope; where denies exist, each named one below and a child.

    Enough for exactness: a grant covers all below its scope, so only a deny can tell scopes below it apart.
    """
    yield Place(grant.scope, grant.principal)
    if grant.scope is None or not (live.denies or base.denies):
        return
    # What only an unknown hierarchy puts below the grant is tried too; the second evaluator leaves it open.
    named = [s for s in dict.fromkeys((*live.scopes, *base.scopes)) if contains(grant.scope, s, parents) is not False]
    for scope in dict.fromkeys((grant.scope, *named)):
        if scope != grant.scope:
            yield Place(scope, grant.principal)
        yield Place(child_of(scope, (*live.scopes, *base.scopes)), grant.principal)
