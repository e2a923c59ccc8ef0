"""What the trust graph is made of: boxes, ways between them, how they compare, and what every cloud has in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from scanner.model.finding import Axis, Finding, Result, Severity

Tone = Literal["documented", "risk", "unread", "undocumented", "excess"]
RANK: dict[str, int] = {"documented": 0, "risk": 1, "unread": 2, "undocumented": 3, "excess": 4}
"""The worse of two ways between the same ends is shown."""

SAME = {"equal", "narrower"}
"""Comparison verdicts under which everything live is documented."""
COMPARED = {*SAME, "broader", "different"}
"""Comparison verdicts that were reached; any other is not proven."""
POWERS = {
    "AWS-ESC-001": ("Administrator of the account", "in effect, by what is granted"),
    "AWS-PASS-002": ("Any role, handed to a service", "PassRole without a service"),
    "AZURE-RISK-001": ("Owner of the subscription", "in effect, by what is granted"),
    "AZURE-GRAPH-004": ("Control over the Entra tenant", "by Graph permissions"),
    "GCP-ESC-001": ("Grants itself further access", "by what is granted"),
}
"""Rules of the posture axis whose failure says where an identity gets."""


class End(msgspec.Struct, frozen=True):
    """A box: what it is called, and what kind of thing it is."""

    label: str
    detail: str = ""


class Way(msgspec.Struct, frozen=True):
    """From one box to another."""

    start: End
    end: End
    tone: Tone
    how: str


NOT_PROVEN = End("Not proven", "not read, or not decided")


def powers(findings: Iterable[Finding], key: str, identity: End) -> Iterator[Way]:
    """Yield the documented risks that say where an identity gets, each once."""
    told: set[str] = set()
    for finding in findings:
        if finding.subject.key != key or finding.rule_id not in POWERS or finding.rule_id in told:
            continue
        if finding.axis is Axis.POSTURE and finding.result is Result.FAIL and _weighs(finding):
            told.add(finding.rule_id)
            yield Way(identity, End(*POWERS[finding.rule_id]), "risk", f"documented risk, {finding.rule_id}")


def _weighs(finding: Finding) -> bool:
    """Return whether an escalation leads all the way; lesser ones stand in the findings."""
    return finding.severity is Severity.CRITICAL or finding.rule_id not in {"AWS-ESC-001"}


def json_object(text: str | None) -> dict[str, Any]:
    """Return the JSON object that `text` is; an empty one for anything else."""
    try:
        body = json.loads(text or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def texts_of(raw: Any) -> list[str]:
    """Return the texts of a value that may be one or a list of them."""
    return [one for one in (raw if isinstance(raw, list) else [raw]) if isinstance(one, str)]
