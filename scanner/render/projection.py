"""How each status is told in each machine format: one table (OUTPUTS section 4), read by every writer."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from scanner.model.finding import Finding, Severity

SarifKind = Literal["fail", "pass", "review", "open", "notApplicable"]
JunitOutcome = Literal["ok", "failure", "error", "skipped"]


_HTTPS = re.compile(r"https://[!-~]{1,2000}")


class Projection(msgspec.Struct, frozen=True):
    """One status in the words of the formats."""

    sarif_kind: SarifKind
    sarif_suppressed: bool
    sarif_notification: bool
    """The run could not finish this part: GitHub and others show it beside the results."""
    ocsf_status_id: int
    """compliance.status_id: 1 Pass, 2 Warning, 3 Fail, 99 Other."""
    oscal_state: Literal["satisfied", "not-satisfied"] | None
    """None: an observation without a finding."""
    oscal_reason: Literal["pass", "fail", "other"] | None
    oscal_risk: bool
    """A deviation that somebody accepted."""
    junit: JunitOutcome


PROJECTIONS: dict[str, Projection] = {
    "FAIL": Projection("fail", False, False, 3, "not-satisfied", "fail", False, "failure"),
    "PASS": Projection("pass", False, False, 1, "satisfied", "pass", False, "ok"),
    "MANUAL": Projection("review", False, False, 99, None, None, False, "skipped"),
    "INCOMPLETE": Projection("open", False, True, 2, "not-satisfied", "other", False, "error"),
    "WAIVED": Projection("fail", True, False, 3, "not-satisfied", "fail", True, "skipped"),
    "NOT_APPLICABLE": Projection("notApplicable", False, False, 99, None, None, False, "skipped"),
    "ERROR": Projection("open", False, True, 99, "not-satisfied", "other", False, "error"),
}
"""Status -> its words. A status that is not here is a programming error, never a pass."""

_LEVELS: dict[Severity, Literal["error", "warning", "note"]] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_OCSF_SEVERITY = {
    Severity.INFO: 1,
    Severity.LOW: 2,
    Severity.MEDIUM: 3,
    Severity.HIGH: 4,
    Severity.CRITICAL: 5,
}
_SARIF_BASELINE = {
    "new": "new",
    "reappeared": "new",
    "unchanged": "unchanged",
    "waived": "unchanged",
    "worsened": "updated",
    "improved": "updated",
    "waiver_expired": "updated",
    "rule_changed": "updated",
    "fixed": "absent",
}


def projection(finding: Finding) -> Projection:
    """Return the words for a finding's status."""
    return PROJECTIONS[finding.status]


def sarif_level(finding: Finding) -> Literal["error", "warning", "note", "none"]:
    """Return the SARIF level: `none` for every kind but `fail`, as SARIF 2.1.0 section 3.27.10 wants it."""
    return _LEVELS[finding.severity] if projection(finding).sarif_kind == "fail" else "none"


def sarif_default_level(severity: Severity) -> Literal["error", "warning", "note"]:
    """Return the level of a rule that fails."""
    return _LEVELS[severity]


def sarif_baseline_state(finding: Finding) -> str | None:
    """Return new, unchanged, updated or absent; None where no previous run is known."""
    return _SARIF_BASELINE.get(finding.delta or "")


def ocsf_severity_id(finding: Finding) -> int:
    """Return the OCSF severity; a pass or a rule without subject is informational, whatever its rule weighs."""
    return 1 if finding.status in {"PASS", "NOT_APPLICABLE"} else _OCSF_SEVERITY[finding.severity]


def ocsf_activity_id(finding: Finding) -> int:
    """Return 1 Create, 2 Update or 3 Close."""
    if finding.delta in {None, "new", "reappeared"}:
        return 1
    return 3 if finding.delta == "fixed" else 2


def links(finding: Finding) -> list[str]:
    """Return the pages a finding refers to: https and printable ASCII only, whatever a rule was given."""
    return [reference.url for reference in finding.references if _HTTPS.fullmatch(reference.url)]
