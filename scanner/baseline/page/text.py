"""Read a documentation page that was saved as plain text into documented roles, with the place of every row.

Page style: one heading per role, sentences, then a table `Statement | Resource path | Actions | Condition` whose cells
lost their line breaks. A table of roles (`Role | Created by | ...`) names the headings; without one, a bare name is.
"""

from __future__ import annotations

import re

import msgspec

from scanner.access.catalogue import Catalogue
from scanner.baseline.page.records import PageInventory, PageNote, PageRole, Settlement
from scanner.baseline.page.rows import RowReader
from scanner.baseline.page.tables import Table, find_tables, is_row

_PERMISSION_HEADER = (
    ("statement", "statements", "statement name", "sid"),
    ("resource path", "resource paths", "resource", "resources", "resource arn", "resource arns"),
    ("actions", "action"),
    ("condition", "conditions"),
)
_OVERVIEW_FIRST = "role"
_CHROME = frozenset({"view permissions", "skip to main content", ""})
_ROLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+=,.@-]*(?:\*|<[a-z-]+>|\{[a-z_]+\})?\Z")
# Byte order mark, zero-width characters, soft hyphen: what copying from a browser leaves behind.
_EXCERPT_CHARS = 60


class _Overview(msgspec.Struct, frozen=True):
    """One row of the page's table of roles."""

    row: int
    line: int
    cells: tuple[str, ...]
    header: tuple[str, ...]

    def cell(self, title: str) -> str:
        """Return the cell under a column title, empty if there is no such column."""
        return dict(zip(self.header, self.cells, strict=False)).get(title, "")


class _Section(msgspec.Struct, frozen=True):
    """A role's heading, its table, and the line range of the prose between."""

    name: str
    line: int
    table: Table


def parse_lines(
    lines: list[str], catalogue: Catalogue, *, document: str, settlements: tuple[Settlement, ...] = ()
) -> PageInventory:
    """Return the page's roles, in page order; every line is in a role, a problem or the unused lines.

    Line numbers are positions in the list, from 1. `document` is the short name put into each source. `settlements`
    decide conditions that print a published policy.
    """
    tables = find_tables(lines)
    overview = _overview(tables)
    problems: list[PageNote] = []
    sections = _sections(lines, tables, overview, problems)
    reader = RowReader(catalogue, document, settlements)
    roles = tuple(_role(section, lines, reader, overview) for section in sections)
    problems.extend(reader.problems)
    problems.extend(_stray_rows(lines, tables))
    problems.extend(_missing(overview, roles))
    return PageInventory(
        roles=roles,
        problems=tuple(sorted(problems, key=lambda note: note.line)),
        unused=_unused(lines, tables, sections, overview, {note.line for note in problems}),
        unknown_actions=tuple(reader.unknown),
    )


def _is_permission_table(table: Table) -> bool:
    return len(table.header) == len(_PERMISSION_HEADER) and all(
        cell in names for cell, names in zip(table.header, _PERMISSION_HEADER, strict=True)
    )


def _overview(tables: tuple[Table, ...]) -> dict[str, _Overview]:
    """Return the table of roles by heading name (`<hash>` in a name is `*` in its heading)."""
    found: dict[str, _Overview] = {}
    for table in tables:
        if table.header[0] != _OVERVIEW_FIRST:
            continue
        for number, row in enumerate(table.rows, 1):
            found[_heading_name(row.cells[0])] = _Overview(number, row.line, row.cells, table.header)
    return found


def _heading_name(name: str) -> str:
    return re.sub(r"<[^<>]+>|\{[^{}]+\}", "*", name.strip())


