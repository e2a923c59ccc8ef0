"""The values that results rest on: each once, as the provider sent it, with the call that brought it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from scanner.model.common import EvidencePointer
from scanner.model.finding import Finding
from scanner.model.pages import Excerpt
from scanner.model.report import Report
from scanner.render.calls import command
from scanner.render.html.findings import LEAN_ABOVE, Links
from scanner.render.html.values import Anchors
from scanner.render.json_sources import Sources
from scanner.render.text import count, encodable, one_line, when

USERS_SHOWN = 6
SUBJECTS_SHOWN = 3
SHOWN_CHARS = 1_500_000
SHOWN_CHARS_LEAN = 400_000
"""All excerpts of a page together, less in a large report; what the worst findings rest on is shown first.

Beyond it a card names the file in the bundle instead of the value.
"""


class User(msgspec.Struct, frozen=True):
    """A finding that rests on the value."""

    href: str
    words: str
    subject: str


class EvidenceCard(msgspec.Struct, frozen=True):
    """One value."""

    anchor: str
    title: str
    unit: str
    unit_anchor: str
    pointer: str
    call: str
    request_id: str
    time: str
    command: str
    path: str
    sha256: str
    redactions: str
    raw: str
    cut: str
    """What is left out of `raw`, in words; empty where it is whole."""
    about: str
    """Whom the results that rest on it are about."""
    users: tuple[User, ...]
    more: int


def evidence_anchors(report: Report) -> dict[tuple[str, str], str]:
    """Return the anchor `ev-<n>` of each value by unit and pointer, in the order of the report."""
    anchors = Anchors()
    return {(e.unit_id, e.pointer): anchors.take(f"ev-{n}") for n, e in enumerate(report.excerpts, 1)}


def evidence_cards(report: Report, links: Links, shown: Iterable[Finding]) -> tuple[EvidenceCard, ...]:
    """Return a card for each value; `shown` are the findings in the order they are told."""
    sources = Sources(report)
    users = _users(shown, links.hrefs)
    excerpts = {(e.unit_id, e.pointer): e for e in report.excerpts}
    left = SHOWN_CHARS_LEAN if len(report.findings) > LEAN_ABOVE else SHOWN_CHARS
    raws = {}
    for key in dict.fromkeys((*users, *excerpts)):
        if key in excerpts:
            raws[key] = _raw(excerpts[key], left)
            left -= len(raws[key][0])
    return tuple(
        _card(anchor, sources, excerpts[key], links.units.get(key[0], ""), raws[key], users.get(key, []))
        for key, anchor in links.evidence.items()
    )


def _users(shown: Iterable[Finding], hrefs: dict[int, str]) -> dict[tuple[str, str], list[User]]:
    found: dict[tuple[str, str], list[User]] = {}
    for finding in shown:
        subject = one_line(finding.subject.name or finding.subject.key, 80)
        name = one_line(f"{finding.rule_id} {subject}", 120)
        for pointer in dict.fromkeys(finding.evidence):
            found.setdefault((pointer.unit_id, pointer.pointer), []).append(User(hrefs[id(finding)], name, subject))
    return found


def _card(
    anchor: str, sources: Sources, excerpt: Excerpt, unit_anchor: str, shown: tuple[str, str], users: list[User]
) -> EvidenceCard:
    at = EvidencePointer(excerpt.unit_id, excerpt.pointer)
    source = sources.ledger.source(at)
    call, page = source.call, sources.page(at)
    return EvidenceCard(
        anchor=anchor,
        title=_title(excerpt),
        unit=one_line(source.unit.kind if source.unit else at.unit_id, 200),
        unit_anchor=unit_anchor,
        pointer=one_line(at.pointer, 300),
        call=one_line(f"{call.service}:{call.operation}", 120) if call else "",
        request_id=one_line(call.request_id or "–", 80) if call else "",
        time=when(call.ended) if call else "",
        command=(command(call, source.unit.cloud) or "") if call and source.unit else "",
        path=one_line(page.path, 400) if page else "",
        sha256=one_line(page.sha256, 80) if page else "",
        redactions=", ".join(name.replace("_", " ") for name in excerpt.redactions),
        raw=shown[0],
        cut=shown[1],
        about=_about(users),
        users=tuple(users[:USERS_SHOWN]),
        more=max(0, len(users) - USERS_SHOWN),
    )


def _about(users: list[User]) -> str:
    names = list(dict.fromkeys(user.subject for user in users))
    more = f" and {len(names) - SUBJECTS_SHOWN} more" if len(names) > SUBJECTS_SHOWN else ""
    return ", ".join(names[:SUBJECTS_SHOWN]) + more


def _raw(excerpt: Excerpt, left: int) -> tuple[str, str]:
    """Return the value as indented JSON, as sent where it was cut; and what is missing."""
    if left <= 0:
        return "", f"{excerpt.chars:,} characters; the page is full, the value is in report.json and in the bundle"
    if excerpt.chars > len(excerpt.text):
        missing = excerpt.chars - len(excerpt.text)
        return excerpt.text, f"{count(missing, 'more character')} of the value, in the bundle"
    try:
        return encodable(json.dumps(json.loads(excerpt.text), ensure_ascii=False, indent=2)), ""
    except (ValueError, RecursionError):
        return excerpt.text, ""


_NAMES = ("RoleName", "PolicyName", "UserName", "displayName", "roleName", "email", "role", "name", "Arn")


def _title(excerpt: Excerpt) -> str:
    """Return a name for the value: what it calls itself, else its place."""
    body = _object(excerpt)
    inner = body.get("properties")
    for holder in (body, inner if isinstance(inner, dict) else {}):
        for key in _NAMES:
            found = holder.get(key)
            if isinstance(found, str) and found:
                return one_line(found, 120)
    return one_line(excerpt.pointer, 120)


def _object(excerpt: Excerpt) -> dict[str, Any]:
    if excerpt.chars != len(excerpt.text):
        return {}
    try:
        body = json.loads(excerpt.text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
