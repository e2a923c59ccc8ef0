"""Decide whether GCP access is inside documented access, exactly, with a permission that shows it when it is not.

A request is (permission, member, node, attributes). A side allows it if a binding at the node or above grants a
role that includes the permission, and no deny rule takes it away. What the documents leave open (a role not
given, a group's members, a hierarchy not given, a condition that cannot be decided) counts for the live side as
allowed and for the documented side as nothing; where the opposite would change the answer, the permissions are
undecided. Role definitions without any policy are compared by their permissions alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scanner.access.gcp.authorize import allows_gcp
from scanner.access.gcp.condition import Context, Gap, gaps, proposals
from scanner.access.gcp.deny import Denied, denied_at
from scanner.access.gcp.document import GcpSide, Grant, parse_gcp
from scanner.access.gcp.member import includes
from scanner.access.gcp.node import below
from scanner.access.outcome import comparison, settle, smallest
from scanner.access.pattern import StateLimitError
from scanner.access.records import Comparison, NamedDocument, Piece, Request, Undecided

# Permissions that say much to a reader; the first of them that is beyond is the example.
TELLING = (
    "resourcemanager.projects.setIamPolicy",
    "resourcemanager.folders.setIamPolicy",
    "resourcemanager.organizations.setIamPolicy",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccountKeys.create",
    "iam.roles.update",
    "secretmanager.versions.access",
    "storage.objects.get",
)


def compare_gcp(
    live: Sequence[NamedDocument],
    documented: Sequence[NamedDocument],
    *,
    parents: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare what the live documents grant with what the documented ones grant, in both directions.

    Documents are role definitions, allow policies (with `resource`, or in a shape that carries it) and deny
    policies. `parents` is the resource hierarchy, child to parent. Exact; what is not decided is `undecided`,
    never equal. Raises `PolicyError` naming document and key, `DisagreementError` if the second evaluator
    contradicts a witness.
    """
    ours, theirs = parse_gcp(live), parse_gcp(documented)
    here = _evaluator(live, parents or {})
    there = _evaluator(documented, parents or {})
    excess, certificate = _Direction(ours, theirs, here, there, parents or {}, "excess").run()
    missing, _ = _Direction(theirs, ours, there, here, parents or {}, "missing").run()
    return comparison(excess, missing, certificate, "gcp")


def _evaluator(documents: Sequence[NamedDocument], parents: Mapping[str, str]) -> Callable[[Request], bool | None]:
    bodies = [d.body for d in documents]
    return lambda request: allows_gcp(request, bodies, parents=parents)


class _Place(NamedTuple):
    member: str | None
    node: str | None


class _Rival(NamedTuple):
    """A grant of the other side that surely covers the place, or only may."""

    grant: Grant
    surely: bool

    @property
    def name(self) -> str:
        return f"{self.grant.document}: {self.grant.statement}"

    def holds(self, permission: str) -> bool:
        return self.grant.permissions is None or permission in self.grant.permissions


class _Group(NamedTuple):
    """Permissions that the same grants and deny rules of both sides concern."""

    permissions: tuple[str, ...]
    rivals: tuple[_Rival, ...]
    live_may_be_denied: bool
    base_denied: bool | None