def _sections(
    lines: list[str], tables: tuple[Table, ...], overview: dict[str, _Overview], problems: list[PageNote]
) -> tuple[_Section, ...]:
    """Pair each permission table with the heading above it."""
    sections: list[_Section] = []
    floor = 0
    for table in tables:
        if _is_permission_table(table):
            heading = _find_heading(lines, floor, table.line - 1, overview)
            if heading is None:
                problems.append(note(table.line, lines, "a table of permissions without a role's heading above it"))
            else:
                sections.append(_Section(heading[1], heading[0], table))
        elif table.header[0] != _OVERVIEW_FIRST:
            problems.append(note(table.line, lines, "a table of a kind that is not known"))
        floor = table.rows[-1].line if table.rows else table.line + 1
    names = [section.name for section in sections]
    for section in sections:
        if names.count(section.name) > 1:
            problems.append(note(section.line, lines, f"role `{section.name}` has more than one section"))
    return tuple(sections)


def _find_heading(lines: list[str], floor: int, ceiling: int, overview: dict[str, _Overview]) -> tuple[int, str] | None:
    """Return (line, name) of the heading between two 0-based indexes: a line of its own, else glued to prose."""
    for index in range(ceiling - 1, floor - 1, -1):
        name = _heading_name(lines[index])
        if name in overview or (not overview and _ROLE_NAME.match(lines[index].strip())):
            return index + 1, name
    for index in range(ceiling - 1, floor - 1, -1):
        for name in sorted(overview, key=len, reverse=True):
            if lines[index].rstrip().endswith(name):
                return index + 1, name
    return None


def _role(section: _Section, lines: list[str], reader: RowReader, overview: dict[str, _Overview]) -> PageRole:
    statements = reader.read(section.name, section.table.rows)
    prose = tuple(
        (number, lines[number - 1].strip())
        for number in range(section.line + 1, section.table.line)
        if lines[number - 1].strip().lower() not in _CHROME
    )
    entry = overview.get(section.name)
    role = PageRole(name=section.name, line=section.line, statements=statements, prose=prose)
    if entry is None:
        return role
    return msgspec.structs.replace(
        role,
        overview_row=entry.row,
        overview_line=entry.line,
        created_by=entry.cell("created by"),
        assumable=entry.cell("assumable from outside"),
        purpose=entry.cell("purpose"),
    )


def _missing(overview: dict[str, _Overview], roles: tuple[PageRole, ...]) -> list[PageNote]:
    """Return a problem per role that only one of the table of roles and the inventory names."""
    sections = {role.name for role in roles}
    notes = [
        PageNote(entry.line, name, f"role `{name}` is in the table of roles but has no table of permissions")
        for name, entry in overview.items()
        if name not in sections
    ]
    if not roles:
        notes.append(PageNote(1, "", "the page holds no table of permissions"))
    return notes


def _stray_rows(lines: list[str], tables: tuple[Table, ...]) -> list[PageNote]:
    """Return a problem per line that looks like a row but stands in no table: a broken table would lose it."""
    inside: set[int] = set()
    for table in tables:
        inside.update({table.line, table.line + 1}, (row.line for row in table.rows))
    return [
        note(number, lines, "looks like a row, but stands in no table")
        for number, line in enumerate(lines, 1)
        if number not in inside and is_row(line)
    ]


def _unused(
    lines: list[str],
    tables: tuple[Table, ...],
    sections: tuple[_Section, ...],
    overview: dict[str, _Overview],
    reported: set[int],
) -> tuple[PageNote, ...]:
    """Return every line that is in no table, heading, section or problem; page furniture and blank lines excepted."""
    used = set(reported)
    for table in tables:
        used.update({table.line, table.line + 1}, (row.line for row in table.rows))
    for section in sections:
        used.update(range(section.line, section.table.line))
    glued = [section for section in sections if lines[section.line - 1].strip() != section.name]
    used.difference_update(section.line for section in glued if section.name in overview)
    prose = [
        note(number, lines, "prose that carries no row")
        for number, line in enumerate(lines, 1)
        if number not in used and line.strip().lower() not in _CHROME
    ]
    prose += [
        PageNote(table.line, table.before[:_EXCERPT_CHARS], "prose glued to a table's header")
        for table in tables
        if table.before
    ]
    return tuple(sorted(prose, key=lambda item: item.line))


def note(number: int, lines: list[str], reason: str) -> PageNote:
    """Return a note on a 1-based line with its first words."""
    return PageNote(number, lines[number - 1].strip()[:_EXCERPT_CHARS], reason)
