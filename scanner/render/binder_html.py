"""The pages of a binder: a cover for each control, and the index."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import msgspec

from scanner.model.finding import SEVERITY_ORDER, ControlLink, Finding
from scanner.model.report import Report, TieOut
from scanner.render.binder import Binder, Control, evidence_of, sample_file
from scanner.render.binder_sample import KINDS, METHOD, kind_of
from scanner.render.html.page import Frame, render_page
from scanner.render.json_sources import Sources
from scanner.render.text import one_line, shorten, when
from scanner.render.words import cloud_name, leads, open_points, unit_phrase, unread_required

_MAX_ROWS = 200
_LIMITS = " Limits: "
_STYLES = ("binder/binder.css",)


class Told(msgspec.Struct, frozen=True):
    """How many results are of a kind."""

    key: str
    words: str
    tone: str
    count: int


class RuleRow(msgspec.Struct, frozen=True):
    """What one rule is evidence of here."""

    id: str
    title: str
    strength: str
    why: str
    limits: str
    told: tuple[Told, ...]


class ResultRow(msgspec.Struct, frozen=True):
    """One result that is not a pass."""

    id: str
    words: str
    tone: str
    severity: str
    rule: str
    subject: str
    message: str


class EvidenceRow(msgspec.Struct, frozen=True):
    """One piece of evidence of a drawn result."""

    unit: str
    status: str
    pointer: str
    call: str
    answers: tuple[tuple[str, str], ...]
    """Link from the cover to the raw answer, and its SHA-256."""


class SampleRow(msgspec.Struct, frozen=True):
    """One drawn result."""

    id: str
    words: str
    tone: str
    rule: str
    subject: str
    href: str
    evidence: tuple[EvidenceRow, ...]


class PopulationRow(msgspec.Struct, frozen=True):
    """One list that was read."""

    name: str
    count: int
    sha256: str
    href: str


class Fact(msgspec.Struct, frozen=True):
    """A label and what stands behind it."""

    label: str
    text: str
    mono: bool = False
    time: str = ""


class TieOutRow(msgspec.Struct, frozen=True):
    """One count beside the provider's own."""

    name: str
    scope: str
    counted: int
    reported: str
    source: str
    tone: str
    words: str


class Common(msgspec.Struct, frozen=True):
    """What stands on every page: the run, the populations, what was not read, how it was drawn."""

    facts: tuple[Fact, ...]
    banner: tuple[str, ...]
    unread: tuple[str, ...]
    populations: tuple[PopulationRow, ...]
    tie_outs: tuple[TieOutRow, ...]
    root: str
    """From the page's folder to the binder's."""
    method: str
    seed: str
    per_kind: int
    shareable: bool
    manifest_sha256: str


class ControlRow(msgspec.Struct, frozen=True):
    """One line of the index."""

    id: str
    cover: str
    pdf: str
    results: str
    sample: str
    drawn: int
    total: int
    told: tuple[Told, ...]


def render_covers(report: Report, binder: Binder) -> dict[str, bytes]:
    """Return the cover page of each control, by path."""
    sources = Sources(report)
    return {f"{c.folder}/cover.html": _cover(report, binder, c, sources) for c in binder.controls}


def render_index(report: Report, binder: Binder, *, with_pdf: bool, unspoken: tuple[str, ...]) -> bytes:
    """Return index.html. `unspoken` are controls of the framework to which no result of this run speaks."""
    rows = [
        ControlRow(
            id=one_line(control.id, 80),
            cover=f"{control.folder}/cover.html",
            pdf=f"{control.folder}/cover.pdf" if with_pdf else "",
            results=f"{control.folder}/results.csv",
            sample=f"{control.folder}/sample.csv",
            drawn=len(control.drawn),
            total=len(control.results),
            told=_told(control),
        )
        for control in binder.controls
    ]
    title = f"Evidence for {binder.facts.framework}"
    return render_page(
        "binder/index.html.j2",
        _frame(report, title),
        styles=_STYLES,
        title=title,
        rows=rows,
        kinds=[kind.words for kind in KINDS],
        unspoken=unspoken,
        c=_common(report, binder, root=""),
    )


def _cover(report: Report, binder: Binder, control: Control, sources: Sources) -> bytes:
    title = f"Evidence for {one_line(f'{control.framework} {control.id}', 80)}"
    deviating = [row for row in (_result(finding) for finding, _ in control.results) if row is not None]
    return render_page(
        "binder/cover.html.j2",
        _frame(report, title),
        styles=_STYLES,
        title=title,
        version=one_line(control.version, 80),
        told=_told(control),
        rules=_rules(control),
        open_rows=deviating[:_MAX_ROWS],
        open_more=max(0, len(deviating) - _MAX_ROWS),
        sample=[_sample(control, one.finding, sample_file(control, one), sources) for one in control.drawn],
        total=len(control.results),
        c=_common(report, binder, root="../../"),
    )


def _frame(report: Report, title: str) -> Frame:
    run = report.run
    scopes = ", ".join(one_line(f"{cloud_name(s.cloud)} {s.kind} {s.name or s.id}", 80) for s in report.scopes[:3])
    more = f" and {len(report.scopes) - 3} more" if len(report.scopes) > 3 else ""
    return Frame(
        title=f"{title}: run {one_line(run.run_id, 60)}",
        subtitle=scopes + more,
        version=one_line(run.tool_version, 40),
        about=f"run {one_line(run.run_id, 60)}",
        tagline="evidence for an auditor",
        kind="binder",
        print_label=f"porter-audit, {title}, run {run.run_id}",
    )


