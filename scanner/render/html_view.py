"""Everything the HTML template shows, already in words: the template decides only where things stand."""

from __future__ import annotations

from typing import Any

import msgspec

from scanner.model.finding import SEVERITY_ORDER
from scanner.model.report import Report
from scanner.model.snapshot import UnitStatus
from scanner.model.waiver import WaiverRow
from scanner.render.html_coverage import (
    PopulationRow,
    TieRow,
    UnitRow,
    ordered_units,
    population_rows,
    tie_rows,
    unit_rows,
)
from scanner.render.html_findings import (
    LEAN_ABOVE,
    Links,
    RuleCard,
    Section,
    finding_anchors,
    index,
    rule_anchors,
    rule_cards,
    sections,
)
from scanner.render.html_roles import Role, open_at_first, roles
from scanner.render.html_values import link
from scanner.render.text import one_line, shorten, stamp, when
from scanner.render.words import (
    EXIT_WORDS,
    Group,
    cloud_name,
    delta_words,
    duties,
    group_slug,
    groups,
    night_before,
    open_points,
    unit_phrase,
    unread_other,
    verdict_lines,
    waiver_extent,
    waiver_state,
)

_ANSWERS = {"yes": ("Yes", "good"), "no": ("No", "bad"), "not proven": ("Not proven", "open")}
_LINKS_SHOWN = 6
_GONE_SHOWN = 20


class Fact(msgspec.Struct, frozen=True):
    """A label and what stands beside it; `time` is RFC 3339 where the text is a moment."""

    label: str
    text: str
    time: str = ""
    mono: bool = False


class MatrixRow(msgspec.Struct, frozen=True):
    """Counts of one group by severity."""

    slug: str
    title: str
    tone: str
    counts: tuple[int, ...]
    total: int


class Tile(msgspec.Struct, frozen=True):
    """A large number; `slug` is empty where there is no group to go to."""

    slug: str
    title: str
    tone: str
    count: int


class Task(msgspec.Struct, frozen=True):
    """Something somebody must do."""

    summary: str
    severity: str
    documented: bool
    links: tuple[tuple[str, str], ...]
    more: int
    results: int


class Document(msgspec.Struct, frozen=True):
    """A page the documented version rests on."""

    name: str
    title: str
    url: str | None
    retrieved: str
    sha256: str
    publication: str


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


class View(msgspec.Struct, frozen=True):
    """The page."""

    title: str
    subtitle: str
    run_id: str
    version: str
    answer: str
    tone: str
    headline: str
    allows: str
    planned: bool
    open_points: tuple[str, ...]
    facts: tuple[Fact, ...]
    severities: tuple[str, ...]
    tiles: tuple[Tile, ...]
    matrix: tuple[MatrixRow, ...]
    exit_words: str
    units_complete: int
    units_total: int
    owners: tuple[tuple[str, str, tuple[Task, ...]], ...]
    roles: tuple[Role, ...]
    roles_open: bool
    many_scopes: bool
    sections: tuple[Section, ...]
    finding_count: int
    many: bool
    role_names: tuple[str, ...]
    index: dict[str, Any]
    units: tuple[UnitRow, ...]
    calls_total: int
    not_read: tuple[str, ...]
    populations: tuple[PopulationRow, ...]
    ties: tuple[TieRow, ...]
    documents: tuple[Document, ...]
    parameters: tuple[Fact, ...]
    run_facts: tuple[Fact, ...]
    layers: tuple[str, ...]
    rules: int
    rule_cards: tuple[RuleCard, ...]
    waivers: tuple[RegisterRow, ...] = ()

    @property
    def rail(self) -> tuple[tuple[str, str, int | None], ...]:
        """Sections that are on the page: anchor, title, how many."""
        every: tuple[tuple[str, str, int | None, bool], ...] = (
            ("verdict", "Verdict", None, True),
            ("summary", "Summary", None, True),
            ("act", "Who must act", None, bool(self.owners)),
            ("identities", "Identities", len(self.roles), bool(self.roles)),
            ("differences", "Documented versus live", None, bool(self.roles)),
            ("findings", "Findings", self.finding_count, True),
            ("waivers", "Waivers", len(self.waivers), bool(self.waivers)),
            ("completeness", "Completeness", None, True),
            ("rules", "Rules", len(self.rule_cards), True),
            ("method", "Method and limits", None, True),
            ("glossary", "Glossary", None, True),
        )
        return tuple((anchor, title, number) for anchor, title, number, here in every if here)


