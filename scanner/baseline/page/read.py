"""Read a page of any style into roles with statements and trust, each with the line of the file it stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from scanner.access.catalogue import Catalogue
from scanner.baseline.page.json import holds_policies, parse_policies
from scanner.baseline.page.records import Line, PageInventory, PageNote, PageRole, Settlement
from scanner.baseline.page.source import PageText
from scanner.baseline.page.text import parse_lines
from scanner.baseline.page.trust import external_id_facts, heading_above, read_trust
from scanner.baseline.records import AwsBaseline

_NumberOf = Callable[[int], int]


def read_inventory(
    page: PageText, catalogue: Catalogue, *, document: str, vendor: str, settlements: tuple[Settlement, ...] = ()
) -> PageInventory:
    """Return the page's roles: from its tables of permissions, else from its policy documents in JSON.

    `document` is the short name put into each source, `vendor` the lower-case name in variables.
    """
    lines = list(page.lines)
    tables = parse_lines([line.text for line in lines], catalogue, document=document, settlements=settlements)
    if not tables.roles and holds_policies("\n".join(line.text for line in lines)):
        found = parse_policies(lines, catalogue, document=document)
        return replace(found, notices=(*page.notices, *found.notices))
    numbered = _renumbered(tables, lines)
    return _with_trust(numbered, lines, document, vendor, page.notices)


def settlements_of(versions: Iterable[AwsBaseline]) -> tuple[Settlement, ...]:
    """Return the statements of published policies whose operators known documented versions record."""
    found: dict[tuple[object, ...], Settlement] = {}
    for version in versions:
        for role in version.roles:
            for statement in role.statements:
                if statement.settled_by is not None:
                    actions = frozenset(action.lower() for action in statement.actions)
                    resources = frozenset(statement.resources)
                    conditions = statement.conditions
                    key = (statement.settled_by, actions, resources, str(conditions))
                    found[key] = Settlement(statement.settled_by, actions, resources, conditions)
    return tuple(found.values())


def _with_trust(
    inventory: PageInventory, lines: list[Line], document: str, vendor: str, notices: tuple[PageNote, ...]
) -> PageInventory:
    outside = {note.line for note in inventory.unused}
    inside = {line.number for line in lines if line.number not in outside}
    facts = external_id_facts(lines, [role.name for role in inventory.roles], inside, document)
    found: list[PageNote] = [*notices, *inventory.notices]
    roles: list[PageRole] = []
    for role in inventory.roles:
        trust, notes = read_trust(role, vendor, facts, document)
        found += notes
        if trust is not None and not trust.external_id.startswith("not") and role.assumable.lower().startswith("no"):
            found.append(
                PageNote(role.line, role.name, "assumable from outside by its sentence, not by the table of roles")
            )
        roles.append(replace(role, trust=trust, overview_heading=_overview_heading(role, lines)))
    used = {fact.source.line for fact in facts.values()}
    return replace(
        inventory,
        roles=tuple(roles),
        notices=tuple(sorted(found, key=lambda note: note.line)),
        unused=tuple(note for note in inventory.unused if note.line not in used),
    )


def _overview_heading(role: PageRole, lines: list[Line]) -> str:
    """Return the heading above the table that names the role: above its first row, dashes and header."""
    first = (role.overview_line or 0) - (role.overview_row or 0) + 1
    index = next((i for i, line in enumerate(lines) if line.number >= first), 0)
    return heading_above(lines, index) if role.overview_line else ""


def _renumbered(inventory: PageInventory, lines: list[Line]) -> PageInventory:
    """Return the inventory with lines of the file instead of positions in the list."""

    def number_of(position: int) -> int:
        return lines[position - 1].number if 0 < position <= len(lines) else position

    def notes(items: tuple[PageNote, ...]) -> tuple[PageNote, ...]:
        return tuple(replace(note, line=number_of(note.line)) for note in items)

    return replace(
        inventory,
        roles=tuple(_role(role, number_of) for role in inventory.roles),
        problems=notes(inventory.problems),
        unused=notes(inventory.unused),
        unknown_actions=notes(inventory.unknown_actions),
        notices=notes(inventory.notices),
    )


def _role(role: PageRole, number_of: _NumberOf) -> PageRole:
    return replace(
        role,
        line=number_of(role.line),
        overview_line=None if role.overview_line is None else number_of(role.overview_line),
        prose=tuple((number_of(number), text) for number, text in role.prose),
        statements=tuple(
            replace(statement, source=replace(statement.source, line=number_of(statement.source.line or 0)))
            for statement in role.statements
        ),
    )
