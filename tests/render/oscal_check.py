"""What OSCAL's assessment-results model demands, as far as this product writes it; and closed references.

Facts from the published model of 1.1.2 and 1.2.1, which agree on these fields. The official schema, where it was
fetched, is asked too; it does not look where references lead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
STRING = re.compile(r"\S(.*\S)?")

# object -> (required fields, optional fields); a name ending in [] is a list with at least one member.
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "assessment-results": ({"uuid", "metadata", "import-ap", "results"}, {"local-definitions", "back-matter"}),
    "metadata": ({"title", "last-modified", "version", "oscal-version"}, {"remarks", "props", "parties", "roles"}),
    "import-ap": ({"href"}, {"remarks"}),
    "results": (
        {"uuid", "title", "description", "start", "reviewed-controls"},
        {"end", "props", "local-definitions", "observations", "risks", "findings", "remarks"},
    ),
    "reviewed-controls": ({"control-selections"}, {"description", "props", "remarks"}),
    "control-selections": ({"include-controls"}, {"description", "exclude-controls", "remarks"}),
    "include-controls": ({"control-id"}, {"statement-ids"}),
    "local-definitions": (set(), {"components", "inventory-items", "users", "tasks", "remarks"}),
    "inventory-items": ({"uuid", "description"}, {"props", "links", "remarks"}),
    "props": ({"name", "value"}, {"uuid", "ns", "class", "group", "remarks"}),
    "observations": (
        {"uuid", "description", "methods", "collected"},
        {"title", "props", "types", "origins", "subjects", "relevant-evidence", "expires", "remarks"},
    ),
    "subjects": ({"subject-uuid", "type"}, {"title", "props", "remarks"}),
    "relevant-evidence": ({"description"}, {"href", "props", "remarks"}),
    "findings": (
        {"uuid", "title", "description", "target"},
        {"props", "origins", "related-observations", "related-risks", "remarks"},
    ),
    "target": ({"type", "target-id", "status"}, {"title", "description", "props", "remarks"}),
    "status": ({"state"}, {"reason", "remarks"}),
    "related-observations": ({"observation-uuid"}, set()),
    "related-risks": ({"risk-uuid"}, set()),
    "risks": (
        {"uuid", "title", "description", "statement", "status"},
        {"props", "related-observations", "deadline", "remediations"},
    ),
    "back-matter": (set(), {"resources"}),
    "resources": ({"uuid"}, {"title", "description", "props", "rlinks", "remarks"}),
}
VALUES = {
    "state": {"satisfied", "not-satisfied"},
    "reason": {"pass", "fail", "other"},
    "type": {"inventory-item", "objective-id"},
    "oscal-version": {"1.1.2", "1.2.1"},
}
ONE_LINE = {"title", "value", "version"}
TOKENS = {"name", "target-id", "control-id"}
TIMES = {"last-modified", "start", "end", "collected"}


def problems(document: dict[str, Any]) -> list[str]:
    """Return everything that is wrong, one line each."""
    if set(document) != {"assessment-results"}:
        return ["root is not assessment-results alone"]
    root = document["assessment-results"]
    return [*_object("assessment-results", root, ""), *_references(root)]


def _object(kind: str, node: dict[str, Any], path: str) -> Iterator[str]:
    where = f"{path}/{kind}"
    required, optional = FIELDS[kind]
    if missing := required - set(node):
        yield f"{where}: missing {sorted(missing)}"
    if unknown := set(node) - required - optional:
        yield f"{where}: unknown {sorted(unknown)}"
    for name, value in node.items():
        # A risk's status is a word; a target's is an object.
        if name in FIELDS and not isinstance(value, str):
            yield from _members(name, value, where)
        elif isinstance(value, list):
            if not value or not all(isinstance(item, str) and TOKEN.fullmatch(item) for item in value):
                yield f"{where}/{name}: empty, or no tokens"
        else:
            yield from _scalar(name, value, where)


def _members(name: str, value: Any, where: str) -> Iterator[str]:
    if isinstance(value, list):
        if not value:
            yield f"{where}/{name}: empty list"
        for item in value:
            yield from _object(name, item, where)
    else:
        yield from _object(name, value, where)


def _scalar(name: str, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, str) or not value.strip():
        yield f"{where}/{name}: no text"
    elif name.endswith("uuid") and not UUID.fullmatch(value):
        yield f"{where}/{name}: no UUID of version 5: {value}"
    elif name in ONE_LINE and not STRING.fullmatch(value):
        yield f"{where}/{name}: blank at an end, or several lines"
    elif name in TOKENS and not TOKEN.fullmatch(value):
        yield f"{where}/{name}: no token: {value}"
    elif name in TIMES and datetime.fromisoformat(value).tzinfo is None:
        yield f"{where}/{name}: without time zone"
    elif name in VALUES and value not in VALUES[name]:
        yield f"{where}/{name}: {value}"


def _references(root: dict[str, Any]) -> Iterator[str]:
    defined = list(_values(root, {"uuid"}))
    if len(defined) != len(set(defined)):
        yield "a UUID is defined twice"
    pointed = set(_values(root, {"subject-uuid", "observation-uuid", "risk-uuid"}))
    pointed.add(root["import-ap"]["href"].removeprefix("#"))
    yield from (f"dangling reference {uuid}" for uuid in sorted(pointed - set(defined)))


def _values(node: Any, names: set[str]) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name in names:
                yield value
            else:
                yield from _values(value, names)
    elif isinstance(node, list):
        for item in node:
            yield from _values(item, names)
