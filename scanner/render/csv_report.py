"""Tables for spreadsheets: findings, controls and populations, with formulas made harmless.

A spreadsheet runs a cell that starts with `=`, `+`, `-`, `@`, a tab or a carriage return (CWE-1236). Such cells get an
apostrophe in front, which spreadsheets do not show.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from scanner.model.finding import ControlLink, Finding
from scanner.model.report import Population, Report, TieOut
from scanner.render.calls import Ledger
from scanner.render.text import compact_json, neutralise, shorten, stamp
from scanner.render.words import in_order

BOM = b"\xef\xbb\xbf"
"""Excel takes a file without it for the machine's old code page."""

# Excel's own limit for a cell; a longer one is broken over rows:
# https://support.microsoft.com/office/excel-specifications-and-limits (read 2026-11-22).
MAX_CELL_CHARS = 32_767

# The full-width forms are folded to the plain ones by some spreadsheets of East Asian locales.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")

FINDING_COLUMNS = (
    *("finding_id", "status", "result", "severity", "axis", "confidence", "delta", "rule_id", "rule_version"),
    *("rule_title", "message", "reason_code", "cloud", "scope_kind", "scope_id", "scope_name", "region"),
    *("subject_type", "subject_key", "subject_name", "porter_role", "expected", "expected_source", "observed"),
    *("observed_at", "example_action", "example_resource", "example_principal", "who_acts", "remediation", "controls"),
    *("evidence", "waiver", "first_seen", "evaluated_at", "collected_at", "baseline", "run_id", "fingerprint"),
    "content_hash",
)
CONTROL_COLUMNS = (
    *("framework", "framework_version", "control", "strength", "rationale", "mapping", "rule_id", "finding_id"),
    *("status", "severity", "axis", "subject_key", "message", "scope_id", "evaluated_at", "run_id"),
)
POPULATION_COLUMNS = ("population", "scope_id", "number", "key")
COUNT_COLUMNS = ("population", "scope_id", "count", "sha256")
TIE_OUT_COLUMNS = ("list", "scope_id", "counted", "reported", "source", "agrees", "explanation")
_OUR_MAPPING = "ours; evidence for the control, no statement of compliance"


def render_findings_csv(report: Report, *, bom: bool = False) -> bytes:
    """Return one row per finding, most severe first, with `FINDING_COLUMNS`."""
    ledger = Ledger(report)
    return table(FINDING_COLUMNS, (_finding_row(f, report, ledger) for f in in_order(report.findings)), bom=bom)


def render_controls_csv(report: Report, *, bom: bool = False) -> bytes:
    """Return one row per finding and control, in the order of frameworks and controls, with `CONTROL_COLUMNS`."""
    rows = [control_row(f, link, report) for f in in_order(report.findings) for link in f.controls]
    rows.sort(key=lambda row: (row[0], row[1], row[2]))
    return table(CONTROL_COLUMNS, rows, bom=bom)


def control_row(finding: Finding, link: ControlLink, report: Report) -> tuple[str, ...]:
    """Return one result as evidence for one control, in `CONTROL_COLUMNS`."""
    return (
        *(link.framework, link.version, link.id, link.strength, link.rationale, _OUR_MAPPING),
        *_control_row(finding, report),
    )


def render_populations_csv(report: Report, *, bom: bool = False) -> bytes:
    """Return one row per member of each population, to draw samples from, with `POPULATION_COLUMNS`."""
    rows = (row for population in _populations(report) for row in _members(population))
    return table(POPULATION_COLUMNS, rows, bom=bom)


def render_population_csv(population: Population, *, bom: bool = False) -> bytes:
    """Return the members of one population with `POPULATION_COLUMNS`."""
    return table(POPULATION_COLUMNS, _members(population), bom=bom)


