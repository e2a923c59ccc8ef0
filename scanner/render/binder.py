"""A binder for an auditor: a folder per control with cover page, results, populations and sampled evidence.

It says what is evidence for a control and never that a control is met.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count

import msgspec

from scanner.model.common import EvidencePointer
from scanner.model.finding import ControlLink, Finding
from scanner.model.pages import PageFile
from scanner.model.report import Report
from scanner.render.binder_sample import KINDS, METHOD, Drawn, Kind, kind_of, sample
from scanner.render.csv_report import (
    CONTROL_COLUMNS,
    control_row,
    render_counts_csv,
    render_population_csv,
    render_tie_outs_csv,
    table,
)
from scanner.render.json_sources import Sources
from scanner.render.text import encodable, stamp
from scanner.render.words import in_order

INDEX_COLUMNS = ("framework", "version", "control", "folder", *(kind.key for kind in KINDS), "results", "sampled")
SAMPLE_COLUMNS = (
    *("control", "finding_id", "kind", "status", "rule_id", "subject_key", "draw", "file", "unit_id", "unit_status"),
    *("json_pointer", "api", "request_id", "retrieved_at", "raw_answer", "raw_answer_sha256"),
)
_NOT_SLUG = re.compile(r"[^a-z0-9.]+")


class BinderFacts(msgspec.Struct, frozen=True):
    """What decides a binder beside the report."""

    framework: str
    """Title, as control links have it."""
    seed: str
    per_kind: int
    manifest_sha256: str
    profile: str


class Control(msgspec.Struct, frozen=True):
    """One control and what speaks to it."""

    framework: str
    version: str
    id: str
    folder: str
    """Relative to the binder; safe on every file system."""
    results: tuple[tuple[Finding, ControlLink], ...]
    drawn: tuple[Drawn, ...]

    def count(self, kind: Kind) -> int:
        """Return how many results are of a kind."""
        return sum(kind_of(finding) == kind for finding, _ in self.results)


class Binder(msgspec.Struct, frozen=True):
    """Everything that is written, but for the pages for people."""

    facts: BinderFacts
    controls: tuple[Control, ...]
    population_files: tuple[tuple[str, str], ...]
    """Name of a population and its file, relative to the binder."""
    files: dict[str, bytes]


def controls_of(report: Report, facts: BinderFacts) -> tuple[Control, ...]:
    """Return the controls of a framework that results speak to, in natural order."""
    found: dict[tuple[str, str], list[tuple[Finding, ControlLink]]] = {}
    for finding in in_order(report.findings):
        for link in finding.controls:
            if link.framework == facts.framework:
                found.setdefault((link.id, link.version), []).append((finding, link))
    names = _Names()
    return tuple(
        Control(
            framework=facts.framework,
            version=version,
            id=control,
            folder=f"controls/{names.take(control)}",
            results=tuple(found[control, version]),
            drawn=sample(
                (finding for finding, _ in found[control, version]),
                seed=facts.seed,
                control=control,
                per_kind=facts.per_kind,
            ),
        )
        for control, version in sorted(found, key=lambda key: (natural(key[0]), key[1]))
    )


def make_binder(report: Report, facts: BinderFacts, read: Callable[[PageFile], bytes]) -> Binder:
    """Return the tables and the evidence of a binder; `read` gives the bytes of a raw answer.

    The same report, facts and answers give the same bytes.
    """
    controls = controls_of(report, facts)
    sources = Sources(report)
    populations = tuple(_populations(report))
    files = {
        "index.csv": table(INDEX_COLUMNS, (_index_row(control) for control in controls)),
        "populations/counts.csv": render_counts_csv(report),
        "populations/tie-outs.csv": render_tie_outs_csv(report),
        **{path: content for _, path, content in populations},
    }
    for control in controls:
        files |= _control_files(control, report, sources, facts)
    drawn = [one.finding for control in controls for one in control.drawn]
    # Each answer once, however many results rest on it.
    files |= {page.path: read(page) for page in _pages(drawn, sources)}
    return Binder(facts, controls, tuple((name, path) for name, path, _ in populations), files)


def _control_files(control: Control, report: Report, sources: Sources, facts: BinderFacts) -> dict[str, bytes]:
    results = (control_row(finding, link, report) for finding, link in control.results)
    rows = [row for one in control.drawn for row in _sample_rows(control, one, sources)]
    return {
        f"{control.folder}/results.csv": table(CONTROL_COLUMNS, results),
        f"{control.folder}/sample.csv": table(SAMPLE_COLUMNS, rows),
        f"{control.folder}/populations.csv": render_counts_csv(report),
        f"{control.folder}/tie-outs.csv": render_tie_outs_csv(report),
        **{sample_file(control, one): _sample_json(control, one, sources, facts) for one in control.drawn},
    }


def sample_file(control: Control, one: Drawn) -> str:
    """Return where a drawn result stands, relative to the binder."""
    return f"{control.folder}/sample/{one.finding.finding_id}.json"


class Shown(msgspec.Struct, frozen=True):
    """One piece of evidence of a drawn result."""

    unit_id: str
    unit_status: str | None
    json_pointer: str
    api: str | None
    request_id: str | None
    retrieved_at: str | None
    raw_answers: tuple[PageFile, ...]
    """The answer it lies in; of a result that rests on a unit as a whole every answer of that unit."""
    value: str | None
    """The value as JSON on one line; cut where `value_chars` is greater than its length."""
    value_chars: int | None


def evidence_of(finding: Finding, sources: Sources) -> tuple[Shown, ...]:
    """Return what a result rests on, in order."""
    return tuple(_shown(pointer, sources) for pointer in finding.evidence)


def _shown(pointer: EvidencePointer, sources: Sources) -> Shown:
    source, excerpt = sources.ledger.source(pointer), sources.excerpt(pointer)
    call, unit = source.call, source.unit
    return Shown(
        unit_id=pointer.unit_id,
        unit_status=unit.status.value if unit else None,
        json_pointer=pointer.pointer,
        api=f"{call.service}:{call.operation}" if call else None,
        request_id=call.request_id if call else None,
        retrieved_at=stamp(call.ended) if call else None,
        raw_answers=tuple(sources.files(pointer)),
        value=excerpt.text if excerpt else None,
        value_chars=excerpt.chars if excerpt else None,
    )


def _sample_rows(control: Control, one: Drawn, sources: Sources) -> Iterator[tuple[str, ...]]:
    finding = one.finding
    kind, subject = kind_of(finding).key, finding.subject.key
    head = (control.id, finding.finding_id, kind, finding.status, finding.rule_id, subject, one.draw)
    file = f"sample/{finding.finding_id}.json"
    for said in evidence_of(finding, sources):
        call = (said.api or "", said.request_id or "", said.retrieved_at or "")
        for path, sha256 in [(page.path, page.sha256) for page in said.raw_answers] or [("", "")]:
            yield (*head, file, said.unit_id, said.unit_status or "", said.json_pointer, *call, path, sha256)


def _sample_json(control: Control, one: Drawn, sources: Sources, facts: BinderFacts) -> bytes:
    finding = one.finding
    said = {
        "control": {"framework": control.framework, "version": control.version, "id": control.id},
        "drawn": {"seed": facts.seed, "draw": one.draw, "method": METHOD},
        "manifest_sha256": facts.manifest_sha256,
        "finding_id": finding.finding_id,
        "fingerprint": finding.fingerprint,
        "rule_id": finding.rule_id,
        "rule_title": finding.rule_title,
        "kind": kind_of(finding).key,
        "axis": finding.axis.value,
        "status": finding.status,
        "result": finding.result.value,
        "severity": finding.severity.value,
        "subject": finding.subject.key,
        "message": finding.message,
        "evaluated_at": stamp(finding.evaluated_at),
        "evidence": msgspec.to_builtins(evidence_of(finding, sources)),
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, indent=1)
    return encodable(text).encode() + b"\n"


def _pages(findings: Iterable[Finding], sources: Sources) -> Iterator[PageFile]:
    seen = {page.path: page for f in findings for pointer in f.evidence for page in sources.files(pointer)}
    return (seen[path] for path in sorted(seen))


def _populations(report: Report) -> Iterator[tuple[str, str, bytes]]:
    names = _Names("counts", "tie-outs")
    for population in sorted(report.populations, key=lambda p: (p.scope_id, p.name)):
        name = f"{population.scope_id} {population.name}"
        yield name, f"populations/{names.take(name)}.csv", render_population_csv(population)


def _index_row(control: Control) -> tuple[str, ...]:
    counts = tuple(str(control.count(kind)) for kind in KINDS)
    return (
        *(control.framework, control.version, control.id, control.folder, *counts),
        *(str(len(control.results)), str(len(control.drawn))),
    )


class _Names:
    """File names out of any text: plain, short, each once."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def take(self, text: str) -> str:
        plain = _NOT_SLUG.sub("-", text.lower()).strip("-.")[:80] or "unnamed"
        name = next(n for n in chain((plain,), (f"{plain}-{i}" for i in count(2))) if n not in self._taken)
        self._taken.add(name)
        return name


def natural(key: str) -> tuple[tuple[str, int], ...]:
    """Return what orders `A.5.9` before `A.5.18`, and `AC-6` before `AC-6(1)`."""
    pieces = re.findall(r"([^0-9]*)([0-9]{0,9})", key)
    return tuple((letters, int(digits) if digits else 0) for letters, digits in pieces)