class _Direction:
    """The grants of one side, held against the other."""

    def __init__(
        self,
        live: GcpSide,
        base: GcpSide,
        allowed_live: Callable[[Request], bool | None],
        allowed_base: Callable[[Request], bool | None],
        parents: Mapping[str, str],
        direction: str,
    ) -> None:
        self._live, self._base, self._parents, self._direction = live, base, parents, direction
        self._allowed_live, self._allowed_base = allowed_live, allowed_base

    def run(self) -> tuple[list[Piece | Undecided], list[dict[str, object]]]:
        """Return the grants that are not inside or not decided, and how the others are discharged."""
        found: list[Piece | Undecided] = []
        certificate: list[dict[str, object]] = [
            {"live": {"document": document, "statement": "", "actions": [], "resources": []}, "by": [], "how": why}
            for document, why in self._live.empty
        ]
        for grant in self._live.grants:
            outcomes = [o for place in self._places(grant) for o in self._decide(grant, place)]
            open_or_beyond = [o for o in outcomes if not isinstance(o, str)]
            found.extend(_first_of_each(open_or_beyond))
            if not open_or_beyond:
                by = list(dict.fromkeys(o for o in outcomes if isinstance(o, str)))
                certificate.append({"live": _where(grant), "by": by, "how": _how(grant, by)})
        return found, certificate

    def _places(self, grant: Grant) -> Iterator[_Place]:
        """Yield the places that can differ: the grant's own, and members and nodes of deny rules inside it."""
        rules = (*self._live.denies, *self._base.denies)
        members: dict[str | None, None] = {grant.member: None}
        nodes: dict[str | None, None] = {grant.node: None}
        for rule in rules:
            for named in (*rule.denied, *rule.excepted):
                if grant.member is not None and includes(grant.member, named):
                    members[named] = None
            if grant.node is not None and rule.node is not None and below(rule.node, grant.node, self._parents):
                nodes[rule.node] = None
        for member in members:
            for node in nodes:
                yield _Place(member, node)

    def _decide(self, grant: Grant, place: _Place) -> Iterator[Piece | Undecided | str]:
        """Yield what is beyond the other side or open at one place; a string names a grant that covers."""
        rivals = tuple(self._rivals(grant, place))
        if grant.permissions is None:
            yield self._unknown(grant, rivals)
            return
        live = denied_at(self._live.denies, grant.permissions, place.member, place.node, self._parents)
        wanted = grant.permissions - live.surely
        base = denied_at(self._base.denies, wanted, place.member, place.node, self._parents)
        for rival in rivals:
            covered = self._covered(grant, rival, wanted) - base.surely - base.perhaps
            if covered:
                yield rival.name
            wanted -= covered
        for group in _groups(wanted, rivals, live, base):
            yield self._group(grant, place, group)

    def _unknown(self, grant: Grant, rivals: Sequence[_Rival]) -> Undecided | str:
        """Settle a role that is not given: inside only the same role, not given either, granted as widely."""
        same = (r for r in rivals if r.surely and r.grant.permissions is None and r.grant.role == grant.role)
        inside = next((r for r in same if self._implied(grant, r.grant)), None)
        if inside is None or grant.hidden or self._base.denies:
            return self._undecided(grant, grant.unknown)
        return inside.name

    def _covered(self, grant: Grant, rival: _Rival, wanted: frozenset[str]) -> frozenset[str]:
        """Return which of the permissions the other side's grant surely gives, under a condition no narrower."""
        by_name = rival.grant.permissions is None and rival.grant.role == grant.role and not rival.grant.hidden
        if not rival.surely or not (by_name or rival.grant.permissions) or not self._implied(grant, rival.grant):
            return frozenset()
        return wanted & rival.grant.permissions if rival.grant.permissions is not None else wanted

    def _rivals(self, grant: Grant, place: _Place) -> Iterator[_Rival]:
        for other in self._base.grants:
            applies = _applies(other, place, self._parents)
            if applies is not False:
                yield _Rival(other, applies is True)

    def _implied(self, grant: Grant, other: Grant) -> bool:
        """Return whether the grant's condition implies the other's by itself."""
        if not other.expression:
            return True
        try:
            return next(gaps(grant.expression, [other.expression]), None) is None
        except StateLimitError:
            return False

    def _group(self, grant: Grant, place: _Place, group: _Group) -> Piece | Undecided | str:
        """Decide permissions that no single grant covers."""
        conditional = (
            [] if group.base_denied else [r for r in group.rivals if r.surely and r.grant.permissions is not None]
        )
        try:
            found = list(gaps(grant.expression, [r.grant.expression for r in conditional]))
        except StateLimitError:
            return self._undecided(grant, "too many combinations of conditions")
        if not found and group.base_denied is not None:
            return ", ".join(r.name for r in conditional) or "its condition never holds"
        open_reason = self._open_reason(grant, place, group)
        if not open_reason and found and found[0].certain:
            return self._settled(grant, place, group, found[0].context)
        confirmed = self._confirmed(grant, place, group, found)
        return confirmed or self._undecided(
            grant, open_reason or _CONDITION_OPEN, self._example(grant, place, group, found)
        )

    def _open_reason(self, grant: Grant, place: _Place, group: _Group) -> str:
        if group.live_may_be_denied or group.base_denied is None:
            return "whether a deny rule applies depends on its condition, a permission group or members not given"
        for rival in () if group.base_denied else group.rivals:
            if rival.grant.permissions is None:
                return rival.grant.unknown
            if not rival.surely and (rival.grant.member is None) != (place.member is None):
                both = f"`{rival.grant.document}` and `{grant.document}`"
                return f"{both}: only one side has policies, so member and node stay open"
            if not rival.surely:
                return f"whether `{rival.grant.document}` applies depends on members or a hierarchy that are not given"
        return ""

    def _confirmed(self, grant: Grant, place: _Place, group: _Group, found: Sequence[Gap]) -> Piece | Undecided | None:
        """Try concrete attributes on the second evaluator: only a confirmed request is beyond the other side."""
        expressions = [grant.expression, *(r.grant.expression for r in group.rivals)]
        expressions += [d.condition for d in (*self._live.denies, *self._base.denies)]
        if not any(expressions):
            return None
        for gap in (found or list(gaps(grant.expression, ())))[:8]:
            for context in proposals(gap, [e for e in expressions if e]):
                request = Request(place.member, _example_of(group.permissions), place.node or "*", context)
                if self._beyond(request):
                    return self._settled(grant, place, group, smallest(request, self._beyond).context)
        return None

    def _beyond(self, request: Request) -> bool:
        return self._allowed_live(request) is True and self._allowed_base(request) is False

    def _example(self, grant: Grant, place: _Place, group: _Group, found: Sequence[Gap]) -> tuple[Request, ...]:
        context = found[0].context if found else {}
        return (Request(place.member, _example_of(group.permissions), place.node or "*", context),)

    def _settled(self, grant: Grant, place: _Place, group: _Group, context: Context) -> Piece | Undecided:
        example = _example_of(group.permissions)
        piece = Piece(
            document=grant.document,
            statement=grant.statement,
            index=grant.index,
            actions=group.permissions,
            resources=(grant.node or "*",),
            conditions=grant.condition,
            principals={"members": [grant.member]} if grant.member else {},
            kind=self._kind(place, example),
            latent=False,
            witness=Request(place.member, example, place.node or "*", context),
        )
        return settle(piece, self._allowed_live, self._allowed_base, self._direction)

    def _kind(self, place: _Place, permission: str) -> str:
        """Return the first dimension in which nothing of the other side holds the example."""
        holding = [g for g in self._base.grants if g.permissions is not None and permission in g.permissions]
        if not holding:
            return "action"
        if place.member is not None:
            holding = [g for g in holding if g.member is not None and includes(g.member, place.member) is not False]
            if not holding:
                return "principal"
        if place.node is not None:
            holding = [
                g for g in holding if g.node is not None and below(place.node, g.node, self._parents) is not False
            ]
            if not holding:
                return "resource"
        return "condition" if any(g.condition for g in holding) else "action"

    def _undecided(self, grant: Grant, reason: str, witnesses: tuple[Request, ...] = ()) -> Undecided:
        return Undecided(grant.document, grant.statement, grant.index, reason, self._direction, witnesses)


