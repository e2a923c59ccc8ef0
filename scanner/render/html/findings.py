"""Findings as the HTML report shows them: one line each, and behind it everything needed to check it by hand."""

from __future__ import annotations

import re

import msgspec

from scanner.model.common import EvidencePointer
from scanner.model.finding import Axis, Confidence, Expected, Finding, Remediation, Result, Severity
from scanner.model.report import Report
from scanner.render.calls import Ledger, command
from scanner.render.html.values import Anchors, Example, Piece, Value, example, link, pieces, slug, value
from scanner.render.text import one_line, shorten, when
from scanner.render.words import OWNER_WORDS, Group, delta_words

_HEX = re.compile(r"[0-9a-f]{12}")
_TONES = {Result.PASS: "good", Result.NOT_APPLICABLE: "none"}
_TEXT = 2_000
_NO_NEWS = {None, "unchanged", "waived"}
_TODOS_SHOWN = 8

LEAN_ABOVE = 1_000
"""Above this many findings, what a rule or a call has in common is told once, so that the file stays small."""


class Proof(msgspec.Struct, frozen=True):
    """Where a value was seen, and how to see it again."""

    unit: str
    unit_anchor: str
    pointers: tuple[tuple[str, str], ...]
    """Places in the answer, each with the anchor of the value's card; empty where it has none."""
    call: str
    request_id: str
    time: str
    command: str


class ToDo(msgspec.Struct, frozen=True):
    """What mends a finding."""

    owner: str
    summary: str
    steps: tuple[str, ...]
    command: str
    risk: str


class Row(msgspec.Struct, frozen=True):
    """One finding; a field that is empty is not shown."""

    anchor: str
    id: str
    status: str
    tone: str
    icon: str
    severity: str
    axis: str
    rule_id: str
    rule_anchor: str
    subject: str
    key: str
    role: str
    role_anchor: str
    message: str
    about: str
    title: str
    severity_reason: str
    values: tuple[tuple[str, Value, str, str | None], ...]
    """Label, value, where it stands, link."""
    pieces: tuple[Piece, ...]
    undecided: tuple[str, ...]
    example: Example | None
    todo: ToDo | None
    references: tuple[tuple[str, str | None], ...]
    controls: str
    claims: str
    proofs: tuple[Proof, ...]
    history: str
    news: str
    """What became of it since the run before, where something did."""


class RuleCard(msgspec.Struct, frozen=True):
    """What is the same for every finding of a rule."""

    anchor: str
    id: str
    title: str
    axis: str
    results: str
    todos: tuple[ToDo, ...]
    controls: tuple[str, ...]
    references: tuple[tuple[str, str | None], ...]


class Section(msgspec.Struct, frozen=True):
    """A group of findings."""

    slug: str
    title: str
    explanation: str
    tone: str
    rows: tuple[Row, ...]
    total: int
    """In the whole report; more than `rows` where the group goes on in another file."""


class Links(msgspec.Struct, frozen=True):
    """Anchors: of roles by ARN and by documented name, of units by id, of findings by object identity.

    Findings may stand in another file than the rest; `hrefs` lead to them from report.html.
    """

    roles: dict[str, str]
    units: dict[str, str]
    findings: dict[int, str]
    hrefs: dict[int, str]
    rules: dict[str, str]
    evidence: dict[tuple[str, str], str]


def finding_anchors(told: tuple[Group, ...]) -> dict[int, str]:
    """Return the anchor `f-<12 hex>` of each finding object, by `id()`."""
    anchors = Anchors()
    return {id(finding): anchors.take(_anchor(finding)) for group in told for finding in group.findings}


def rule_anchors(report: Report) -> dict[str, str]:
    """Return the anchor `rule-<slug>` of each rule id."""
    anchors = Anchors()
    return {rule_id: anchors.take(f"rule-{slug(rule_id)}") for rule_id in sorted({f.rule_id for f in report.findings})}


