"""Drawing a sample that anybody can draw again: the lowest hashes of seed, control and result, of each kind of result.

The kinds keep the two axes apart: what is not documented, and what is documented and dangerous.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from scanner.model.finding import Axis, Finding

METHOD = (
    "Of each kind of result those whose draw is lowest. The draw of a result is the SHA-256, in hex, of the seed, a "
    "line feed, the control's id, a line feed, the result's fingerprint and a line feed."
)


class Kind(msgspec.Struct, frozen=True):
    """One kind of result."""

    key: str
    words: str
    tone: str
    is_open: bool
    """Not a pass, and not out of the question."""


KINDS = (
    Kind("not_as_documented", "not as documented", "bad", True),
    Kind("documented_risk", "risk", "risk", True),
    Kind("fail", "housekeeping", "bad", True),
    Kind("waived", "waived", "risk", True),
    Kind("error", "error", "open", True),
    Kind("incomplete", "incomplete", "open", True),
    Kind("manual", "manual", "open", True),
    Kind("pass", "pass", "good", False),
    Kind("not_applicable", "not applicable", "none", False),
)
"""In the order they are told."""

_BY_KEY = {kind.key: kind for kind in KINDS}
_FAILS = {Axis.CONFORMANCE: "not_as_documented", Axis.POSTURE: "documented_risk"}


class Drawn(msgspec.Struct, frozen=True):
    """One result of a sample."""

    finding: Finding
    draw: str
    """What decided: lower is drawn first."""


def kind_of(finding: Finding) -> Kind:
    """Return the kind of a result: its status, and of a FAIL on which axis."""
    key = finding.status.lower()
    return _BY_KEY[_FAILS.get(finding.axis, key) if key == "fail" else key]


def draw_of(seed: str, control: str, fingerprint: str) -> str:
    """Return the draw of a result; see `METHOD`."""
    return hashlib.sha256(f"{seed}\n{control}\n{fingerprint}\n".encode()).hexdigest()


def sample(findings: Iterable[Finding], *, seed: str, control: str, per_kind: int) -> tuple[Drawn, ...]:
    """Return at most `per_kind` results of each kind, in the order of `KINDS` and of their draws.

    The same results, seed and control give the same sample, whatever their order.
    """
    by_kind: dict[str, list[Drawn]] = {kind.key: [] for kind in KINDS}
    for finding in findings:
        by_kind[kind_of(finding).key].append(Drawn(finding, draw_of(seed, control, finding.fingerprint)))
    return tuple(one for drawn in by_kind.values() for one in sorted(drawn, key=lambda d: d.draw)[:per_kind])
