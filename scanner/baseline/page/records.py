"""What an import from a documentation page yields: roles, what was not understood, and what was not used."""

from __future__ import annotations

import msgspec

from scanner.baseline.records import DocumentedStatement, DocumentedTrust


class Line(msgspec.Struct, frozen=True):
    """One line of a page as plain text."""

    number: int
    """1-based line of the file it was read from."""
    text: str


class PageNote(msgspec.Struct, frozen=True):
    """A place in the page, and what to know about it."""

    line: int
    """1-based line of the document."""
    text: str
    """At most a few words that find the place again."""
    reason: str


class PageRole(msgspec.Struct, frozen=True):
    """One role's section of the page."""

    name: str
    """As in the heading of the section."""
    line: int
    statements: tuple[DocumentedStatement, ...]
    prose: tuple[tuple[int, str], ...] = ()
    """The section's sentences (line, text), first what it is for, then who may assume it."""
    overview_row: int | None = None
    """1-based row of the page's table of roles; None: the table does not name it."""
    overview_line: int | None = None
    created_by: str = ""
    assumable: str = ""
    purpose: str = ""
    trust: DocumentedTrust | None = None
    """Who may assume the role; None: the page does not say."""
    overview_heading: str = ""
    """Heading above the table of roles."""


class PageInventory(msgspec.Struct, frozen=True):
    """The whole page."""

    roles: tuple[PageRole, ...]
    problems: tuple[PageNote, ...]
    """Parts of the inventory that were not understood: each must be looked at by a person."""
    unused: tuple[PageNote, ...]
    """Other lines that carry no part of the inventory, so that nothing is dropped silently."""
    unknown_actions: tuple[PageNote, ...]
    """Actions no catalogue publishes (kept verbatim): a misprint, or newer than the catalogue."""
    notices: tuple[PageNote, ...] = ()
    """Worth a look, but nothing is missing for it."""


class Settlement(msgspec.Struct, frozen=True):
    """A statement of a published policy whose own operators settle prose conditions."""

    arn: str
    """The published policy."""
    actions: frozenset[str]
    """Lower-cased."""
    resources: frozenset[str]
    conditions: dict[str, dict[str, list[str]]]
    """As published, single values as lists of one."""
