"""A fleet run: what was asked, what was found there, how each target ended, and what they have in common."""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import Annotated, TypeAlias

import msgspec

from scanner.model.common import Grade, Whole, check_moments
from scanner.model.config import Presence
from scanner.model.snapshot import ApiCall

PLAN_SCHEMA = "porter-audit/fleet-plan/v1"
TARGET_SCHEMA = "porter-audit/fleet-target/v1"
ROLLUP_SCHEMA = "porter-audit/rollup/v1"
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]")
_MAX_KEY = 120
_Cloud: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(aws|gcp|azure)\Z")]
_Kind: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(account|project|subscription)\Z")]
_Answer: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(yes|no|not proven)\Z")]
_ExitCode: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=4)]
# Files of a run are read again when it is continued: what they say is held to what a run can write.


class Place(msgspec.Struct, frozen=True, order=True):
    """One account, project or subscription."""

    cloud: _Cloud
    kind: _Kind
    """account, project or subscription."""
    id: str
    name: str = ""
    """As people call it; hostile text where it came from a cloud."""

    @property
    def key(self) -> str:
        """Return what names it among files and in the journal: unique in a run, safe as a file's name."""
        plain = _NOT_PLAIN.sub("_", self.id)[:_MAX_KEY]
        tail = "" if plain == self.id else f"-{sha256(self.id.encode('utf-8', 'replace')).hexdigest()[:12]}"
        return f"{self.cloud}-{plain}{tail}"


class Approval(str, Enum):
    """What the configuration says of a target."""

    NAMED = "named"
    """The target stands in the configuration itself."""
    LISTED = "listed"
    """It was discovered, and is on the list of those that may be."""
    NOT_APPROVED = "not_approved"
    """It was discovered and is not on that list."""
    NO_LIST = "no_list"
    """It was discovered, and the configuration has no list."""


class FleetTarget(msgspec.Struct, frozen=True):
    """One target of a run, with everything that decides how it is read and judged. No secret is in here."""

    place: Place
    asked: str
    """The entry of the configuration it came from, in words."""
    approval: Approval
    documented: str
    parameters: tuple[str, ...]
    """As for `--param`: KEY=VALUE, KEY=@FILE or KEY=env:NAME."""
    presence: Presence = Presence.UNKNOWN
    profile: str | None = None
    role: str | None = None
    external_id: str | None = None
    """`env:NAME` or `@FILE`: read where the target is read."""
    regions: tuple[str, ...] = ()
    impersonate: str | None = None
    tenant: str | None = None
    porter_yaml: tuple[str, ...] = ()
    """Whole paths of files whose services run there: read where the target is read."""


class Skipped(msgspec.Struct, frozen=True, order=True):
    """What was found and is not read, and why."""

    place: Place
    asked: str
    reason: str


class Gap(msgspec.Struct, frozen=True, order=True):
    """An entry of the configuration of which not everything was found."""

    asked: str
    reason: str


class Asked(msgspec.Struct, frozen=True):
    """One entry of the configuration and what it led to."""

    words: str
    found: int
    """Accounts, projects or subscriptions."""
    complete: bool
    calls: tuple[ApiCall, ...] = ()
    """What was sent to find them."""


class Plan(msgspec.Struct, frozen=True):
    """Everything a run is to do; written once, before the first target is read."""

    schema: str
    run_id: str
    created: datetime
    tool_version: str
    config_sha256: str
    asked: tuple[Asked, ...]
    targets: tuple[FleetTarget, ...]
    skipped: tuple[Skipped, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def __post_init__(self) -> None:
        check_moments(self.created)


class Reach(str, Enum):
    """How far reading a target came."""

    READ = "read"
    """It was read and judged; how completely, its report says."""
    FAILED = "failed"
    """Reading could not start, or did not end."""
    LATE = "late"
    """The time of the whole run was over first."""
    BROKEN = "broken"
    """Something in this program failed."""


class Deviation(msgspec.Struct, frozen=True):
    """A FAIL or MANUAL of a target, told apart from the place it was seen in."""

    group: str
    """Equal for deviations of different targets that differ only in whose they are."""
    finding_id: str
    rule_id: str
    title: str
    axis: str
    severity: Grade
    result: str
    status: str
    subject: str
    """Key of the thing judged, with the place's own id in braces."""
    message: str
    """What was seen, with the place's own id in braces."""
    delta: str | None = None


class FindingCount(msgspec.Struct, frozen=True, order=True):
    """How many results of a target that are no pass share these words."""

    severity: str
    status: str
    delta: str
    """`none` without history."""
    count: int


class OpenPoint(msgspec.Struct, frozen=True):
    """An INCOMPLETE or ERROR, or a required unit that was not read."""

    what: str
    why: str


class TargetResult(msgspec.Struct, frozen=True):
    """How one target ended: what the roll-up is made of, written beside the target's report."""

    schema: str
    fleet_run_id: str
    place: Place
    asked: str
    approval: Approval
    presence: Presence
    documented: str
    reach: Reach
    exit_code: _ExitCode
    as_documented: _Answer
    headline: str
    allows: str = ""
    why: str = ""
    """Where reading or judging did not come to an end: why."""
    advice: str = ""
    run_id: str | None = None
    as_of: datetime | None = None
    results: dict[str, Whole] = {}
    conformance_fail: dict[str, Whole] = {}
    posture_fail: dict[str, Whole] = {}
    units: dict[str, Whole] = {}
    findings: tuple[FindingCount, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    open_points: tuple[OpenPoint, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    """Name and sha256 of each file of the target, sorted."""

    def __post_init__(self) -> None:
        check_moments(self.as_of)


class JournalLine(msgspec.Struct, frozen=True):
    """One target that is done for good."""

    key: str
    reach: Reach
    exit_code: _ExitCode
    sha256: str
    """Of its target.json."""
    at: datetime

    def __post_init__(self) -> None:
        check_moments(self.at)


class Group(msgspec.Struct, frozen=True):
    """One deviation, wherever it was seen: one cause, told once."""

    group: str
    rule_id: str
    title: str
    axis: str
    severity: str
    result: str
    subject: str
    message: str
    """As seen in the first target, its own id in braces."""
    targets: tuple[str, ...]
    """Keys of the targets, sorted."""
    waived: int = 0
    """In how many of them it is waived."""
    deltas: dict[str, int] = {}
    """How it changed since the night before -> in how many targets; empty without history."""


class Rollup(msgspec.Struct, frozen=True):
    """A whole run in one record. The same plan and results give the same record."""

    schema: str
    run_id: str
    created: datetime
    tool_version: str
    config_sha256: str
    exit_code: int
    as_documented: str
    """`yes` only if every target was read and says so."""
    headline: str
    counts: dict[str, int]
    """asked, found, read, complete, failed, late, broken, skipped, gaps, not_approved, ..."""
    asked: tuple[Asked, ...]
    targets: tuple[TargetResult, ...]
    """Sorted by cloud and id."""
    groups: tuple[Group, ...]
    """Worst first, then those in most targets."""
    skipped: tuple[Skipped, ...] = ()
    gaps: tuple[Gap, ...] = ()
