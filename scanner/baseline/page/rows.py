"""Turn table rows into documented statements: references resolved, conditions read, published policies recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.access.catalogue import Catalogue
from scanner.baseline.condition_text import NO_CONDITION, parse_conditions
from scanner.baseline.page.records import PageNote, Settlement
from scanner.baseline.page.tables import Row
from scanner.baseline.records import DocumentedStatement, SourceRef
from scanner.baseline.segment import segment_actions, split_resources
from scanner.model.common import JsonObject

_APOSTROPHE = "['\u2018\u2019\u02bc]"
_SAME_AS_ROW = re.compile(
    rf"\(same (?:actions )?as (?:in |for )?(?P<role>\S+?){_APOSTROPHE}s (?P<sid>\S+) statement\)\Z", re.IGNORECASE
)
_SAME_ABOVE = re.compile(r"\(same (?P<what>resources|actions|as) (?:as )?above\)\Z", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9-]*)>")
_SID = re.compile(r"[A-Za-z0-9]+\Z")
_ARN = re.compile(r"arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+\Z")
_BREAK = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
_CLAUSE_BREAK = re.compile(r"\s*;?\s*<br\s*/?>\s*", re.IGNORECASE)
_LIST = re.compile(r"\[[^\[\]]*\]")
_COLUMNS = 4
_EXCERPT_CHARS = 60


class RowReader:
    """Reads the rows of one page in order; later rows may refer to earlier ones."""

    def __init__(self, catalogue: Catalogue, document: str, settlements: tuple[Settlement, ...] = ()) -> None:
        self._catalogue = catalogue
        self._document = document
        self._settlements = settlements
        self._read: dict[tuple[str, str], DocumentedStatement] = {}
        self.problems: list[PageNote] = []
        self.unknown: list[PageNote] = []

    def read(self, role: str, rows: Iterable[Row]) -> tuple[DocumentedStatement, ...]:
        """Return the role's statements in row order; a row that cannot be read becomes a problem."""
        statements: list[DocumentedStatement] = []
        for number, row in enumerate(rows, 1):
            statement = self._statement(role, number, row, statements[-1] if statements else None)
            if statement is None:
                continue
            if (role, statement.sid) in self._read:
                self._problem(row, statement.sid, "a second row of this name in the same role")
            self._read[role, statement.sid] = statement
            statements.append(statement)
        return tuple(statements)

    def _statement(
        self, role: str, number: int, row: Row, above: DocumentedStatement | None
    ) -> DocumentedStatement | None:
        if len(row.cells) != _COLUMNS:
            self._problem(row, " | ".join(row.cells), f"a row of {len(row.cells)} cells where {_COLUMNS} are expected")
            return None
        sid, resource_cell, action_cell, condition_cell = row.cells
        condition_cell = unbroken(condition_cell)
        if not _SID.match(sid):
            self._problem(row, sid, "not a statement's name")
        same = self._referred(row, action_cell, above) or self._referred(row, resource_cell, above)
        actions = self._actions(row, action_cell, above)
        resources = self._resources(row, resource_cell, above)
        if not actions or not resources:
            return None
        read = self._conditions(row, condition_cell, actions, resources)
        if read is None:
            return None
        conditions, settled_by = read
        return DocumentedStatement(
            sid=sid,
            effect="Allow",
            actions=actions,
            resources=resources,
            conditions=conditions,
            source=SourceRef(document=self._document, heading=role, row=number, line=row.line),
            same_as=self._name_of(same) if same else None,
            settled_by=settled_by,
            as_printed="" if condition_cell.strip().lower() in NO_CONDITION else condition_cell,
        )

    def _name_of(self, statement: DocumentedStatement) -> str:
        return f"{statement.source.heading}/{statement.sid}"

    def _referred(self, row: Row, cell: str, above: DocumentedStatement | None) -> DocumentedStatement | None:
        """Return the statement a cell refers to, None if the cell is no reference or refers to nothing."""
        match = _SAME_AS_ROW.match(cell)
        if match:
            return self._read.get((match["role"], match["sid"]))
        return above if _SAME_ABOVE.match(cell) else None

    def _actions(self, row: Row, cell: str, above: DocumentedStatement | None) -> tuple[str, ...]:
        if cell.startswith("("):
            return self._reference(row, cell, above, "actions")
        split = segment_actions(cell, self._catalogue)
        for piece in split.rejected:
            self._problem(row, piece, "not an action")
        if split.ambiguous:
            self._problem(row, cell, "actions that can be split in more than one way")
        self.unknown.extend(PageNote(row.line, piece, "no catalogue publishes this action") for piece in split.unknown)
        if not split.actions:
            self._problem(row, cell, "no actions")
        return split.actions

    def _resources(self, row: Row, cell: str, above: DocumentedStatement | None) -> tuple[str, ...]:
        if cell.startswith("("):
            return self._reference(row, cell, above, "resources")
        resources = tuple(_PLACEHOLDER.sub(_variable, piece) for piece in split_resources(cell))
        bad = [piece for piece in resources if piece != "*" and not _ARN.match(piece)]
        for piece in bad:
            self._problem(row, piece, "neither `*` nor an ARN")
        for piece in resources:
            if piece.endswith("**"):
                self._problem(row, piece, "two wildcards in a row: perhaps a resource and `*` whose break was lost")
        if not resources:
            self._problem(row, cell, "no resources")
        return () if bad else resources

    def _reference(self, row: Row, cell: str, above: DocumentedStatement | None, what: str) -> tuple[str, ...]:
        same = self._referred(row, cell, above)
        if same is None:
            self._problem(row, cell, f"refers to {what} that no earlier row holds")
            return ()
        return same.actions if what == "actions" else same.resources

    def _conditions(
        self, row: Row, cell: str, actions: tuple[str, ...], resources: tuple[str, ...]
    ) -> tuple[JsonObject, str | None] | None:
        """Return the conditions and, where a published policy holds this very statement, its ARN.

        None: a clause was not understood. A statement without it would grant more than the page does.
        """
        parsed = parse_conditions(cell, self._catalogue)
        for clause in parsed.rejected:
            self._problem(row, clause, "a condition of an unknown form")
        if parsed.rejected:
            return None
        if not parsed.conditions:
            return {}, None
        for settlement in self._settlements:
            if _settles(settlement, actions, resources, parsed.conditions):
                return dict(settlement.conditions), settlement.arn
        return parsed.conditions, None

    def _problem(self, row: Row, text: str, reason: str) -> None:
        self.problems.append(PageNote(row.line, text[:_EXCERPT_CHARS], reason))


def unbroken(cell: str) -> str:
    """Return a condition cell without line breaks: one between clauses means "and", one inside a list nothing."""
    within = _LIST.sub(lambda match: _BREAK.sub(" ", match.group()), cell)
    return _CLAUSE_BREAK.sub("; ", within)


def _variable(match: re.Match[str]) -> str:
    return "{" + match[1].replace("-", "_") + "}"


def _settles(settlement: Settlement, actions: tuple[str, ...], resources: tuple[str, ...], prose: JsonObject) -> bool:
    """Return whether the published statement is the printed one: same actions, resources, keys and values."""
    return (
        settlement.actions == {action.lower() for action in actions}
        and settlement.resources == set(resources)
        and _keys_and_values(settlement.conditions) == _keys_and_values(prose)
    )


def _keys_and_values(conditions: JsonObject) -> set[tuple[str, frozenset[str]]]:
    return {(key.lower(), frozenset(values)) for block in conditions.values() for key, values in block.items()}
