"""Turn HTML into plain lines with the line numbers of the file; tables become rows with bars."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from scanner.baseline.page.records import Line

_BLOCKS = frozenset(
    [
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "button",
            "dd",
            "details",
            "div",
            "dl",
            "dt",
            "fieldset",
        ),
        *(
            "figure",
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "html",
            "label",
            "li",
            "main",
        ),
        *("nav", "ol", "option", "p", "pre", "section", "summary", "title", "ul"),
    ]
)
_SILENT = frozenset({"script", "style", "noscript", "template", "svg"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LINK_MARKS = " \t\r\n#\u00b6\u00a7\U0001f517"
_BREAK = "<br/>"
_BREAKS = re.compile(r"(?:\s*<br/>\s*)+")


def html_lines(text: str) -> list[Line]:
    """Return the page's text as lines; a table's first row is followed by the dashes of a header."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.finished()


class _Reader(HTMLParser):
    """Collects lines; inside a table it collects cells instead."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[Line] = []
        self._text: list[str] = []
        self._start = 1
        self._silent: list[str] = []
        self._pre = 0
        self._tables = 0
        self._row: list[str] | None = None
        self._row_line = 1
        self._first_row = False
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, row, cell or block, or note a break."""
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag == "table":
            self._tables += 1
            if self._tables == 1:
                self._flush()
                self._first_row = True
        elif tag == "tr" and self._tables == 1:
            self._end_row()
            self._row, self._row_line = [], self.getpos()[0]
        elif tag in ("td", "th") and self._tables == 1:
            self._end_cell()
            self._cell = []
        elif tag == "br" or tag in _BLOCKS:
            self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened."""
        if tag in _SILENT:
            if self._silent and self._silent[-1] == tag:
                self._silent.pop()
        elif tag == "table" and self._tables:
            self._tables -= 1
            if not self._tables:
                self._end_row()
        elif tag == "tr" and self._tables == 1:
            self._end_row()
        elif tag in ("td", "th") and self._tables == 1:
            self._end_cell()
        elif tag in _BLOCKS:
            self._break(tag)
            self._pre -= tag == "pre" and self._pre > 0

    def handle_data(self, data: str) -> None:
        """Take text, with its line breaks inside `pre` only."""
        if self._silent:
            return
        if self._cell is not None:
            self._cell.append(data)
            return
        parts = data.split("\n") if self._pre else [data]
        for index, part in enumerate(parts):
            if index:
                self._flush(keep_blank=True)
            if not self._text:
                self._start = self.getpos()[0] + (
                    index if self._pre else data[: len(data) - len(data.lstrip())].count("\n")
                )
            self._text.append(part)

    def finished(self) -> list[Line]:
        """Return the lines, what was still open included."""
        self._end_row()
        self._flush()
        return self._lines

    def _break(self, tag: str) -> None:
        if self._cell is not None:
            self._cell.append(_BREAK)
            return
        if tag in _HEADINGS:
            # The mark of a link to the heading itself, which sites put before or after it.
            self._text = ["".join(self._text).strip(_LINK_MARKS)]
        self._flush()
        self._pre += tag == "pre"

    def _flush(self, *, keep_blank: bool = False) -> None:
        text = "".join(self._text)
        text = text if self._pre else " ".join(text.split())
        if text.strip() or keep_blank:
            self._lines.append(Line(self._start, text))
        self._text = []

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            text = _BREAKS.sub(_BREAK, " ".join("".join(self._cell).split()))
            while text.startswith(_BREAK):
                text = text.removeprefix(_BREAK)
            while text.endswith(_BREAK):
                text = text.removesuffix(_BREAK)
            self._row.append(text.replace("|", "\\|"))
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row:
            self._lines.append(Line(self._row_line, "| " + " | ".join(self._row) + " |"))
            if self._first_row:
                self._lines.append(Line(self._row_line, "|" + "---|" * len(self._row)))
                self._first_row = False
        self._row = None
