"""OSCAL assessment results for GRC tools: an observation per finding, a finding where there is a yes or a no.

Ids are UUIDs of version 5 over the run and the fingerprint: the same report gives the same document. References inside
the document are closed: every UUID that is pointed at is defined. Model: https://pages.nist.gov/OSCAL-Reference/.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, Literal

from scanner.model.finding import Finding
from scanner.model.report import Report
from scanner.render.calls import Ledger
from scanner.render.projection import projection
from scanner.render.text import neutralise, one_line, shorten, stamp
from scanner.render.words import in_order, leads, verdict_lines

OscalVersion = Literal["1.1.2", "1.2.1"]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:porter-audit:oscal")
_NS = "urn:porter-audit:ns:oscal"
_MAX_TEXT_CHARS = 4_000
_NIST_ID = re.compile(r"([A-Z]{2})-(\d{1,2})(?:\((\d{1,2})\))?\Z")
_NOT_TOKEN = re.compile(r"[^A-Za-z0-9._-]")


def render_oscal(report: Report, version: OscalVersion = "1.1.2") -> bytes:
    """Return the report as OSCAL assessment results; what is written is the same in both versions of OSCAL."""
    document = {"assessment-results": _assessment(report, version)}
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def _id(report: Report, *parts: str) -> str:
    # A lone surrogate has no UTF-8 form, and uuid5 needs one.
    name = "\x1f".join((report.run.run_id, *parts)).encode("utf-8", "replace").decode()
    return str(uuid.uuid5(_NAMESPACE, name))


def _assessment(report: Report, version: OscalVersion) -> dict[str, Any]:
    plan = _id(report, "plan")
    return {
        "uuid": _id(report, "assessment-results"),
        "metadata": {
            "title": f"porter-audit results of run {_line(report.run.run_id)}",
            "last-modified": stamp(report.run.ended),
            "version": _line(report.run.run_id),
            "oscal-version": version,
            "remarks": "Mappings to controls are ours and name evidence; they are no statement of compliance.",
        },
        "import-ap": {
            "href": f"#{plan}",
            "remarks": "No assessment plan in OSCAL exists; the resource names the rules.",
        },
        "results": [_result(report)],
        "back-matter": {"resources": [_plan(report, plan)]},
    }


def _plan(report: Report, plan: str) -> dict[str, Any]:
    run = report.run
    return {
        "uuid": plan,
        "title": f"Rules of porter-audit {_line(run.tool_version)}, documented version {_line(run.baseline_id)}",
        "description": (
            f"Every rule was run on what was read. Digest of the rules {_line(run.rules_digest)}, of the documented "
            f"version {_line(run.baseline_digest)}; action catalogue {_line(run.catalogue)}."
        ),
    }


def _result(report: Report) -> dict[str, Any]:
    ledger = Ledger(report)
    found = in_order(report.findings)
    documented, allows = verdict_lines(report.verdict)
    judged = [f for f in found if projection(f).oscal_state]
    risks = [_risk(f, report) for f in found if projection(f).oscal_risk]
    made: dict[str, Any] = {
        "uuid": _id(report, "result"),
        "title": f"{leads(report)[0]} {_line(report.verdict.as_documented)}",
        "description": _text(f"{documented}\n{leads(report)[1]} {allows}"),
        "start": stamp(report.run.started),
        "end": stamp(report.run.ended),
        "reviewed-controls": _reviewed(found),
    }
    items = _items(found, report)
    if items:
        made["local-definitions"] = {"inventory-items": items}
        made["observations"] = [_observation(f, report, ledger) for f in found]
    if judged:
        made["findings"] = [_finding(f, report) for f in judged]
    if risks:
        made["risks"] = risks
    return made


def _reviewed(findings: list[Finding]) -> dict[str, Any]:
    """Return the NIST controls that results speak to; others have no place in an OSCAL selection."""
    ids = {c for f in findings for link in f.controls if "NIST" in link.framework if (c := _control_id(link.id))}
    # A selection must name controls or say "all"; a run that speaks to none must not say "all".
    said = "What the rules of this run are evidence for, by our mapping." if ids else "No control of NIST SP 800-53."
    chosen = [{"control-id": control} for control in sorted(ids or {"none"})]
    return {"control-selections": [{"description": said, "include-controls": chosen}]}


def _control_id(text: str) -> str | None:
    """Return `ac-6.1` for `AC-6(1)`; None for what is no control of NIST SP 800-53."""
    match = _NIST_ID.match(text)
    if match is None:
        return None
    family, number, enhancement = match.groups()
    return f"{family.lower()}-{number}" + (f".{enhancement}" if enhancement else "")


def _subject_id(finding: Finding, report: Report) -> str:
    return _id(report, "subject", finding.cloud, finding.scope.id, finding.subject.type, finding.subject.key)


def _items(findings: list[Finding], report: Report) -> list[dict[str, Any]]:
    items = {_subject_id(f, report): f for f in findings}
    return [
        {
            "uuid": item,
            "description": _text(f"{finding.subject.type} {finding.subject.name or finding.subject.key}"),
            "props": [_prop("subject-key", finding.subject.key), _prop("scope", finding.scope.id)],
        }
        for item, finding in sorted(items.items())
    ]


def _observation(finding: Finding, report: Report, ledger: Ledger) -> dict[str, Any]:
    return {
        "uuid": _id(report, "observation", finding.fingerprint),
        "title": _line(f"{finding.rule_id}: {finding.status}"),
        "description": _text(finding.message),
        "props": [
            _prop("status", finding.status),
            _prop("result", finding.result.value),
            _prop("rule-id", finding.rule_id),
            _prop("axis", finding.axis.value),
            _prop("severity", finding.severity.value),
            _prop("fingerprint", finding.fingerprint),
        ],
        "methods": ["TEST"],
        "types": ["finding"],
        "subjects": [{"subject-uuid": _subject_id(finding, report), "type": "inventory-item"}],
        "collected": stamp(report.run.collected_at),
        "relevant-evidence": _evidence(finding, ledger),
    }


def _evidence(finding: Finding, ledger: Ledger) -> list[dict[str, Any]]:
    shown = []
    for pointer in finding.evidence:
        call = ledger.source(pointer).call
        request = f", request {call.request_id}" if call and call.request_id else ""
        shown.append({"description": _text(f"{pointer.unit_id} at {pointer.pointer or '/'}{request}")})
    return shown or [{"description": "What was read does not hold the subject; see the units of the report."}]


def _finding(finding: Finding, report: Report) -> dict[str, Any]:
    words = projection(finding)
    made: dict[str, Any] = {
        "uuid": _id(report, "finding", finding.fingerprint),
        "title": _line(finding.rule_title),
        "description": _text(finding.message),
        "target": {
            "type": "objective-id",
            "target-id": _token(finding.rule_id),
            "status": {
                "state": words.oscal_state,
                "reason": words.oscal_reason,
                "remarks": _text(f"{finding.status}: {finding.reason_code or finding.rule_title}"),
            },
        },
        "related-observations": [{"observation-uuid": _id(report, "observation", finding.fingerprint)}],
    }
    if words.oscal_risk:
        made["related-risks"] = [{"risk-uuid": _id(report, "risk", finding.fingerprint)}]
    return made


def _risk(finding: Finding, report: Report) -> dict[str, Any]:
    waiver = finding.waiver or {}
    reason = waiver.get("reason")
    return {
        "uuid": _id(report, "risk", finding.fingerprint),
        "title": _line(f"Accepted: {finding.rule_title}"),
        "description": _text(finding.message),
        "statement": _text(reason if isinstance(reason, str) else "A waiver accepts this deviation."),
        "status": "deviation-approved",
        "related-observations": [{"observation-uuid": _id(report, "observation", finding.fingerprint)}],
    }


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _NS, "value": _line(value)}


def _token(text: str) -> str:
    """Return text as OSCAL's token: letters, digits, dot, dash, underscore; a letter or underscore first."""
    clean = _NOT_TOKEN.sub("_", text)
    return clean if clean[:1].isalpha() else f"_{clean}"


def _line(text: str) -> str:
    """Return text as OSCAL's string: one line, not empty, no blank at either end."""
    return one_line(text, 1_000).strip() or "–"


def _text(text: str) -> str:
    return shorten(neutralise(text[: _MAX_TEXT_CHARS + 1]), _MAX_TEXT_CHARS).strip() or "–"