_CONDITION_OPEN = "a condition can be neither shown to hold nor shown to fail"


def _applies(grant: Grant, place: _Place, parents: Mapping[str, str]) -> bool | None:
    """Return whether a grant is for this member at this node, conditions apart; None: not told."""
    if grant.member is None or place.member is None:
        return True if grant.member is place.member else None
    who = includes(grant.member, place.member)
    if grant.node is None or place.node is None:
        where: bool | None = True if grant.node is place.node else None
    else:
        where = below(place.node, grant.node, parents)
    if who is False or where is False:
        return False
    return True if who and where else None


def _groups(permissions: frozenset[str], rivals: Sequence[_Rival], live: Denied, base: Denied) -> Iterator[_Group]:
    """Yield the permissions by what concerns them, in the order of their names."""
    sorted_out: dict[tuple[tuple[int, ...], bool, bool | None], list[str]] = {}
    for permission in sorted(permissions):
        concerned = tuple(i for i, r in enumerate(rivals) if r.holds(permission))
        base_denied = True if permission in base.surely else None if permission in base.perhaps and concerned else False
        sorted_out.setdefault((concerned, permission in live.perhaps, base_denied), []).append(permission)
    for (concerned, may_be_denied, base_denied), names in sorted_out.items():
        yield _Group(tuple(names), tuple(rivals[i] for i in concerned), may_be_denied, base_denied)


def _example_of(permissions: Sequence[str]) -> str:
    return next((t for t in TELLING if t in permissions), permissions[0])


def _first_of_each(outcomes: Iterable[Piece | Undecided]) -> Iterator[Piece | Undecided]:
    """Yield pieces and open points, each said once though several places show it."""
    seen: set[object] = set()
    for outcome in outcomes:
        key = (outcome.actions, outcome.kind) if isinstance(outcome, Piece) else outcome.reason
        if key not in seen:
            seen.add(key)
            yield outcome


def _where(grant: Grant) -> dict[str, object]:
    return {
        "document": grant.document,
        "statement": grant.statement,
        "actions": [grant.role],
        "resources": [grant.node or "*"],
    }


def _how(grant: Grant, by: Sequence[str]) -> str:
    if not by:
        return "a deny rule takes all of it away"
    if grant.permissions is None:
        return "the same role, by its name"
    return f"the same member, node and condition or wider; {len(grant.permissions)} permissions"