def view(report: Report) -> View:
    """Return the page for `report`."""
    answer, tone = _ANSWERS.get(report.verdict.as_documented, (one_line(report.verdict.as_documented, 40), "open"))
    headline, allows = verdict_lines(report.verdict)
    told = groups(report)
    shown_roles = roles(report)
    coverage = unit_rows(report)
    links = Links(
        roles=_role_anchors(shown_roles),
        units={unit.unit_id: row.anchor for unit, row in zip(ordered_units(report), coverage, strict=True)},
        findings=finding_anchors(told),
        rules=rule_anchors(report),
    )
    shown = sections(report, told, links)
    role_names = tuple(sorted({row.role for section in shown for row in section.rows if row.role}))
    scopes = ", ".join(one_line(s.name or s.id, 80) for s in report.scopes)
    return View(
        title=f"As documented: {answer.lower()}" + (f" – {scopes}" if scopes else ""),
        subtitle=_scopes(report),
        run_id=one_line(report.run.run_id, 60),
        version=one_line(report.run.tool_version, 40),
        answer=answer,
        tone=tone,
        headline=headline[:1].upper() + headline[1:],
        allows=allows[:1].upper() + allows[1:],
        planned=report.run.planned,
        open_points=open_points(report),
        facts=_facts(report),
        severities=tuple(s.value for s in SEVERITY_ORDER),
        tiles=_tiles(told),
        matrix=_matrix(told),
        exit_words=f"{report.summary.exit_code}: {EXIT_WORDS.get(report.summary.exit_code, 'unknown')}",
        units_complete=sum(u.status is UnitStatus.COMPLETE for u in report.units),
        units_total=len(report.units),
        owners=_owners(report, links),
        roles=shown_roles,
        roles_open=open_at_first(shown_roles),
        many_scopes=len({(r.cloud, r.scope_id) for r in shown_roles}) > 1,
        sections=shown,
        finding_count=len(report.findings),
        many=len(report.findings) > LEAN_ABOVE,
        role_names=role_names,
        index={
            "run_id": one_line(report.run.run_id, 60),
            "answer": answer,
            "roles": role_names,
            "findings": index(shown, role_names),
        },
        units=coverage,
        calls_total=len(report.calls),
        not_read=tuple(unit_phrase(u) for u in unread_other(report)),
        populations=population_rows(report),
        ties=tie_rows(report),
        documents=tuple(_document(raw) for raw in report.baseline_documents),
        parameters=tuple(Fact(one_line(name), shorten(text, 500)) for name, text in sorted(report.run.parameters)),
        run_facts=_run_facts(report),
        layers=tuple(sorted({one_line(layer) for review in report.reviews for layer in review.layers})),
        rules=report.summary.rules_evaluated,
        rule_cards=rule_cards(report, links),
        waivers=tuple(_register_row(row) for row in report.waivers),
    )


def _register_row(row: WaiverRow) -> RegisterRow:
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


def _role_anchors(shown: tuple[Role, ...]) -> dict[str, str]:
    anchors: dict[str, str] = {}
    for role in shown:
        for key in (role.arn, role.name):
            anchors.setdefault(key, role.anchor)
    return anchors


def _scopes(report: Report) -> str:
    parts = []
    for scope in report.scopes:
        name = f" ({scope.name})" if scope.name else ""
        parts.append(one_line(f"{cloud_name(scope.cloud)} {scope.kind} {scope.id}{name}", 160))
    return ", ".join(parts) or "no scope"


def _facts(report: Report) -> tuple[Fact, ...]:
    run = report.run
    documents = ", ".join(
        f"{one_line(str(d.get('name', '')), 40)} of {one_line(str(d.get('retrieved', 'unknown date')), 40)}"
        for d in report.baseline_documents
    )
    version = one_line(run.baseline_id, 80) + (f" ({documents})" if documents else "")
    readers = ", ".join(one_line(caller.principal, 200) for caller in run.callers) or "nobody: read from a file"
    return (
        Fact("Scope", _scopes(report)),
        Fact("Documented version", version),
        Fact("Read as", readers, mono=bool(run.callers)),
        Fact("Read at", when(run.collected_at), time=stamp(run.collected_at)),
        Fact("Source", {"live": "live APIs", "export": "exported files", "template": "template"}[run.source.value]),
        Fact("Run", one_line(run.run_id, 60), mono=True),
    )