def render_counts_csv(report: Report, *, bom: bool = False) -> bytes:
    """Return count and hash of each population with `COUNT_COLUMNS`: an empty list has a row here too."""
    rows = ((p.name, p.scope_id, str(p.count), p.sha256) for p in _populations(report))
    return table(COUNT_COLUMNS, rows, bom=bom)


def render_tie_outs_csv(report: Report, *, bom: bool = False) -> bytes:
    """Return each count beside the provider's own with `TIE_OUT_COLUMNS`; blank where the provider's was not read."""
    rows = (_tie_out(t) for t in sorted(report.tie_outs, key=lambda t: (t.scope_id, t.name)))
    return table(TIE_OUT_COLUMNS, rows, bom=bom)


def _tie_out(one: TieOut) -> tuple[str, ...]:
    agrees = {True: "yes", False: "no", None: "not known"}[one.agrees]
    reported = "" if one.reported is None else str(one.reported)
    return (one.name, one.scope_id, str(one.counted), reported, one.source, agrees, one.explanation)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, bom: bool = False) -> bytes:
    """Return rows as CSV (RFC 4180, every cell quoted, UTF-8) with each cell made harmless."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return (BOM if bom else b"") + text.getvalue().encode()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs, without unseen characters, no longer than a cell can be."""
    clean = shorten(neutralise(cell[: MAX_CELL_CHARS + 1]), MAX_CELL_CHARS - 1)
    return f"'{clean}" if clean.lstrip(" \u00a0\u3000").startswith(_FORMULA_STARTS) else clean


def _populations(report: Report) -> list[Population]:
    return sorted(report.populations, key=lambda p: (p.scope_id, p.name))


def _members(population: Population) -> Iterable[tuple[str, str, str, str]]:
    return (
        (population.name, population.scope_id, str(number), key)
        for number, key in enumerate(sorted(population.keys), 1)
    )


def _finding_row(finding: Finding, report: Report, ledger: Ledger) -> tuple[str, ...]:
    expected, observed, witness = finding.expected, finding.observed, finding.witness
    run = report.run
    return (
        *(finding.finding_id, finding.status, finding.result.value, finding.severity.value, finding.axis.value),
        *(finding.confidence.value, finding.delta or "", finding.rule_id, str(finding.rule_version)),
        *(finding.rule_title, finding.message, finding.reason_code, finding.cloud, finding.scope.kind),
        *(finding.scope.id, finding.scope.name or "", finding.region),
        *(finding.subject.type, finding.subject.key, finding.subject.name, finding.porter_role or ""),
        *((_value(expected.value), expected.source) if expected else ("", "")),
        *((_value(observed.value), observed.statement_ref) if observed else ("", "")),
        *((witness.action, witness.resource, witness.principal or "") if witness else ("", "", "")),
        *((finding.remediation.owner, finding.remediation.summary) if finding.remediation else ("", "")),
        "; ".join(f"{c.framework} {c.version} {c.id}" for c in finding.controls),
        "; ".join(_evidence(finding, ledger)),
        "; ".join(f"{name}: {_value(value)}" for name, value in sorted((finding.waiver or {}).items())),
        stamp(finding.first_seen) if finding.first_seen else "",
        *(stamp(finding.evaluated_at), stamp(run.collected_at), run.baseline_id, run.run_id),
        *(finding.fingerprint, finding.content_hash),
    )


def _control_row(finding: Finding, report: Report) -> tuple[str, ...]:
    return (
        *(finding.rule_id, finding.finding_id, finding.status, finding.severity.value, finding.axis.value),
        *(finding.subject.key, finding.message, finding.scope.id, stamp(finding.evaluated_at), report.run.run_id),
    )


def _value(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else compact_json(value)


def _evidence(finding: Finding, ledger: Ledger) -> Iterable[str]:
    for pointer in finding.evidence:
        call = ledger.source(pointer).call
        request = f" (request {call.request_id})" if call and call.request_id else ""
        yield f"{pointer.unit_id}#{pointer.pointer}{request}"
