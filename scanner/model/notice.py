"""What there is to tell of one or many reports, before it takes the form of a channel."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scanner.model.common import check_moments

NOTICE_SCHEMA = "porter-audit/notice/v1"


class Gap(msgspec.Struct, frozen=True):
    """A target that was not read or not decided completely, and what of it."""

    cloud: str
    scope: str
    reasons: tuple[str, ...]


class Change(msgspec.Struct, frozen=True):
    """One deviation and what became of it."""

    delta: str
    """As in report.json; `open` where no history says more."""
    severity: str
    axis: str
    rule_id: str
    title: str
    subject: str
    """Name, or where there is none the key."""
    cloud: str
    scope: str
    finding_id: str
    fingerprint: str
    content_hash: str
    cause: str
    """Equal for deviations that differ only in the account, project or subscription they are in."""


class Cause(msgspec.Struct, frozen=True):
    """Identical deviations in one or many targets: told once."""

    delta: str
    severity: str
    axis: str
    rule_id: str
    title: str
    subject: str
    clouds: tuple[str, ...]
    scopes: tuple[str, ...]
    targets: int
    findings: tuple[str, ...]
    fingerprints: tuple[str, ...]


class Ending(msgspec.Struct, frozen=True):
    """A waiver that ends soon."""

    id: str
    expires: str


class Notice(msgspec.Struct, frozen=True):
    """Everything a channel may tell."""

    schema: str
    key: str
    """SHA-256 over the set of (fingerprint, content hash, delta)."""
    events: tuple[str, ...]
    """Why it is told: changes, incomplete, recovery, digest."""
    as_of: datetime
    """Of the newest report."""
    runs: tuple[str, ...]
    place: str
    """A hash of the targets: equal for the same ones, tells nobody which."""
    targets: int
    clouds: tuple[str, ...]
    scopes: tuple[str, ...]
    as_documented: dict[str, int]
    """Answer -> reports that give it."""
    headline: str
    """The first line of the verdict, of a single report."""
    counts: dict[str, int]
    """Delta -> changes."""
    causes: tuple[Cause, ...]
    gaps: tuple[Gap, ...]
    open: dict[str, int]
    """Severity -> open deviations of the conformance axis that nobody waived; for the digest."""
    waived: int
    ending: tuple[Ending, ...]
    where: str
    """Path of the report."""
    minimal: bool = False
    """Names, ARNs and ids were left out."""

    def __post_init__(self) -> None:
        check_moments(self.as_of)
