"""Documented versus live for each identity, as the HTML report shows it: three columns, and statements side by side."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from scanner.model.finding import DiffEntry
from scanner.model.report import Report, RoleReview, StatementRow
from scanner.render.html_values import (
    Access,
    Anchors,
    Chunk,
    Example,
    access,
    chunks,
    example,
    flat_principals,
    listed,
    slug,
)
from scanner.render.text import day, excerpt, one_line, pretty_json
from scanner.render.words import EXCESS_WORDS, MISSING_WORD, UNDECIDED_WORD, permission_words, reviews_in_order

_EXPLAINED = {
    "action": "No documented statement allows it.",
    "resource": "Documented, but on fewer resources.",
    "condition": "Documented, but only under a condition that is not here.",
    "principal": "Not a documented principal.",
}
_MISSING_EXPLAINED = "Not more access: something of Porter may not work."


class DiffRow(msgspec.Struct, frozen=True):
    """One line of the three columns documented, live, verdict."""

    word: str
    tone: str
    explanation: str
    documented: Access | None
    live: Access | None
    example: Example | None
    latent: bool
    undecided: str = ""


class Statement(msgspec.Struct, frozen=True):
    """One statement as marked lines of JSON."""

    ref: str
    words: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    deviates: bool


class Role(msgspec.Struct, frozen=True):
    """One identity: row of the table and section of the report."""

    anchor: str
    name: str
    arn: str
    cloud: str
    scope_id: str
    documented_as: str
    state: str
    permissions: tuple[str, str, str]
    trust: tuple[str, str, str]
    external_id: str
    external_id_tone: str
    principals: tuple[str, ...]
    excess: int
    missing: int
    undecided: int
    risks: int
    matched: str
    live_actions: int
    boundary: str
    boundary_name: str
    last_used: str
    created: str
    nearest: str
    layers: tuple[str, ...]
    certificate: str
    rows: tuple[DiffRow, ...]
    documented: tuple[Statement, ...]
    live: tuple[Statement, ...]
    documented_trust: tuple[Chunk, ...]
    live_trust: tuple[Chunk, ...]
    deviates: bool
    no_rows: str
    """What to say where there is no difference to show and yet no proof of sameness."""


def roles(report: Report) -> tuple[Role, ...]:
    """Return every reviewed identity, deviating ones first, with anchors `role-<slug>`."""
    anchors = Anchors()
    return tuple(_role(review, anchors.take(f"role-{slug(review.name)}")) for review in reviews_in_order(report))


def _role(review: RoleReview, anchor: str) -> Role:
    permissions = permission_words(review.verdict)
    trust = permission_words(review.trust_verdict)
    nearest = _Nearest(review.documented)
    every = (*review.diff.added, *review.diff.removed)
    trust_lines = _trust_lines(review)
    return Role(
        anchor=anchor,
        name=one_line(review.name, 200) or "(no name)",
        arn=one_line(review.arn or "", 400),
        cloud=one_line(review.cloud, 40).upper(),
        scope_id=one_line(review.scope_id, 100),
        documented_as=one_line(review.documented_as or "", 200),
        state=_state(review),
        permissions=permissions,
        trust=trust,
        external_id=one_line(review.external_id, 200) or "–",
        external_id_tone=_external_id_tone(review.external_id),
        principals=listed(sorted(review.external_principals)),
        excess=review.excess,
        missing=review.missing,
        undecided=review.undecided,
        risks=review.documented_risks,
        matched=f"{review.matched_statements:,} of {review.documented_statements:,}",
        live_actions=review.live_actions,
        boundary=one_line(review.boundary or "none", 400),
        boundary_name=one_line((review.boundary or "none").rsplit("/", 1)[-1], 60),
        last_used=day(review.last_used_at) if review.last_used_at else "no use reported",
        created=day(review.created_at),
        nearest=one_line(review.nearest or "", 300),
        layers=listed(review.layers),
        certificate=excerpt(pretty_json(review.certificate)) if review.certificate else "",
        rows=tuple(_rows(review, nearest)),
        documented=tuple(_statement(row, every, nearest, live=False) for row in review.documented),
        live=tuple(_statement(row, review.diff.added, nearest, live=True) for row in review.live),
        documented_trust=trust_lines[0],
        live_trust=trust_lines[1],
        deviates=review.present and bool({permissions[2], trust[2]} & {"bad", "open"}),
        no_rows=_no_rows(review),
    )


def _no_rows(review: RoleReview) -> str:
    if not review.present:
        return "This identity is not there, so there is nothing to compare."
    if review.documented_as is None:
        return "The documented version does not name this identity: all of its access is undocumented."
    return "There is no difference to show, and sameness is not proven. This is not a pass."


def _state(review: RoleReview) -> str:
    if not review.present:
        return "absent, and optional" if review.optional else "absent"
    return "present" if review.documented_as else "present, not documented"


def _external_id_tone(words: str) -> str:
    if words.startswith("required"):
        return "good"
    return "bad" if words.startswith(("missing", "weak")) else ""


def _rows(review: RoleReview, nearest: _Nearest) -> Iterable[DiffRow]:
    for entry in (*review.trust_diff.added, *review.diff.added):
        yield DiffRow(
            word=EXCESS_WORDS.get(entry.kind, "EXCESS"),
            tone="bad",
            explanation=_EXPLAINED.get(entry.kind, ""),
            documented=nearest.access(entry) if entry.kind in {"resource", "condition"} else None,
            live=access(entry),
            example=example(entry.witness),
            latent=entry.latent,
        )
    for reason in (*review.trust_diff.undecided, *review.diff.undecided):
        yield DiffRow(UNDECIDED_WORD, "open", "This is not a pass.", None, None, None, False, one_line(reason, 600))
    for entry in (*review.trust_diff.removed, *review.diff.removed):
        yield DiffRow(MISSING_WORD, "none", _MISSING_EXPLAINED, access(entry), None, None, entry.latent)


class _Nearest:
    """The documented statement that speaks of the same action: for showing side by side, never for a verdict."""

    def __init__(self, rows: tuple[StatementRow, ...]) -> None:
        self._parsed = [(row, _parsed(row.json)) for row in rows]
        self._found: dict[int, tuple[StatementRow, dict[str, Any]] | None] = {}

    def find(self, entry: DiffEntry) -> tuple[StatementRow, dict[str, Any]] | None:
        if id(entry) not in self._found:
            self._found[id(entry)] = self._search(entry)
        return self._found[id(entry)]

    def _search(self, entry: DiffEntry) -> tuple[StatementRow, dict[str, Any]] | None:
        asked = [entry.witness.action] if entry.witness else list(entry.actions[:20])
        for row, body in self._parsed:
            if any(_speaks_of(pattern, action) for pattern in _texts(body.get("Action")) for action in asked):
                return row, body
        return None

    def access(self, entry: DiffEntry) -> Access | None:
        found = self.find(entry)
        if found is None:
            return None
        row, body = found
        conditions = body.get("Condition")
        mentioned = [p for p in _texts(body.get("Action")) if any(_speaks_of(p, a) for a in entry.actions)]
        return Access(
            ref=one_line(row.ref),
            actions=listed(mentioned or entry.actions),
            resources=listed(_texts(body.get("Resource"))),
            principals=(),
            conditions=excerpt(pretty_json(conditions)) if conditions else "",
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


def _statement(row: StatementRow, entries: Iterable[DiffEntry], nearest: _Nearest, *, live: bool) -> Statement:
    if live:
        mine = [entry for entry in entries if entry.statement == row.ref]
        marked = {text for entry in mine for text in _live_marks(entry)}
        mark = "ins"
    else:
        mine = [entry for entry in entries if entry.statement == row.ref or _is_nearest(nearest, entry, row)]
        marked = {text for entry in mine for text in _documented_marks(entry, row)}
        mark = "del"
    lines = excerpt(row.json).split("\n")
    return Statement(
        ref=one_line(row.ref) or "(no name)",
        words=tuple(one_line(word, 60) for word in row.marks),
        chunks=chunks((mark if line.strip().rstrip(",") in marked else "", line) for line in lines),
        deviates=bool(mine) or bool({"excess", "missing"} & set(row.marks)),
    )


def _is_nearest(nearest: _Nearest, entry: DiffEntry, row: StatementRow) -> bool:
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


_BRACES = {"{", "}", "[", "]", ""}


def _trust_lines(review: RoleReview) -> tuple[tuple[Chunk, ...], tuple[Chunk, ...]]:
    documented = excerpt(review.documented_trust or "").split("\n")
    live = excerpt(review.live_trust or "").split("\n")
    mark = bool(review.trust_diff.added or review.trust_diff.removed)
    here = {line.strip().rstrip(",") for line in live} | _BRACES
    there = {line.strip().rstrip(",") for line in documented} | _BRACES
    return (
        chunks(("del" if mark and line.strip().rstrip(",") not in here else "", line) for line in documented),
        chunks(("ins" if mark and line.strip().rstrip(",") not in there else "", line) for line in live),
    )
