"""How text stands on a terminal: indentation, wrapping, tables, and colour that never carries meaning alone."""

from __future__ import annotations

from collections.abc import Sequence

from scanner.render.text import cells, pad, wrap

_STYLES = {
    "bad": "1;31",
    "risk": "33",
    "open": "1;35",
    "good": "32",
    "none": "2",
    "strong": "1",
    "dim": "2",
    "head": "1;36",
}
GAP = 2


class Page:
    """Lines of at most `width` columns; styles are ANSI sequences where `color` is set, else nothing."""

    def __init__(self, width: int, color: bool) -> None:
        self.width = max(40, width)
        self._color = color
        self._lines: list[str] = []

    def text(self) -> str:
        """Return the page with one final line feed."""
        return "\n".join(line.rstrip() for line in self._lines) + "\n"

    def style(self, text: str, style: str) -> str:
        """Return `text` in a style; plain without colour."""
        code = _STYLES.get(style, "")
        return f"\x1b[{code}m{text}\x1b[0m" if self._color and code and text.strip() else text

    def blank(self) -> None:
        """Add an empty line unless the page has just begun or the last line is empty."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def paragraph(self, text: str, *, indent: int = 2, style: str = "") -> None:
        """Add `text`, wrapped and indented."""
        for line in wrap(text, self.width - indent):
            self._lines.append(" " * indent + self.style(line, style))

    def labelled(self, label: str, text: str, *, indent: int = 2, column: int = 20, style: str = "") -> None:
        """Add `label` in its own column and `text` wrapped beside it."""
        lines = wrap(text, max(20, self.width - indent - column))
        for number, line in enumerate(lines):
            head = self.style(pad(label if number == 0 else "", column), "dim")
            self._lines.append(" " * indent + head + self.style(line, style))

    def flow(self, lead: str, text: str, lead_style: str) -> None:
        """Add `lead` and `text` as one flow from the left margin, later lines indented by two."""
        lines = wrap(f"{lead} {text}", self.width - 2)
        first = lines[0]
        if first.startswith(lead):
            first = self.style(lead, lead_style) + first[len(lead) :]
        self._lines += [first, *(f"  {line}" for line in lines[1:])]

    def item(self, lead: str, text: str, *, lead_style: str, style: str = "", end: str = "", indent: int = 2) -> None:
        """Add `text` in its own column after `lead`; `end` stands at the right margin where the line has room."""
        column = indent + cells(lead) + 2
        lines = wrap(text, max(20, self.width - column))
        for number, line in enumerate(lines):
            head = " " * indent + self.style(lead, lead_style) + "  " if number == 0 else " " * column
            room = self.width - column - cells(line) - cells(end)
            tail = " " * room + self.style(end, "dim") if end and number == 0 and room > 1 else ""
            self._lines.append(head + self.style(line, style) + tail)

    def heading(self, title: str, note: str, style: str) -> None:
        """Add a section heading with a rule to the right margin."""
        self.blank()
        note = wrap(note, max(1, self.width - cells(title) - 3))[0]
        text = f"{title}  {note}" if note else title
        rule = "─" * max(0, self.width - cells(text) - 3)
        self._lines.append(f"{self.style(title, style)}{text[len(title) :]} {self.style(rule, 'dim')}".rstrip())

    def box(self, title: str, lines: Sequence[str], style: str) -> None:
        """Add a frame with a title that cannot be overlooked."""
        inner = self.width - 4
        top = f"┏━ {title} " + "━" * max(0, self.width - cells(title) - 5) + "┓"
        self._lines.append(self.style(top, style))
        for text in lines:
            for line in wrap(text, inner):
                side = self.style("┃", style)
                self._lines.append(f"{side} {pad(line, inner)} {side}")
        self._lines.append(self.style("┗" + "━" * (self.width - 2) + "┛", style))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], tones: Sequence[str], right: set[int]) -> None:
        """Add a table; `tones` styles each row.

        Where its words would have to be broken, the first cell of a row stands on a line of its own; where even the
        others do not fit side by side, they follow each other with their heads.
        """
        columns = list(zip(head, *rows, strict=True))
        if _fits(columns, self.width - 2):
            self._grid(head, rows, tones, right, indent=2)
        elif _fits(columns[1:], self.width - 4):
            self._tall(head, rows, tones, right)
        else:
            self._entries(head, rows, tones)

    def _grid(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], tones: Sequence[str], right: set[int], *, indent: int
    ) -> None:
        widths = _fit(list(zip(head, *rows, strict=True)), self.width - indent)
        self._row(head, widths, "dim", right, indent)
        self._lines.append("  " + self.style("─" * (sum(widths) + GAP * (len(widths) - 1) + indent - 2), "dim"))
        for row, tone in zip(rows, tones, strict=True):
            self._row(row, widths, tone, right, indent)

    def _tall(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], tones: Sequence[str], right: set[int]
    ) -> None:
        widths = _fit(list(zip(head[1:], *(row[1:] for row in rows), strict=True)), self.width - 4)
        others = {index - 1 for index in right}
        self.paragraph(head[0], style="dim")
        self._row(head[1:], widths, "dim", others, 4)
        self._lines.append("  " + self.style("─" * (sum(widths) + GAP * (len(widths) - 1) + 2), "dim"))
        for row, tone in zip(rows, tones, strict=True):
            self.paragraph(row[0], style=tone)
            self._row(row[1:], widths, tone, others, 4)

    def _entries(self, head: Sequence[str], rows: Sequence[Sequence[str]], tones: Sequence[str]) -> None:
        for row, tone in zip(rows, tones, strict=True):
            self.paragraph(row[0], style=tone)
            self.paragraph(" · ".join(f"{name} {cell}" for name, cell in zip(head[1:], row[1:], strict=True)), indent=4)

    def _row(self, row: Sequence[str], widths: Sequence[int], style: str, right: set[int], indent: int) -> None:
        columns = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
        for number in range(max(len(column) for column in columns)):
            parts = [
                pad(column[number] if number < len(column) else "", width, right=index in right)
                for index, (column, width) in enumerate(zip(columns, widths, strict=True))
            ]
            self._lines.append(" " * indent + self.style((" " * GAP).join(parts), style))


def _natural(columns: Sequence[Sequence[str]]) -> list[int]:
    return [max(cells(cell) for cell in column) for column in columns]


def _words(columns: Sequence[Sequence[str]]) -> list[int]:
    return [max(cells(word) for cell in column for word in cell.split(" ")) for column in columns]


def _fits(columns: Sequence[Sequence[str]], room: int) -> bool:
    """Return whether columns stand side by side without a broken word."""
    return sum(_words(columns)) + GAP * (len(columns) - 1) <= room


def _fit(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return widths that fit `room`: cells wrap between words; columns that do not fit so are given as they are."""
    return _shrink(_natural(columns), _words(columns), room - GAP * (len(columns) - 1))


def _shrink(widths: list[int], least: Sequence[int], available: int) -> list[int]:
    widths = list(widths)
    while sum(widths) > available:
        spare = [width - low if width > low else 0 for width, low in zip(widths, least, strict=True)]
        if not any(spare):
            break
        candidates = [width if free else 0 for width, free in zip(widths, spare, strict=True)]
        widths[candidates.index(max(candidates))] -= 1
    return widths
