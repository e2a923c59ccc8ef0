"""Everything the HTML template shows, already in words: the template decides only where things stand."""

from __future__ import annotations

import msgspec

from scanner.model.finding import SEVERITY_ORDER
from scanner.model.report import Report
from scanner.model.snapshot import UnitStatus
from scanner.render.html.acts import Owner, RegisterRow, owners, register_row
from scanner.render.html.controls import Framework, frameworks
from scanner.render.html.coverage import (
    PopulationRow,
    TieRow,
    UnitRow,
    ordered_units,
    population_rows,
    tie_rows,
    unit_rows,
)
from scanner.render.html.evidence import EvidenceCard, evidence_anchors, evidence_cards
from scanner.render.html.files import Book, Leaf, book, finding_links
from scanner.render.html.findings import LEAN_ABOVE, Links, RuleCard, rule_anchors, rule_cards
from scanner.render.html.graph import Graph, graphs
from scanner.render.html.roles import Role, open_at_first, roles
from scanner.render.html.run import Document, Fact, Nights, document, facts, nights, run_facts, scopes_line
from scanner.render.html.services import Services, services
from scanner.render.text import one_line, shorten
from scanner.render.words import (
    EXIT_WORDS,
    Group,
    groups,
    leads,
    less_words,
    open_points,
    unit_phrase,
    unread_other,
    vendor_name,
    verdict_lines,
)

_ANSWERS = {"yes": ("Yes", "good"), "no": ("No", "bad"), "not proven": ("Not proven", "open")}


class MatrixRow(msgspec.Struct, frozen=True):
    """Counts of one group by severity; `href` leads to it."""

    href: str
    title: str
    tone: str
    counts: tuple[int, ...]
    total: int


class Tile(msgspec.Struct, frozen=True):
    """A large number; `href` is empty where there is no group to go to."""

    href: str
    title: str
    tone: str
    count: int


