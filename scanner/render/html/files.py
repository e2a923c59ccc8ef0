"""How the findings of a report are spread over files: none is left out, each file names the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from scanner.model.finding import Finding
from scanner.model.report import Report
from scanner.render.html.controls import family_of
from scanner.render.html.findings import Links, Section, Writer, finding_anchors
from scanner.render.words import Group

MAIN = "report.html"
LIMIT = 5_000
"""Findings in one file (OUTPUTS section 5.3)."""
MAX_BYTES = 15_000_000
"""Above this, a file holds fewer findings than `LIMIT`."""


class Leaf(msgspec.Struct, frozen=True):
    """The findings of one file; `first` and `last` count all findings of the report, from 1."""

    name: str
    first: int
    last: int
    sections: tuple[Section, ...]
    role_names: tuple[str, ...]
    families: tuple[str, ...]
    index: dict[str, Any]
    words: str
    """What the file holds, by group."""


class Book(msgspec.Struct, frozen=True):
    """All leaves, in order; there is always a first."""

    leaves: tuple[Leaf, ...]

    def group_href(self, slug: str) -> str:
        """Return where a group begins."""
        for number, leaf in enumerate(self.leaves):
            if any(section.slug == slug for section in leaf.sections):
                return f"{_file(number)}#g-{slug}"
        return ""


def finding_links(told: tuple[Group, ...], limit: int) -> tuple[dict[int, str], dict[int, str]]:
    """Return the anchor of each finding on its page, and what leads there from report.html, by `id()`."""
    anchors = finding_anchors(told)
    every = [finding for group in told for finding in group.findings]
    return anchors, {id(f): f"{_file(n // limit)}#{anchors[id(f)]}" for n, f in enumerate(every)}


def _file(number: int) -> str:
    """Return the name of a file as links of report.html write it: nothing for itself."""
    return f"report-{number + 1}.html" if number else ""


def book(report: Report, told: tuple[Group, ...], links: Links, limit: int) -> Book:
    """Return the findings in leaves of at most `limit`, in the order they are told."""
    writer = Writer(report, links)
    pages = enumerate(_slices(told, limit))
    return Book(tuple(_leaf(number, number * limit, _sections(writer, page)) for number, page in pages))


def leaf_of(writer: Writer, told: Sequence[Group], limit: int) -> Leaf:
    """Return the first `limit` findings as a leaf of their own."""
    return _leaf(0, 0, _sections(writer, next(_slices(told, limit))))


def _sections(writer: Writer, page: Iterable[tuple[Group, tuple[Finding, ...]]]) -> tuple[Section, ...]:
    return tuple(
        Section(
            slug=group.slug,
            title=group.title,
            explanation=group.explanation,
            tone=group.tone,
            rows=tuple(writer.row(finding) for finding in found),
            total=len(group.findings),
        )
        for group, found in page
    )


def _slices(told: Sequence[Group], limit: int) -> Iterator[list[tuple[Group, tuple[Finding, ...]]]]:
    """Yield the parts of groups that stand together; one empty list where there is no finding."""
    page: list[tuple[Group, tuple[Finding, ...]]] = []
    room = limit
    for group in told:
        rest = group.findings
        while rest:
            if not room:
                yield page
                page, room = [], limit
            page.append((group, rest[:room]))
            rest, room = rest[room:], room - len(page[-1][1])
    yield page


def _leaf(number: int, before: int, sections: tuple[Section, ...]) -> Leaf:
    rows = [row for section in sections for row in section.rows]
    roles = tuple(sorted({row.role for row in rows if row.role}))
    families = tuple(sorted({family_of(row.rule_id) for row in rows}))
    role_at = {name: place for place, name in enumerate(roles)}
    family_at = {name: place for place, name in enumerate(families)}
    return Leaf(
        name=_file(number) or MAIN,
        first=before + 1 if rows else 0,
        last=before + len(rows),
        sections=sections,
        role_names=roles,
        families=families,
        index={
            "roles": roles,
            "families": families,
            "findings": [
                [r.anchor, r.status, r.severity, r.axis, role_at.get(r.role, -1), family_at[family_of(r.rule_id)]]
                for r in rows
            ],
        },
        words=", ".join(f"{s.title.lower()} {len(s.rows):,}" for s in sections),
    )
