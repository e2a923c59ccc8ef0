"""Documented versus live for each identity, as the HTML report shows it: three columns, and statements side by side."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from scanner.model.finding import DiffEntry
from scanner.model.report import Report, RoleReview
from scanner.render.html.statements import Nearest, Statement, statement, trust_lines
from scanner.render.html.values import Access, Anchors, Chunk, Example, access, example, listed, slug
from scanner.render.text import compact_json, day, excerpt, one_line, pretty_json
from scanner.render.words import (
    EXCESS_WORDS,
    MISSING_WORD,
    UNDECIDED_WORD,
    cloud_name,
    excess_words,
    permission_words,
    reviews_in_order,
)

_EXPLAINED = {
    "action": "No documented statement allows it.",
    "resource": "Documented, but on fewer resources.",
    "condition": "Documented, but only under a condition that is not here.",
    "principal": "Not a documented principal.",
}
OPEN_UP_TO = 5
_MISSING_EXPLAINED = "Not more access: something of Porter may not work."


class DiffRow(msgspec.Struct, frozen=True):
    """One line of the three columns documented, live, verdict."""

    word: str
    tone: str
    explanation: str
    documented: Access | None
    live: Access | None
    examples: tuple[Example, ...]
    latent: bool
    undecided: str = ""


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
    all_excess: bool
    """No document names the identity."""
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

    @property
    def scope(self) -> str:
        """Cloud and account, as people name it."""
        return f"{self.cloud} {self.scope_id}"


def roles(report: Report) -> tuple[Role, ...]:
    """Return every reviewed identity, deviating ones first, with anchors `role-<slug>`."""
    anchors = Anchors()
    return tuple(_role(review, anchors.take(f"role-{slug(review.name)}")) for review in reviews_in_order(report))


def _role(review: RoleReview, anchor: str) -> Role:
    permissions = permission_words(review.verdict)
    trust = permission_words(review.trust_verdict)
    nearest = Nearest(review.documented)
    every = (*review.diff.added, *review.diff.removed)
    documented_trust, live_trust = trust_lines(review)
    return Role(
        anchor=anchor,
        name=one_line(review.name, 200) or "(no name)",
        arn=one_line(review.arn or "", 400),
        cloud=cloud_name(one_line(review.cloud, 40)),
        scope_id=one_line(review.scope_id, 100),
        documented_as=one_line(review.documented_as or "", 200),
        state=_state(review),
        permissions=permissions,
        trust=trust,
        external_id=one_line(review.external_id, 200) or "–",
        external_id_tone=_external_id_tone(review.external_id),
        principals=listed(sorted(review.external_principals)),
        excess=review.excess,
        all_excess=excess_words(review) == "all",
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
        documented=tuple(statement(row, every, nearest, live=False) for row in review.documented),
        live=tuple(statement(row, review.diff.added, nearest, live=True) for row in review.live),
        documented_trust=documented_trust,
        live_trust=live_trust,
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
    return "bad" if words.startswith(("missing", "weak")) or words == "required; live: none" else ""


def _rows(review: RoleReview, nearest: Nearest) -> Iterable[DiffRow]:
    trust = Nearest.of_trust(review.documented_trust)
    for entries, documented in ((review.trust_diff.added, trust), (review.diff.added, nearest)):
        for group in _grouped(entries):
            yield _excess_row(group, documented)
    for reason in (*review.trust_diff.undecided, *review.diff.undecided):
        yield DiffRow(UNDECIDED_WORD, "open", "This is not a pass.", None, None, (), False, one_line(reason, 600))
    for entries in (review.trust_diff.removed, review.diff.removed):
        for group in _grouped(entries):
            shown = access(_joined(group))
            yield DiffRow(MISSING_WORD, "none", _MISSING_EXPLAINED, shown, None, (), group[0].latent)


def _grouped(entries: Iterable[DiffEntry]) -> list[list[DiffEntry]]:
    """Return entries of one statement together that differ in their actions only, or in their resources only."""
    by_actions: dict[str, list[DiffEntry]] = {}
    for e in entries:
        key = compact_json([e.kind, e.statement, e.resources, e.conditions, e.principals, e.latent])
        by_actions.setdefault(key, []).append(e)
    groups: dict[str, list[DiffEntry]] = {}
    for group in by_actions.values():
        e = _joined(group)
        key = compact_json([e.kind, e.statement, e.actions, e.conditions, e.principals, e.latent])
        groups.setdefault(key, []).extend(group)
    return list(groups.values())


def _joined(group: list[DiffEntry]) -> DiffEntry:
    actions = dict.fromkeys(action for entry in group for action in entry.actions)
    resources = dict.fromkeys(resource for entry in group for resource in entry.resources)
    return msgspec.structs.replace(group[0], actions=tuple(actions), resources=tuple(resources))


def _excess_row(group: list[DiffEntry], documented: Nearest) -> DiffRow:
    first = group[0]
    shown = dict.fromkeys(made for entry in group if (made := example(entry.witness)))
    # The nearest statement is found by the example request; shown for all actions of the row that it names.
    beside = documented.access(_joined(group)) if first.kind != "action" else None
    return DiffRow(
        word=EXCESS_WORDS.get(first.kind, "EXCESS"),
        tone="bad",
        explanation=_EXPLAINED.get(first.kind, ""),
        documented=beside,
        live=access(_joined(group)),
        examples=tuple(shown),
        latent=first.latent,
    )


def open_at_first(shown: tuple[Role, ...]) -> bool:
    """Return whether deviating identities are unfolded: only while a reader can take them in at a glance."""
    return sum(role.deviates for role in shown) <= OPEN_UP_TO
