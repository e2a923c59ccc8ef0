"""Find tables in text whose rows kept their `|` and lost their line breaks, and the prose between them."""

from __future__ import annotations

import re

import msgspec

_RULE_CELL = re.compile(r":?-{2,}:?\Z")
_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")


class Row(msgspec.Struct, frozen=True):
    """One row of a table."""

    line: int
    cells: tuple[str, ...]


class Table(msgspec.Struct, frozen=True):
    """A table with its header; `line` is the header's."""

    line: int
    header: tuple[str, ...]
    """Lower-cased."""
    rows: tuple[Row, ...]
    rule_line: int | None
    """Line of the dashes below the header."""
    before: str = ""
    """Prose glued in front of the header."""


def find_tables(lines: list[str]) -> tuple[Table, ...]:
    """Return every table: a header line, a line of dashes, and the rows up to the first line that is none."""
    tables: list[Table] = []
    index = 0
    while index + 1 < len(lines):
        if is_rule(lines[index + 1]) and "|" in lines[index]:
            table = _read_table(lines, index)
            tables.append(table)
            index = table.rows[-1].line if table.rows else index + 2
        else:
            index += 1
    return tuple(tables)


def cells_of(line: str) -> tuple[str, ...]:
    """Split a row at unescaped bars; a bar at either end is a border, not an empty cell."""
    text = line.strip()
    text = text[1:] if text.startswith("|") else text
    text = text[:-1] if text.endswith("|") and not text.endswith("\\|") else text
    return tuple(cell.strip().replace("\\|", "|") for cell in _UNESCAPED_BAR.split(text))


def is_rule(line: str) -> bool:
    """Return whether a line is the row of dashes below a header."""
    return "|" in line and all(_RULE_CELL.match(cell) for cell in cells_of(line))


def is_row(line: str) -> bool:
    """Return whether a line looks like a row: it ends with a bar, or holds a bar between spaces."""
    text = line.strip()
    return text.endswith("|") or text.startswith("|") or " | " in text


def _read_table(lines: list[str], index: int) -> Table:
    width = len(cells_of(lines[index + 1]))
    before, header = _header(lines[index], width)
    rows: list[Row] = []
    at = index + 2
    while at < len(lines) and is_row(lines[at]) and not _starts_next_table(lines, at):
        rows.append(Row(at + 1, cells_of(lines[at])))
        at += 1
    return Table(index + 1, tuple(cell.lower() for cell in header), tuple(rows), index + 2, before)


def _starts_next_table(lines: list[str], at: int) -> bool:
    return at + 1 < len(lines) and is_rule(lines[at + 1])


def _header(line: str, width: int) -> tuple[str, tuple[str, ...]]:
    """Split a header line into prose glued in front of it and the cells."""
    text = line.strip()
    parts = _UNESCAPED_BAR.split(text[:-1] if text.endswith("|") else text)
    if len(parts) > width and parts[0].strip():
        header = "|".join(parts[-width:])
        return "|".join(parts[:-width]).strip(), cells_of(header)
    return "", cells_of(line)
