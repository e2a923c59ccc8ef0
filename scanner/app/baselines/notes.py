"""What an import has to say to people, one line each."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.app.baselines.page_import import ImportResult
from scanner.baseline.page.records import PageNote


def import_lines(result: ImportResult) -> Iterator[str]:
    """Yield problems, then notices, then the lines that carry no part of the inventory, then the totals."""
    for note in result.problems:
        yield f"problem: {_spoken(note)}"
    for note in result.notices:
        yield f"note: {_spoken(note)}"
    for first, last, text in _ranges(result.unused):
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        yield f"not used: {lines}: `{text}`"
    held = f"{_count(result.roles, 'role')} with {_count(result.statements, 'statement')}"
    yield f"{result.id}: {held} read from {_style(result.style)}, {_count(len(result.problems), 'problem')}"
    if not result.complete:
        wanted = (
            "written as asked, incomplete" if result.text is not None else "nothing is written; --partial writes it"
        )
        yield f"the inventory is incomplete: {wanted}"


def _spoken(note: PageNote) -> str:
    place = f"line {note.line}: " if note.line else ""
    return f"{place}{note.reason}{f': `{note.text}`' if note.text else ''}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _style(style: str) -> str:
    return {"text": "plain text", "markdown": "Markdown", "mdx": "MDX", "html": "HTML"}[style]


def _ranges(notes: tuple[PageNote, ...]) -> Iterator[tuple[int, int, str]]:
    """Yield (first line, last line, first words) of each run of neighbouring lines."""
    run: list[PageNote] = []
    for note in notes:
        if run and note.line > run[-1].line + 1:
            yield run[0].line, run[-1].line, run[0].text
            run = []
        run.append(note)
    if run:
        yield run[0].line, run[-1].line, run[0].text
