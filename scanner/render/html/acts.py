"""Who must act, and what somebody accepted, as the HTML report shows it."""

from __future__ import annotations

import msgspec

from scanner.model.report import Report
from scanner.model.waiver import WaiverRow
from scanner.render.html.findings import Links
from scanner.render.html.values import link
from scanner.render.text import one_line, shorten
from scanner.render.words import duties, group_slug, vendor_name, waiver_extent, waiver_state

_LINKS_SHOWN = 6


class Task(msgspec.Struct, frozen=True):
    """Something somebody must do."""

    summary: str
    severity: str
    risk: bool
    links: tuple[tuple[str, str], ...]
    more: int
    results: int


class Owner(msgspec.Struct, frozen=True):
    """Who must act, and on what."""

    name: str
    about: str
    tasks: tuple[Task, ...]


class RegisterRow(msgspec.Struct, frozen=True):
    """A waiver that was given to the run."""

    id: str
    kind: str
    state: str
    tone: str
    owner: str
    approved_by: str
    expires: str
    reason: str
    ticket: str | None
    extent: str
    notes: tuple[str, ...]


def owners(report: Report, links: Links) -> tuple[Owner, ...]:
    """Return who must act, the customer first; deviations before documented risks, the most severe first."""
    by_owner: dict[str, list[Task]] = {}
    for duty in duties(report):
        subjects: dict[str, str] = {}
        for finding in duty.findings:
            name = one_line(finding.subject.name or finding.subject.key, 80)
            subjects.setdefault(name, links.hrefs[id(finding)])
        shown = tuple((href, name) for name, href in subjects.items())[:_LINKS_SHOWN]
        task = Task(
            summary=shorten(duty.summary, 500),
            severity=duty.severity.value,
            risk=all(group_slug(f) == "risks" for f in duty.findings),
            links=shown,
            more=len(subjects) - len(shown),
            results=len(duty.findings),
        )
        by_owner.setdefault(duty.owner, []).append(task)
    titles = {
        "customer": ("You", "What can be mended in your own account."),
        "porter": (vendor_name(report), "What only the vendor can change; ask for it."),
    }
    return tuple(
        Owner(*titles.get(owner, (one_line(owner, 40) or "Nobody named", "")), tuple(tasks))
        for owner, tasks in sorted(by_owner.items())
    )


def register_row(row: WaiverRow) -> RegisterRow:
    """Return a waiver for people, with how it stands tonight."""
    state, tone = waiver_state(row)
    return RegisterRow(
        id=one_line(row.id, 80),
        kind=row.kind.value.replace("_", " "),
        state=state,
        tone=tone,
        owner=one_line(row.owner, 120),
        approved_by=one_line(row.approved_by, 120),
        expires=one_line(row.expires, 40),
        reason=shorten(row.reason, 500),
        ticket=link(row.ticket),
        extent=waiver_extent(row),
        notes=tuple(one_line(note, 400) for note in row.notes),
    )


