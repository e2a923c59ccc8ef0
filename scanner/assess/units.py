"""Which collection units a rule rests on, and whether they were read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from scanner.model.snapshot import SourceKind, Unit, UnitStatus


class Basis(msgspec.Struct, frozen=True):
    """What a rule needed in one scope, and how reading it ended."""

    unit_ids: tuple[str, ...]
    unread: tuple[Unit, ...]
    """Needed units that are not complete."""
    blocking: bool
    """One of the unread ones is required by the rule and by the scan."""
    not_in_input: bool
    """The input is a file that does not carry a kind the rule requires."""
    never_asked: tuple[str, ...]
    """Kinds the rule needs for which there is no unit at all."""
    from_file: bool = False
    """The snapshot was not read from a live account."""
    without_core: bool = False
    """One of the units that the rule requires, and does not only take into account, is not complete."""

    @property
    def only_not_in_input(self) -> bool:
        """Return whether everything unread is what a file does not carry, and nothing else."""
        return all(u.status is UnitStatus.NOT_IN_INPUT for u in self.unread) and (
            not self.never_asked or self.from_file
        )

    def reason(self) -> str:
        """Return what could not be read, in words."""
        named = [f"{kind} (never asked)" for kind in self.never_asked]
        named += [f"{u.kind}{'' if u.region == 'global' else ' in ' + u.region} ({_why(u)})" for u in self.unread]
        more = f" and {len(named) - 4} more" if len(named) > 4 else ""
        return ", ".join(named[:4]) + more


def _why(unit: Unit) -> str:
    if unit.status is UnitStatus.NOT_IN_INPUT:
        return "not in this input"
    return f"{unit.status.value}: {unit.error.code}" if unit.error else unit.status.value


def basis_of(requires: Sequence[str], supplementary: Sequence[str], units: Iterable[Unit], source: SourceKind) -> Basis:
    """Return the basis of a rule for one scope, given the scope's units."""
    needed = {*requires, *supplementary}
    mine = [u for u in units if u.kind in needed]
    unread = tuple(u for u in mine if u.status is not UnitStatus.COMPLETE)
    never_asked = tuple(sorted(needed - {u.kind for u in mine}))
    absent = {u.kind for u in unread if u.status is UnitStatus.NOT_IN_INPUT}
    absent |= set(never_asked) if source is not SourceKind.LIVE else set()
    blocking = any(
        u.kind in requires and u.required and u.status is not UnitStatus.NOT_IN_INPUT for u in unread
    ) or bool(set(never_asked) & set(requires) and source is SourceKind.LIVE)
    return Basis(
        unit_ids=tuple(sorted(u.unit_id for u in mine)),
        unread=unread,
        blocking=blocking,
        not_in_input=bool(absent & set(requires)),
        never_asked=never_asked,
        from_file=source is not SourceKind.LIVE,
        without_core=any(u.kind in requires for u in unread) or bool(set(never_asked) & set(requires)),
    )
