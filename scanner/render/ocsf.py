"""OCSF 1.5.0 Compliance Finding (class 2003), one event per line, for data lakes and SIEMs.

Times are milliseconds of the epoch, as the schema's `timestamp_t` wants them. Schema: https://schema.ocsf.io/1.5.0.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from scanner.model.finding import Finding
from scanner.model.report import Report
from scanner.render.calls import Ledger
from scanner.render.projection import links, ocsf_activity_id, ocsf_severity_id, projection
from scanner.render.text import neutralise, one_line, shorten
from scanner.render.words import in_order

OCSF_VERSION = "1.5.0"
CLASS_UID = 2003
CATEGORY_UID = 2

_ACTIVITY = {1: "Create", 2: "Update", 3: "Close"}
_COMPLIANCE = {1: "Pass", 2: "Warning", 3: "Fail", 99: "Other"}
_SEVERITY = {1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
_STATUS = {1: "New", 2: "In Progress", 3: "Suppressed", 4: "Resolved"}
_PROVIDER = {"aws": "AWS", "gcp": "GCP", "azure": "Azure"}
_ACCOUNT_TYPE = {
    ("aws", "account"): (10, "AWS Account"),
    ("gcp", "project"): (11, "GCP Project"),
    ("azure", "subscription"): (13, "Azure Subscription"),
}
_CONFIDENCE = {"possible": (1, "Low"), "likely": (2, "Medium"), "certain": (3, "High")}
_MAX_TEXT_CHARS = 8_000


def render_ocsf(report: Report) -> bytes:
    """Return one JSON object per finding and line, most severe first; a report without findings is empty."""
    ledger = Ledger(report)
    lines = [_dumps(_event(f, report, ledger)) for f in in_order(report.findings)]
    return "".join(f"{line}\n" for line in lines).encode()


def _dumps(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _event(finding: Finding, report: Report, ledger: Ledger) -> dict[str, Any]:
    activity = ocsf_activity_id(finding)
    severity = ocsf_severity_id(finding)
    status = _status_id(finding, activity)
    confidence = _CONFIDENCE[finding.confidence.value]
    event: dict[str, Any] = {
        "activity_id": activity,
        "activity_name": _ACTIVITY[activity],
        "category_uid": CATEGORY_UID,
        "category_name": "Findings",
        "class_uid": CLASS_UID,
        "class_name": "Compliance Finding",
        "type_uid": CLASS_UID * 100 + activity,
        "type_name": f"Compliance Finding: {_ACTIVITY[activity]}",
        "severity_id": severity,
        "severity": _SEVERITY[severity],
        "confidence_id": confidence[0],
        "confidence": confidence[1],
        "status_id": status,
        "status": _STATUS[status],
        "status_code": finding.status,
        "time": _milliseconds(finding.evaluated_at),
        "message": _text(finding.message),
        "cloud": _cloud(finding),
        "compliance": _compliance(finding),
        "finding_info": _finding_info(finding, report),
        "metadata": _metadata(finding, report),
        "resources": [_resource(finding)],
        "unmapped": _unmapped(finding, report, ledger),
    }
    if finding.remediation:
        event["remediation"] = {
            "desc": _text(f"{finding.remediation.owner}: {finding.remediation.summary}"),
            "references": links(finding),
        }
    return event


def _status_id(finding: Finding, activity: int) -> int:
    if finding.status == "WAIVED":
        return 3
    if activity == 3 or finding.status == "PASS":
        return 4
    return 2 if activity == 2 else 1


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _cloud(finding: Finding) -> dict[str, Any]:
    type_id, type_name = _ACCOUNT_TYPE.get((finding.cloud, finding.scope.kind), (99, one_line(finding.scope.kind)))
    account = {"uid": one_line(finding.scope.id), "type_id": type_id, "type": type_name}
    if finding.scope.name:
        account["name"] = one_line(finding.scope.name)
    cloud: dict[str, Any] = {
        "provider": _PROVIDER.get(finding.cloud, one_line(finding.cloud)),
        "account": account,
        "region": one_line(finding.region),
    }
    if finding.scope.partition:
        cloud["cloud_partition"] = one_line(finding.scope.partition)
    return cloud


def _compliance(finding: Finding) -> dict[str, Any]:
    status = projection(finding).ocsf_status_id
    made: dict[str, Any] = {
        "control": one_line(finding.rule_id),
        "status_id": status,
        "status": _COMPLIANCE[status] if status != 99 else finding.status.title().replace("_", " "),
        "status_code": finding.status,
        "status_details": [_text(f"{finding.status}: {finding.reason_code or finding.rule_title}")],
    }
    if finding.controls:
        made["standards"] = sorted({one_line(f"{c.framework} {c.version}") for c in finding.controls})
        made["requirements"] = sorted({one_line(f"{c.framework} {c.id}") for c in finding.controls})
    return made


def _finding_info(finding: Finding, report: Report) -> dict[str, Any]:
    made: dict[str, Any] = {
        "uid": finding.fingerprint,
        "title": one_line(finding.rule_title),
        "desc": _text(finding.message),
        "types": [finding.axis.value],
        "created_time": _milliseconds(finding.evaluated_at),
        "analytic": {
            "type_id": 1,
            "type": "Rule",
            "uid": one_line(finding.rule_id),
            "name": one_line(finding.rule_title),
        },
        "data_sources": [one_line(unit) for unit in sorted(finding.requires_units)],
    }
    if finding.first_seen:
        made["first_seen_time"] = _milliseconds(finding.first_seen)
    if finding.last_seen:
        made["last_seen_time"] = _milliseconds(finding.last_seen)
    return made


def _metadata(finding: Finding, report: Report) -> dict[str, Any]:
    return {
        "version": OCSF_VERSION,
        "profiles": ["cloud"],
        "uid": f"{one_line(report.run.run_id)}/{finding.finding_id}",
        "correlation_uid": one_line(report.run.run_id),
        "original_time": str(_milliseconds(report.run.collected_at)),
        "product": {"name": "porter-audit", "vendor_name": "porter-audit", "version": report.run.tool_version},
    }


def _resource(finding: Finding) -> dict[str, Any]:
    subject = finding.subject
    made = {"uid": one_line(subject.key, 2_000), "type": one_line(subject.type), "region": one_line(finding.region)}
    return {**made, "name": one_line(subject.name)} if subject.name else made


def _unmapped(finding: Finding, report: Report, ledger: Ledger) -> dict[str, Any]:
    sources = [(pointer, ledger.source(pointer).call) for pointer in finding.evidence]
    return {
        "axis": finding.axis.value,
        "result": finding.result.value,
        "content_hash": finding.content_hash,
        "finding_id": finding.finding_id,
        "delta": finding.delta,
        "porter_role": one_line(finding.porter_role) if finding.porter_role else None,
        "baseline": one_line(report.run.baseline_id),
        "evidence": [
            {
                "unit_id": one_line(pointer.unit_id),
                "json_pointer": one_line(pointer.pointer),
                "request_id": one_line(call.request_id) if call and call.request_id else None,
            }
            for pointer, call in sources
        ],
    }


def _text(text: str) -> str:
    return shorten(neutralise(text[: _MAX_TEXT_CHARS + 1]), _MAX_TEXT_CHARS)
