"""SARIF 2.1.0 for code scanning and editors: every result, suppressed ones and passes too, and what was not read.

Live identities have no file. A result points at the documented version it was judged by, and carries the ARN as its
logical location. Standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from scanner.model.finding import SEVERITY_ORDER, Finding, Severity
from scanner.model.report import Report
from scanner.render.projection import links, projection, sarif_baseline_state, sarif_default_level, sarif_level
from scanner.render.text import neutralise, one_line, shorten, stamp
from scanner.render.words import in_order, unit_phrase, unread_other, unread_required

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# GitHub refuses a run with more, and shows the first 5,000 by severity:
# https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads (read 2026-11-22).
MAX_RESULTS_PER_RUN = 25_000
_MAX_TAGS = 20
_MAX_MESSAGE_CHARS = 4_000

# GitHub's bands of `security-severity`: over 9.0 critical, 7.0 high, 4.0 medium.
_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}
_LINK = re.compile(r"\](?=\()")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_SPEC = re.compile(r"([a-z0-9][a-z0-9-]*)@([A-Za-z0-9][A-Za-z0-9._-]*)")


def render_sarif(report: Report) -> bytes:
    """Return the report as SARIF; more than `MAX_RESULTS_PER_RUN` results become several runs, worst first."""
    found = in_order(report.findings)
    size = MAX_RESULTS_PER_RUN
    parts = [found[start : start + size] for start in range(0, len(found), size)] or [[]]
    runs = [_run(report, part, number, len(parts)) for number, part in enumerate(parts, 1)]
    log = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": runs}
    return json.dumps(log, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _run(report: Report, findings: list[Finding], number: int, total: int) -> dict[str, Any]:
    ids = sorted({f.rule_id for f in findings})
    index = {rule_id: position for position, rule_id in enumerate(ids)}
    scopes = "-".join(sorted(one_line(s.id, 80) for s in report.scopes)) or "no-scope"
    # GitHub takes what stands before the last slash as the category of the analysis; categories must differ.
    category = f"porter-audit/{scopes}" + (f"/part-{number}-of-{total}" if total > 1 else "")
    return {
        "tool": {"driver": _driver(report, findings, ids)},
        "automationDetails": {"id": f"{category}/{one_line(report.run.run_id)}"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "results": [_result(f, report, index) for f in findings],
        "properties": {
            "asDocumented": report.verdict.as_documented,
            "baseline": one_line(report.run.baseline_id),
            "runId": one_line(report.run.run_id),
        },
    }


def _driver(report: Report, findings: list[Finding], ids: list[str]) -> dict[str, Any]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule_id, []).append(finding)
    return {
        "name": "porter-audit",
        "semanticVersion": report.run.tool_version,
        "rules": [_rule(rule_id, by_rule[rule_id]) for rule_id in ids],
    }


def _rule(rule_id: str, findings: list[Finding]) -> dict[str, Any]:
    """Return a rule; its severity is the worst of its results here."""
    worst = min((f.severity for f in findings), key=SEVERITY_ORDER.index)
    first = findings[0]
    controls = sorted({one_line(f"{c.framework} {c.id}", 100) for f in findings for c in f.controls})
    tags = ["security", first.axis.value, first.cloud, *controls]
    rule: dict[str, Any] = {
        "id": one_line(rule_id, 100),
        "name": one_line(rule_id, 100),
        "shortDescription": {"text": _text(first.rule_title)},
        "fullDescription": {"text": _text(first.rule_title)},
        "defaultConfiguration": {"level": sarif_default_level(worst)},
        "properties": {
            "tags": list(dict.fromkeys(tags))[:_MAX_TAGS],
            "precision": "very-high",
            "security-severity": _SECURITY_SEVERITY[worst],
        },
    }
    return {**rule, "helpUri": links(first)[0]} if links(first) else rule


def _invocation(report: Report) -> dict[str, Any]:
    notifications = [_notification(f"not read: {unit_phrase(u)}", "error") for u in unread_required(report)]
    notifications += [_notification(f"not read: {unit_phrase(u)}", "note") for u in unread_other(report)]
    notifications += [
        _notification(f"{f.status}: {f.message}", "error", f.rule_id)
        for f in in_order(report.findings)
        if projection(f).sarif_notification and (f.blocking or f.status == "ERROR")
    ]
    notifications += [_notification(error, "error") for error in report.errors]
    return {
        "executionSuccessful": not any(n["level"] == "error" for n in notifications),
        "exitCode": report.summary.exit_code,
        "startTimeUtc": stamp(report.run.started),
        "endTimeUtc": stamp(report.run.ended),
        "toolExecutionNotifications": notifications,
    }


def _notification(text: str, level: str, rule_id: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"level": level, "message": {"text": _text(text)}}
    return {**made, "associatedRule": {"id": one_line(rule_id, 100)}} if rule_id else made


def _result(finding: Finding, report: Report, index: dict[str, int]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": one_line(finding.rule_id, 100),
        "ruleIndex": index[finding.rule_id],
        "kind": projection(finding).sarif_kind,
        "level": sarif_level(finding),
        "message": {"text": _text(finding.message) or "no message"},
        "locations": [_location(finding, report)],
        "partialFingerprints": {
            "porterAudit/v1": finding.fingerprint,
            "porterAuditContent/v1": finding.content_hash,
            # All results of a version share a line: without this, GitHub would take them for one.
            "primaryLocationLineHash": finding.fingerprint,
        },
        "suppressions": [_suppression(finding)] if projection(finding).sarif_suppressed else [],
        "properties": _properties(finding),
    }
    state = sarif_baseline_state(finding)
    return {**made, "baselineState": state} if state else made


def _location(finding: Finding, report: Report) -> dict[str, Any]:
    subject = finding.subject
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _baseline_uri(report.run.baseline_id, finding.cloud)},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {
                "name": one_line(subject.name or subject.key),
                "fullyQualifiedName": one_line(subject.key, 2_000),
                "kind": "resource",
            }
        ],
    }


def _baseline_uri(baseline_id: str, cloud: str) -> str:
    """Return where the documented version stands in a repository; another's name is quoted into one segment."""
    match = _SPEC.fullmatch(baseline_id)
    parts = match.groups() if match else (one_line(baseline_id, 200) or "unnamed",)
    return "/".join(quote(part, safe="") for part in ("baselines", *parts, f"{cloud}.yaml"))