class View(msgspec.Struct, frozen=True):
    """The page; `leaf` holds the findings that stand in this file, `others` the files that hold the rest."""

    title: str
    subtitle: str
    run_id: str
    version: str
    vendor: str
    lead: str
    """What the answer is to."""
    allows_lead: str
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
    owners: tuple[Owner, ...]
    roles: tuple[Role, ...]
    roles_open: bool
    many_scopes: bool
    graphs: tuple[Graph, ...]
    leaf: Leaf
    others: tuple[Leaf, ...]
    finding_count: int
    many: bool
    evidence: tuple[EvidenceCard, ...]
    frameworks: tuple[Framework, ...]
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
    less: str
    """What of the results that are not as documented is no deviation."""
    rule_cards: tuple[RuleCard, ...]
    waivers: tuple[RegisterRow, ...] = ()
    nights: Nights | None = None
    services: Services | None = None

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Every file, this one first."""
        return (self.leaf, *self.others)

    @property
    def rail(self) -> tuple[tuple[str, str, int | None], ...]:
        """Sections that are on the page: anchor, title, how many."""
        every: tuple[tuple[str, str, int | None, bool], ...] = (
            ("verdict", "Verdict", None, True),
            ("summary", "Summary", None, True),
            ("act", "Who must act", None, bool(self.owners)),
            ("identities", "Identities", len(self.roles), bool(self.roles)),
            ("differences", "Documented versus live", None, bool(self.roles)),
            ("graph", "Trust graph", None, bool(self.graphs)),
            ("services", "Services", len(self.services.rows) if self.services else 0, self.services is not None),
            ("findings", "Findings", self.finding_count, True),
            ("evidence", "Evidence", len(self.evidence), bool(self.evidence)),
            ("controls", "Control matrix", None, bool(self.frameworks)),
            ("waivers", "Waivers", len(self.waivers), bool(self.waivers)),
            ("completeness", "Completeness", None, True),
            ("rules", "Rules", len(self.rule_cards), True),
            ("method", "Method and limits", None, True),
            ("glossary", "Glossary", None, True),
        )
        return tuple((anchor, title, number) for anchor, title, number, here in every if here)


def view(report: Report, limit: int) -> tuple[View, Book]:
    """Return the page for `report` and the leaves that hold its findings, at most `limit` on each."""
    told = groups(report)
    shown = roles(report)
    links = links_of(report, told, shown, limit)
    made = book(report, told, links, limit)
    return view_of(report, told, shown, links, made), made


def links_of(report: Report, told: tuple[Group, ...], shown: tuple[Role, ...], limit: int) -> Links:
    """Return where everything stands, with at most `limit` findings in a file."""
    anchors, hrefs = finding_links(told, limit)
    return Links(
        roles=_role_anchors(shown),
        units={unit.unit_id: f"unit-{number}" for number, unit in enumerate(ordered_units(report), 1)},
        findings=anchors,
        hrefs=hrefs,
        rules=rule_anchors(report),
        evidence=evidence_anchors(report),
    )


def view_of(
    report: Report, told: tuple[Group, ...], shown: tuple[Role, ...], links: Links, made: Book
) -> View:
    """Return everything of the page but the findings, which `made` holds."""
    answer, tone = _ANSWERS.get(report.verdict.as_documented, (one_line(report.verdict.as_documented, 40), "open"))
    lead, allows_lead = leads(report)
    headline, allows = verdict_lines(report.verdict)
    scopes = ", ".join(one_line(s.name or s.id, 80) for s in report.scopes)
    return View(
        lead=lead,
        allows_lead=allows_lead,
        title=f"{lead} {answer.lower()}" + (f" – {scopes}" if scopes else ""),
        subtitle=scopes_line(report),
        run_id=one_line(report.run.run_id, 60),
        version=one_line(report.run.tool_version, 40),
        vendor=vendor_name(report),
        answer=answer,
        tone=tone,
        headline=headline[:1].upper() + headline[1:],
        allows=allows[:1].upper() + allows[1:],
        planned=report.run.planned,
        open_points=open_points(report),
        facts=facts(report),
        severities=tuple(s.value for s in SEVERITY_ORDER),
        tiles=_tiles(told, made),
        matrix=_matrix(told, made),
        exit_words=f"{report.summary.exit_code}: {EXIT_WORDS.get(report.summary.exit_code, 'unknown')}",
        units_complete=sum(u.status is UnitStatus.COMPLETE for u in report.units),
        units_total=len(report.units),
        owners=owners(report, links),
        roles=shown,
        roles_open=open_at_first(shown),
        many_scopes=len({(r.cloud, r.scope_id) for r in shown}) > 1,
        graphs=graphs(report, links.roles),
        leaf=made.leaves[0],
        others=made.leaves[1:],
        finding_count=len(report.findings),
        many=len(report.findings) > LEAN_ABOVE,
        evidence=evidence_cards(report, links, (f for group in told for f in group.findings)),
        frameworks=frameworks(report, links.hrefs),
        units=unit_rows(report),
        calls_total=len(report.calls),
        not_read=tuple(unit_phrase(u) for u in unread_other(report)),
        populations=population_rows(report),
        ties=tie_rows(report),
        documents=tuple(document(raw) for raw in report.baseline_documents),
        parameters=tuple(Fact(one_line(name), shorten(text, 500)) for name, text in sorted(report.run.parameters)),
        run_facts=run_facts(report),
        layers=tuple(sorted({one_line(layer) for review in report.reviews for layer in review.layers})),
        rules=report.summary.rules_evaluated,
        less=next((less_words(group.findings) for group in told if group.slug == "not-documented"), ""),
        rule_cards=rule_cards(report, links),
        waivers=tuple(register_row(row) for row in report.waivers),
        nights=nights(report),
        services=services(report, links),
    )


def _role_anchors(shown: tuple[Role, ...]) -> dict[str, str]:
    anchors: dict[str, str] = {}
    for role in shown:
        for key in (role.arn, role.name):
            anchors.setdefault(key, role.anchor)
    return anchors


def _tiles(told: tuple[Group, ...], made: Book) -> tuple[Tile, ...]:
    """Return the numbers people look for first; three of them also when they are zero."""
    by_slug = {group.slug: group for group in told}
    always = {"not-documented": "Not as documented", "not-proven": "Not proven", "risks": "Documented risks"}
    tiles = []
    for slug in ("not-documented", "errors", "not-proven", "manual", "risks", "waived", "passed"):
        group = by_slug.get(slug)
        if group:
            tiles.append(Tile(made.group_href(slug), group.title, group.tone, len(group.findings)))
        elif slug in always:
            tiles.append(Tile("", always[slug], "none", 0))
    return tuple(tiles)


def _matrix(told: tuple[Group, ...], made: Book) -> tuple[MatrixRow, ...]:
    rows = []
    for group in told:
        counts = tuple(sum(f.severity is severity for f in group.findings) for severity in SEVERITY_ORDER)
        rows.append(MatrixRow(made.group_href(group.slug), group.title, group.tone, counts, len(group.findings)))
    return tuple(rows)