def _run_facts(report: Report) -> tuple[Fact, ...]:
    run = report.run
    sdks = ", ".join(f"{name} {version}" for name, version in sorted(run.sdk_versions))
    facts = (
        Fact("Started", when(run.started), time=stamp(run.started)),
        Fact("Ended", when(run.ended), time=stamp(run.ended)),
        Fact("Clock of the rules", when(run.as_of), time=stamp(run.as_of)),
        Fact("Tool", one_line(f"porter-audit {run.tool_version}, Python {run.python}", 120)),
        Fact("Libraries", one_line(sdks or "none")),
        Fact("Action catalogue", one_line(run.catalogue)),
        Fact("Digest of the documented version", one_line(run.baseline_digest, 80), mono=True),
        Fact("Digest of the rules", one_line(run.rules_digest, 80), mono=True),
        Fact("Command", one_line(" ".join(run.argv) or "called from Python", 500), mono=bool(run.argv)),
        Fact("Host", one_line(run.host or "not recorded", 120)),
        Fact("Exit code", f"{report.summary.exit_code}"),
    )
    return facts + _nights(report)


def _nights(report: Report) -> tuple[Fact, ...]:
    """Return what changed since the run before, and what is gone; nothing where nobody asked for it."""
    note = report.history
    if note is None:
        return ()
    changes = ", ".join(f"{number} {delta_words(delta)}" for delta, number in note.deltas.items()) or "nothing"
    gone = "; ".join(one_line(f"{delta_words(g.delta)}: {g.rule_id} {g.subject}", 200) for g in note.gone[:_GONE_SHOWN])
    more = f"; and {len(note.gone) - _GONE_SHOWN} more in report.json" if len(note.gone) > _GONE_SHOWN else ""
    said = (Fact("Since the run before", f"{night_before(note)}: {changes}"),)
    return (*said, Fact("No longer listed", gone + more)) if gone else said


def _tiles(told: tuple[Group, ...]) -> tuple[Tile, ...]:
    """Return the numbers people look for first; three of them also when they are zero."""
    by_slug = {group.slug: group for group in told}
    always = {"not-documented": "Not as documented", "not-proven": "Not proven", "risks": "Documented risks"}
    tiles = []
    for slug in ("not-documented", "errors", "not-proven", "manual", "risks", "waived", "passed"):
        group = by_slug.get(slug)
        if group:
            tiles.append(Tile(slug, group.title, group.tone, len(group.findings)))
        elif slug in always:
            tiles.append(Tile("", always[slug], "none", 0))
    return tuple(tiles)


def _matrix(told: tuple[Group, ...]) -> tuple[MatrixRow, ...]:
    rows = []
    for group in told:
        counts = tuple(sum(f.severity is severity for f in group.findings) for severity in SEVERITY_ORDER)
        rows.append(MatrixRow(group.slug, group.title, group.tone, counts, len(group.findings)))
    return tuple(rows)


def _owners(report: Report, links: Links) -> tuple[tuple[str, str, tuple[Task, ...]], ...]:
    by_owner: dict[str, list[Task]] = {}
    for duty in duties(report):
        subjects: dict[str, str] = {}
        for finding in duty.findings:
            name = one_line(finding.subject.name or finding.subject.key, 80)
            subjects.setdefault(name, links.findings[id(finding)])
        shown = tuple((anchor, name) for name, anchor in subjects.items())[:_LINKS_SHOWN]
        task = Task(
            summary=shorten(duty.summary, 500),
            severity=duty.severity.value,
            documented=all(group_slug(f) == "risks" for f in duty.findings),
            links=shown,
            more=len(subjects) - len(shown),
            results=len(duty.findings),
        )
        by_owner.setdefault(duty.owner, []).append(task)
    titles = {
        "customer": ("You", "What can be mended in your own account."),
        "porter": ("Porter", "What only the vendor can change; ask for it."),
    }
    return tuple(
        (*titles.get(owner, (one_line(owner, 40) or "Nobody named", "")), tuple(tasks))
        for owner, tasks in sorted(by_owner.items())
    )


def _document(raw: dict[str, Any]) -> Document:
    def text(key: str, limit: int = 300) -> str:
        found = raw.get(key)
        return one_line(str(found), limit) if found is not None else "–"

    return Document(
        name=text("name", 80),
        title=text("title"),
        url=link(str(raw.get("url") or "")),
        retrieved=text("retrieved", 40),
        sha256=text("sha256", 80),
        publication=text("publication"),
    )
