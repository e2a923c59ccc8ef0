"""Statements as marked lines of JSON: what stands only on one side, and which documented statement stands nearest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from scanner.model.finding import DiffEntry
from scanner.model.report import RoleReview, StatementRow
from scanner.render.html.values import Access, Chunk, chunks, condition_lines, flat_principals, listed
from scanner.render.text import compact_json, excerpt, one_line, pretty_json

_BRACES = {"{", "}", "[", "]", ""}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_NAMES = ('"Sid"', '"Id"', '"Version"')


class Statement(msgspec.Struct, frozen=True):
    """One statement as marked lines of JSON."""

    ref: str
    words: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    deviates: bool


class Nearest:
    """The documented statement that speaks of the same action: for showing side by side, never for a verdict."""

    def __init__(self, rows: Iterable[StatementRow]) -> None:
        self._parsed = [(row, _parsed(row.json)) for row in rows]
        # By identity; the entry is kept with its answer so that its identity is not given to another.
        self._found: dict[int, tuple[DiffEntry, tuple[StatementRow, dict[str, Any]] | None]] = {}

    @classmethod
    def of_trust(cls, policy: str | None) -> Nearest:
        """Look among the statements of a documented trust policy."""
        bodies = _parsed(policy or "").get("Statement", [])
        rows = []
        for number, body in enumerate(bodies if isinstance(bodies, list) else [bodies]):
            sid = body.get("Sid", number) if isinstance(body, dict) else number
            rows.append(StatementRow(ref=f"trust policy: {sid}", json=json.dumps(body)))
        return cls(rows)

    def find(self, entry: DiffEntry) -> tuple[StatementRow, dict[str, Any]] | None:
        """Return the row and its parsed body; None where no documented statement speaks of the action."""
        if id(entry) not in self._found:
            self._found[id(entry)] = (entry, self._search(entry))
        return self._found[id(entry)][1]

    def _search(self, entry: DiffEntry) -> tuple[StatementRow, dict[str, Any]] | None:
        asked = [entry.witness.action] if entry.witness else list(entry.actions[:20])
        alike = set(_QUOTED.findall(compact_json([entry.resources, entry.conditions, entry.principals])))
        best = None
        for row, body in self._parsed:
            if any(_speaks_of(pattern, action) for pattern in _texts(body.get("Action")) for action in asked):
                score = len(alike & set(_QUOTED.findall(row.json)))
                if best is None or score > best[0]:
                    best = (score, row, body)
        return best[1:] if best else None

    def access(self, entry: DiffEntry) -> Access | None:
        """Return what the nearest statement documents of the entry's actions."""
        found = self.find(entry)
        if found is None:
            return None
        row, body = found
        conditions, principals = body.get("Condition"), body.get("Principal")
        mentioned = [p for p in _texts(body.get("Action")) if any(_speaks_of(p, a) for a in entry.actions)]
        return Access(
            ref=one_line(row.ref),
            actions=listed(mentioned or entry.actions),
            resources=listed(_texts(body.get("Resource"))),
            principals=listed(flat_principals(principals)) if isinstance(principals, dict) else (),
            conditions=condition_lines(conditions),
        )


def _speaks_of(pattern: str, action: str) -> bool:
    pattern, action = pattern.lower(), action.lower()
    return pattern == action or ("*" in pattern and action.startswith(pattern.split("*", 1)[0]))


def _parsed(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _texts(raw: Any) -> list[str]:
    items = raw if isinstance(raw, list) else [raw]
    return [item for item in items if isinstance(item, str)]


def statement(row: StatementRow, entries: Iterable[DiffEntry], nearest: Nearest, *, live: bool) -> Statement:
    """Return the row with the lines marked that its entries of the difference name."""
    if live:
        mine = [entry for entry in entries if _names(entry, row)]
        marked = {text for entry in mine for text in _live_marks(entry)}
        mark = "ins"
    else:
        mine = [entry for entry in entries if _names(entry, row) or _is_nearest(nearest, entry, row)]
        marked = {text for entry in mine for text in _documented_marks(entry, row)}
        mark = "del"
    lines = excerpt(row.json).split("\n")
    return Statement(
        ref=one_line(row.ref) or "(no name)",
        words=tuple(one_line(word, 60) for word in row.marks),
        chunks=chunks((mark if line.strip().rstrip(",") in marked else "", line) for line in lines),
        deviates=bool(mine) or bool({"excess", "missing"} & set(row.marks)),
    )


def _names(entry: DiffEntry, row: StatementRow) -> bool:
    """Return whether the entry stands in this row; a documented row adds its place: `Sid (row 3)`."""
    return entry.statement == row.ref or entry.statement.rsplit(": ", 1)[-1] == row.ref.rsplit(" (row ", 1)[0]


def _is_nearest(nearest: Nearest, entry: DiffEntry, row: StatementRow) -> bool:
    found = nearest.find(entry) if entry.kind in {"resource", "condition"} else None
    return found is not None and found[0] is row


def _live_marks(entry: DiffEntry) -> set[str]:
    texts = {
        "action": entry.actions,
        "resource": entry.resources,
        "condition": entry.actions,
        "principal": tuple(flat_principals(entry.principals)),
    }.get(entry.kind, ())
    quoted = {json.dumps(text) for text in texts}
    keys = {"action": "Action", "resource": "Resource", "condition": "Action"}
    return quoted | {f'"{keys[entry.kind]}": {text}' for text in quoted if entry.kind in keys}


def _documented_marks(entry: DiffEntry, row: StatementRow) -> set[str]:
    if entry.kind == "condition":
        conditions = _parsed(row.json).get("Condition")
        return {line.strip().rstrip(",") for line in pretty_json(conditions).split("\n")[1:-1]} - _BRACES
    if entry.kind == "resource":
        quoted = {json.dumps(text) for text in _texts(_parsed(row.json).get("Resource"))}
        return quoted | {f'"Resource": {text}' for text in quoted}
    return {json.dumps(text) for text in entry.actions} | {f'"Action": {json.dumps(text)}' for text in entry.actions}


def trust_lines(review: RoleReview) -> tuple[tuple[Chunk, ...], tuple[Chunk, ...]]:
    """Return the documented and the live trust policy, lines marked that name something the other side does not."""
    documented, live = excerpt(review.documented_trust or ""), excerpt(review.live_trust or "")
    compared = bool(documented and live and (review.trust_diff.added or review.trust_diff.removed))
    return _against(documented, live, "del" if compared else ""), _against(live, documented, "ins" if compared else "")


def _against(text: str, other: str, mark: str) -> tuple[Chunk, ...]:
    known = set(_QUOTED.findall(other))

    def only_here(line: str) -> bool:
        return not line.strip().startswith(_NAMES) and any(token not in known for token in _QUOTED.findall(line))

    return chunks((mark if only_here(line) else "", line) for line in text.split("\n"))