def _suppression(finding: Finding) -> dict[str, Any]:
    reason = (finding.waiver or {}).get("reason")
    made = {"kind": "external", "status": "accepted"}
    return {**made, "justification": _text(reason)} if isinstance(reason, str) else made


def _properties(finding: Finding) -> dict[str, Any]:
    made: dict[str, Any] = {
        "axis": finding.axis.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "result": finding.result.value,
        "status": finding.status,
        "findingId": finding.finding_id,
        "reasonCode": one_line(finding.reason_code),
        "scope": one_line(f"{finding.cloud} {finding.scope.kind} {finding.scope.id}"),
        "region": one_line(finding.region),
        "subjectType": one_line(finding.subject.type),
    }
    if finding.remediation:
        made["whoActs"] = one_line(finding.remediation.owner)
        made["remediation"] = _text(finding.remediation.summary)
    if finding.witness:
        made["exampleRequest"] = {
            "action": one_line(finding.witness.action, 2_000),
            "resource": one_line(finding.witness.resource, 2_000),
            "principal": one_line(finding.witness.principal or "", 2_000),
        }
    return made


def _text(text: str) -> str:
    """Return text as SARIF's plain text: no unseen characters, no embedded link, no placeholder (section 3.11)."""
    clean = shorten(neutralise(text[: _MAX_MESSAGE_CHARS + 1]), _MAX_MESSAGE_CHARS)
    return _PLACEHOLDER.sub(r"{{\1}}", _LINK.sub("] ", clean))