def rule_cards(report: Report, links: Links) -> tuple[RuleCard, ...]:
    """Return one card for each rule that had a subject."""
    members: dict[str, list[Finding]] = {}
    for finding in report.findings:
        members.setdefault(finding.rule_id, []).append(finding)
    return tuple(_card(members[rule_id], anchor) for rule_id, anchor in links.rules.items())


def _card(found: list[Finding], anchor: str) -> RuleCard:
    first = found[0]
    tally = {result: sum(f.result is result for f in found) for result in Result}
    return RuleCard(
        anchor=anchor,
        id=one_line(first.rule_id, 60),
        title=one_line(first.rule_title, 300),
        axis=first.axis.value,
        results=", ".join(f"{number:,} {result.value.replace('_', ' ')}" for result, number in tally.items() if number),
        todos=_todos(found),
        controls=tuple(sorted({text for f in found for text in _controls(f)})),
        references=tuple(sorted({pair for f in found for pair in _references(f)}, key=str)),
    )


def _todos(found: list[Finding]) -> tuple[ToDo, ...]:
    """Return the distinct ways to mend these findings, without the commands that name one subject."""
    distinct: list[ToDo] = []
    for finding in found:
        if finding.remediation:
            todo = msgspec.structs.replace(_todo(finding.remediation), command="")
            if todo not in distinct and len(distinct) < _TODOS_SHOWN:
                distinct.append(todo)
    return tuple(distinct)


class Writer:
    """Makes rows; remembers what many findings share.

    In a large report, and in a `lean` one, each finding leaves out what its rule's card and its unit's card say.
    """

    def __init__(self, report: Report, links: Links, *, lean: bool = False) -> None:
        self._links = links
        self._ledger = Ledger(report)
        self._lean = lean or len(report.findings) > LEAN_ABOVE
        self._proofs: dict[EvidencePointer, Proof] = {}

    def row(self, finding: Finding) -> Row:
        """Return one finding, ready to be shown."""
        links, lean = self._links, self._lean
        rule_id = one_line(finding.rule_id, 60)
        return Row(
            anchor=links.findings[id(finding)],
            id=one_line(finding.finding_id, 40),
            status=finding.status.replace("_", " "),
            tone=_tone(finding),
            icon=slug(finding.status),
            severity=finding.severity.value,
            axis=finding.axis.value,
            rule_id=rule_id,
            rule_anchor=links.rules[finding.rule_id],
            subject=one_line(finding.subject.name or finding.subject.key, 200) or "(no name)",
            key=one_line(finding.subject.key, 500),
            role=one_line(finding.porter_role or "", 200),
            role_anchor=links.roles.get(finding.subject.key) or links.roles.get(finding.porter_role or "") or "",
            message=shorten(finding.message, _TEXT),
            about=_about(finding),
            title="" if lean else one_line(finding.rule_title, 300),
            severity_reason=one_line(finding.severity_reason, 500),
            values=_values(finding, lean),
            pieces=pieces(finding.diff.added, finding.diff.removed) if finding.diff else (),
            undecided=tuple(one_line(r, 600) for r in finding.diff.undecided) if finding.diff else (),
            example=example(finding.witness),
            todo=_todo(finding.remediation, lean) if finding.remediation else None,
            references=() if lean else _references(finding),
            controls="" if lean else " · ".join(_controls(finding)),
            claims="" if lean else ", ".join(str(number) for number in finding.claims),
            proofs=self._proofs_of(finding),
            history=_history(finding),
            news="" if finding.delta in _NO_NEWS else delta_words(finding.delta or ""),
        )

    def _proofs_of(self, finding: Finding) -> tuple[Proof, ...]:
        """Return one proof for each call, with all places in its answer."""
        by_call: dict[Proof, list[tuple[str, str]]] = {}
        for pointer in finding.evidence:
            if pointer not in self._proofs:
                self._proofs[pointer] = _proof(pointer, self._ledger, self._links.units, self._lean)
            place = one_line(pointer.pointer)
            card = self._links.evidence.get((pointer.unit_id, pointer.pointer), "")
            proof = self._proofs[pointer]
            if self._lean and card:
                # The card names the unit and the call.
                proof = msgspec.structs.replace(proof, unit="", unit_anchor="")
            by_call.setdefault(proof, []).extend([(place, card)] if place else [])
        return tuple(msgspec.structs.replace(proof, pointers=tuple(found)) for proof, found in by_call.items())


