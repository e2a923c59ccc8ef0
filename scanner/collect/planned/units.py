"""Collection units of what a Terraform plan will make in GCP or Azure: pages, open points, and what is not judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from scanner import __version__
from scanner.collect.exports.gaad import Reading
from scanner.collect.strict_json import shown
from scanner.model.common import JsonObject
from scanner.model.kinds import CALL, UnitKind
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitError, UnitStatus

_SHOWN = 6


class PlannedUnits:
    """What a plan says of one scope, kind by kind. A kind that is neither filled nor opened is not in the input."""

    def __init__(self) -> None:
        self.pages: dict[str, list[JsonObject]] = {}
        self.lost: dict[str, list[str]] = {}
        """Kind -> why it may not be whole; with one reason it never counts as complete."""
        self.notes: list[str] = []
        """What else stands in the plan, for the coverage list."""

    def open(self, *kinds: str) -> None:
        """Say that a plan shows these kinds, even where it makes nothing of them."""
        for kind in kinds:
            self.pages.setdefault(kind, [])

    def add(self, kind: str, operation: str, params: JsonObject, answer: JsonObject) -> None:
        """Add what a live call would answer once the plan is applied."""
        page: JsonObject = {CALL: {"operation": operation, "params": params}, **answer}
        self.pages.setdefault(kind, []).append(page)

    def lose(self, reason: str, *kinds: str) -> None:
        """Say why some kinds are not known as a whole."""
        for kind in kinds:
            self.lost.setdefault(kind, []).append(reason)


def planned_scope(
    scope: Scope,
    made: PlannedUnits,
    kinds: Iterable[UnitKind],
    *,
    unit_id: Callable[[str], str],
    apis: Callable[[str], tuple[str, ...]],
    scope_of: Callable[[str], str] | None = None,
) -> list[Unit]:
    """Return the units of one scope, with one more for the notes if there are any.

    `scope_of` names the scope of a kind where that is another, as a subscription's tenant is.
    """
    units = []
    for kind in kinds:
        owner = scope_of(kind.kind) if scope_of else scope.id
        units.append(_unit(scope.cloud, kind, made, unit_id(kind.kind), owner, apis(kind.kind)))
    if made.notes:
        others = f"{scope.cloud}.template.other_resources"
        said = UnitError("NotJudged", _joined(made.notes))
        status = UnitStatus.NOT_IN_INPUT
        units.append(Unit(unit_id(others), others, scope.cloud, scope.id, "global", False, status, (), error=said))
    return units


def _unit(
    cloud: str, kind: UnitKind, made: PlannedUnits, unit_id: str, scope_id: str, apis: tuple[str, ...]
) -> Unit:
    pages = made.pages.get(kind.kind)
    unit = Unit(
        unit_id=unit_id,
        kind=kind.kind,
        cloud=cloud,
        scope_id=scope_id,
        region="global",
        required=kind.required,
        status=UnitStatus.NOT_IN_INPUT,
        apis=apis,
        error=UnitError("NotInInput", "the input is a Terraform plan, which does not show this"),
    )
    lost = _joined(made.lost.get(kind.kind, []))
    if pages is None and not lost:
        return unit
    return msgspec.structs.replace(
        unit,
        status=UnitStatus.TRUNCATED if lost else UnitStatus.COMPLETE,
        pages=tuple(pages or ()),
        items=len(pages or ()),
        error=UnitError("Undecided", lost) if lost else None,
    )


def _joined(reasons: list[str]) -> str:
    unique = list(dict.fromkeys(shown(" ".join(reason.split()), 200) for reason in reasons))
    more = f"; and {len(unique) - _SHOWN} more" if len(unique) > _SHOWN else ""
    return "; ".join(unique[:_SHOWN]) + more


def planned_part(reading: Reading, scopes: list[Scope], units: list[Unit]) -> Snapshot:
    """Return the snapshot of what a plan makes in one cloud; names in it are cleaned as anything else from outside."""
    pages = [page for unit in units for page in unit.pages]
    for page in pages:
        reading.redactor.scrub(page)
    units = [_cleaned(unit, reading) for unit in units]
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.TEMPLATE,
        tool_version=__version__,
        collected_at=reading.now,
        scopes=tuple(scopes),
        units=tuple(units),
        external_ids=reading.redactor.facts(),
        redactions=reading.redactor.count,
    )


def _cleaned(unit: Unit, reading: Reading) -> Unit:
    if unit.error is None:
        return unit
    said = UnitError(unit.error.code, reading.redactor.message(unit.error.message))
    return msgspec.structs.replace(unit, error=said)