def _common(report: Report, binder: Binder, *, root: str) -> Common:
    return Common(
        facts=_facts(report, binder),
        banner=open_points(report),
        unread=tuple(one_line(unit_phrase(unit), 300) for unit in unread_required(report)),
        populations=_populations(report, dict(binder.population_files), root),
        tie_outs=tuple(_tie_out(t) for t in sorted(report.tie_outs, key=lambda t: (t.scope_id, t.name))),
        root=root,
        method=METHOD,
        seed=one_line(binder.facts.seed, 200),
        per_kind=binder.facts.per_kind,
        shareable=binder.facts.profile != "full",
        manifest_sha256=binder.facts.manifest_sha256,
    )


def _tie_out(one: TieOut) -> TieOutRow:
    tone, words = {True: ("good", "agree"), False: ("bad", "differ"), None: ("open", "not known")}[one.agrees]
    return TieOutRow(
        name=one_line(one.name, 100),
        scope=one_line(one.scope_id, 80),
        counted=one.counted,
        reported="not read" if one.reported is None else f"{one.reported:,}",
        source=one_line(one.source, 120),
        tone=tone,
        words=words,
    )


def _facts(report: Report, binder: Binder) -> tuple[Fact, ...]:
    run = report.run
    who = ", ".join(sorted({one_line(caller.principal, 120) for caller in run.callers})) or "nobody: read from files"
    return (
        Fact("Collected", when(run.collected_at), time=run.collected_at.isoformat()),
        Fact("Judged as of", when(run.as_of), time=run.as_of.isoformat()),
        Fact("Read by", who, mono=True),
        Fact("Documented version", one_line(run.baseline_id, 80)),
        Fact("Answer", f"{leads(report)[0]} {one_line(report.verdict.as_documented, 40)}"),
        Fact("Run", one_line(run.run_id, 60), mono=True),
        Fact("Manifest, SHA-256", binder.facts.manifest_sha256, mono=True),
        Fact("Bundle", binder.facts.profile),
    )


def _populations(report: Report, files: Mapping[str, str], root: str) -> tuple[PopulationRow, ...]:
    rows = []
    for population in sorted(report.populations, key=lambda p: (p.scope_id, p.name)):
        name = f"{population.scope_id} {population.name}"
        href = f"{root}{files[name]}" if name in files else ""
        rows.append(PopulationRow(one_line(name, 120), population.count, one_line(population.sha256, 64), href))
    return tuple(rows)


def _told(control: Control) -> tuple[Told, ...]:
    return tuple(Told(kind.key, kind.words, kind.tone, control.count(kind)) for kind in KINDS)


def _rules(control: Control) -> list[RuleRow]:
    groups: dict[str, list[tuple[Finding, ControlLink]]] = {}
    for finding, link in control.results:
        groups.setdefault(finding.rule_id, []).append((finding, link))
    return [_rule(rule_id, groups[rule_id]) for rule_id in sorted(groups)]


def _rule(rule_id: str, results: list[tuple[Finding, ControlLink]]) -> RuleRow:
    finding, link = results[0]
    why, _, limits = link.rationale.partition(_LIMITS)
    told = [(kind, sum(kind_of(f) == kind for f, _ in results)) for kind in KINDS]
    return RuleRow(
        id=one_line(rule_id, 60),
        title=one_line(finding.rule_title, 200),
        strength=one_line(link.strength, 40),
        why=one_line(why, 400),
        limits=one_line(limits, 400),
        told=tuple(Told(kind.key, kind.words, kind.tone, number) for kind, number in told if number),
    )


def _result(finding: Finding) -> ResultRow | None:
    kind = kind_of(finding)
    if not kind.is_open:
        return None
    severity = finding.severity if finding.severity in SEVERITY_ORDER else SEVERITY_ORDER[-1]
    return ResultRow(
        id=finding.finding_id,
        words=kind.words,
        tone=kind.tone,
        severity=severity.value,
        rule=one_line(finding.rule_id, 60),
        subject=one_line(finding.subject.key, 200),
        message=one_line(finding.message, 400),
    )


def _sample(control: Control, finding: Finding, path: str, sources: Sources) -> SampleRow:
    kind = kind_of(finding)
    return SampleRow(
        id=finding.finding_id,
        words=kind.words,
        tone=kind.tone,
        rule=one_line(finding.rule_id, 60),
        subject=one_line(finding.subject.key, 200),
        href=posixpath.relpath(path, control.folder),
        evidence=tuple(
            EvidenceRow(
                unit=one_line(said.unit_id, 200),
                status=said.unit_status or "not read",
                pointer=one_line(said.json_pointer or "/", 200),
                call=_call(said.api, said.request_id, said.retrieved_at),
                answers=tuple((f"../../{page.path}", page.sha256) for page in said.raw_answers[:20]),
            )
            for said in evidence_of(finding, sources)
        ),
    )


def _call(api: str | None, request_id: str | None, retrieved_at: str | None) -> str:
    parts = [api or "", f"request {request_id}" if request_id else "", retrieved_at or ""]
    return shorten(one_line(", ".join(part for part in parts if part), 300), 300)
