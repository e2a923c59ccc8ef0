"""Say whose access it is: rules are written for Porter, and a documented version may be another vendor's."""

from __future__ import annotations

import re

import msgspec

from scanner.model.finding import Finding, Remediation
from scanner.model.report import Verdict

_OWN = "porter"
_QUOTED = re.compile(r"(`[^`]*`)")
_WORD = re.compile(r"\bPorter\b")


def vendor_name(baseline_id: str) -> str:
    """Return the vendor's name for people: `grafana-cloud@2026-11` is Grafana Cloud's."""
    vendor = baseline_id.partition("@")[0]
    return " ".join(part.capitalize() for part in re.split(r"[-_]+", vendor) if part) or vendor


def in_vendors_words(text: str, baseline_id: str) -> str:
    """Return a sentence with the vendor's name for Porter's; what stands in backticks is the cloud's, and stays."""
    if baseline_id.partition("@")[0] == _OWN:
        return text
    name = vendor_name(baseline_id)
    parts = _QUOTED.split(text)
    return "".join(part if part.startswith("`") else _WORD.sub(lambda _: name, part) for part in parts)


def spoken_for(finding: Finding, baseline_id: str) -> Finding:
    """Return a finding whose sentences name the vendor of the documented version."""
    if baseline_id.partition("@")[0] == _OWN:
        return finding
    return msgspec.structs.replace(
        finding,
        message=in_vendors_words(finding.message, baseline_id),
        rule_title=in_vendors_words(finding.rule_title, baseline_id),
        severity_reason=in_vendors_words(finding.severity_reason, baseline_id),
        remediation=_advice(finding.remediation, baseline_id) if finding.remediation else None,
    )


def spoken_verdict(verdict: Verdict, baseline_id: str) -> Verdict:
    """Return a verdict whose sentences name the vendor of the documented version."""
    headline, allows = (in_vendors_words(text, baseline_id) for text in (verdict.headline, verdict.allows))
    return msgspec.structs.replace(verdict, headline=headline, allows=allows)


def _advice(advice: Remediation, baseline_id: str) -> Remediation:
    return msgspec.structs.replace(
        advice,
        summary=in_vendors_words(advice.summary, baseline_id),
        steps=tuple(in_vendors_words(step, baseline_id) for step in advice.steps),
        risk_of_change=in_vendors_words(advice.risk_of_change, baseline_id) if advice.risk_of_change else None,
    )