def _anchor(finding: Finding) -> str:
    name = finding.finding_id.removeprefix("F-")
    return f"f-{name}" if _HEX.fullmatch(name) else f"f-{slug(finding.finding_id)}"


def _about(finding: Finding) -> str:
    region = "" if finding.region == "global" else one_line(finding.region, 40)
    confidence = "" if finding.confidence is Confidence.CERTAIN else f"{finding.confidence.value}, not certain"
    parts = (finding.axis.value, one_line(finding.reason_code, 80), region, confidence)
    return " · ".join(part for part in parts if part)


def _values(finding: Finding, lean: bool) -> tuple[tuple[str, Value, str, str | None], ...]:
    rows = []
    if finding.expected:
        url = None if lean else link(finding.expected.doc_url)
        rows.append(("Documented", value(finding.expected.value), _documented_at(finding.expected), url))
    # A piece of the diff says what is live, too.
    if finding.observed and not (lean and finding.diff and finding.diff.added):
        rows.append(("Live", value(finding.observed.value), one_line(finding.observed.statement_ref), None))
    return tuple(rows)


def _references(finding: Finding) -> tuple[tuple[str, str | None], ...]:
    return tuple((one_line(r.title), link(r.url)) for r in finding.references)


def _controls(finding: Finding) -> tuple[str, ...]:
    return tuple(one_line(f"{c.framework} {c.version} {c.id} ({c.strength})", 200) for c in finding.controls)


def _tone(finding: Finding) -> str:
    if finding.status == "WAIVED":
        return "none"
    if finding.result is Result.FAIL:
        if finding.axis is not Axis.CONFORMANCE:
            return "risk"
        return "none" if finding.severity is Severity.INFO else "bad"
    return _TONES.get(finding.result, "open")


def _documented_at(expected: Expected) -> str:
    parts = (expected.baseline, expected.source, expected.statement_id)
    return " · ".join(one_line(part, 200) for part in parts if part)


def _todo(remediation: Remediation, lean: bool = False) -> ToDo:
    return ToDo(
        owner=OWNER_WORDS.get(remediation.owner, one_line(remediation.owner, 40)),
        summary=shorten(remediation.summary, _TEXT),
        steps=() if lean else tuple(shorten(step, _TEXT) for step in remediation.steps),
        command=shorten(remediation.cli or "", _TEXT),
        risk="" if lean else shorten(remediation.risk_of_change or "", _TEXT),
    )


def _proof(pointer: EvidencePointer, ledger: Ledger, unit_anchors: dict[str, str], lean: bool) -> Proof:
    source = ledger.source(pointer)
    call = None if lean and pointer.unit_id in unit_anchors else source.call
    return Proof(
        unit=one_line(source.unit.kind if lean and source.unit else pointer.unit_id, 200),
        unit_anchor=unit_anchors.get(pointer.unit_id, ""),
        pointers=(),
        call=one_line(f"{call.service}:{call.operation}", 120) if call else "",
        request_id=one_line(call.request_id or "", 80) if call else "",
        time=when(call.ended) if call else "",
        command=(command(call, source.unit.cloud) or "") if call and source.unit else "",
    )


def _history(finding: Finding) -> str:
    parts = []
    if finding.first_seen:
        parts.append(f"first seen {when(finding.first_seen)}")
    if finding.delta:
        parts.append(f"since the previous run: {one_line(finding.delta, 40)}")
    if finding.waiver:
        owner, expires = finding.waiver.get("owner", "somebody unnamed"), finding.waiver.get("expires", "no date")
        said = "gap acknowledged" if finding.waiver.get("kind") == "ack" else "waived"
        parts.append(one_line(f"{said} by {owner} until {expires}: {finding.waiver.get('reason', '')}", 500))
    return "; ".join(parts)
