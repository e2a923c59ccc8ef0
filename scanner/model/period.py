"""What can be said of a span of nights: which were run, what deviated and for how long, and what it was judged by."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import Enum

import msgspec


class NightState(str, Enum):
    """How a night that was expected came out."""

    COMPLETE = "complete"
    """Everything the rules needed was read and decided."""
    INCOMPLETE = "incomplete"
    """There was a run, and something was not read or not decided."""
    MISSING = "missing"
    """No run at all."""
    NOT_DUE = "not_due"
    """It had not begun when this was written."""


class Kept(str, Enum):
    """What is left of a night's evidence."""

    REPLAYABLE = "replayable"
    """The bundle is whole, and its evidence can be judged again."""
    SHAREABLE = "shareable"
    """The bundle is whole, and was written without the evidence that no result rests on."""
    DIGEST_ONLY = "digest_only"
    """Only digests are left: retention dropped the evidence and said so."""
    DAMAGED = "damaged"
    """The bundle is there, and is not what its manifest says."""
    NO_BUNDLE = "no_bundle"
    """None was found."""
    NOT_LOOKED = "not_looked"
    """Nobody said where bundles are."""


class Schedule(msgspec.Struct, frozen=True):
    """When a run is expected: once in each slot of so many hours, the first of which begins with the span."""

    hours: int
    words: str
    """As the user wrote it."""


class Span(msgspec.Struct, frozen=True):
    """The days looked at, both included, UTC."""

    first: date
    last: date


class KnownRun(msgspec.Struct, frozen=True):
    """One run as the history has it."""

    run_id: str
    as_of: datetime
    baseline: str
    as_documented: str
    exit_code: int
    unread: int
    """Units of all its scopes that were not read completely, those that no rule insists on included."""
    scopes: tuple[str, ...]
    not_proven: dict[str, int] = {}
    """Scope -> results that are INCOMPLETE or ERROR."""


class KnownDeviation(msgspec.Struct, frozen=True):
    """What a deviation is, as it was when it was last known for certain."""

    fingerprint: str
    finding_id: str
    rule_id: str
    title: str
    axis: str
    severity: str
    cloud: str
    scope: str
    subject: str


class Sighting(msgspec.Struct, frozen=True):
    """What one run said of one deviation that was ever seen."""

    run_id: str
    fingerprint: str
    status: str
    """Empty: the run's results do not name it."""
    severity: str
    delta: str


class KnownWaiver(msgspec.Struct, frozen=True):
    """A waiver in the register of one run."""

    id: str
    kind: str
    state: str
    owner: str
    approved_by: str
    ticket: str
    reason: str
    created: datetime
    expires: str
    matched: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


class KnownReport(msgspec.Struct, frozen=True):
    """What a run's own report adds to the history."""

    run_id: str
    tool_version: str
    baseline: str
    baseline_digest: str
    rules_digest: str
    catalogue: str
    source: str = ""
    """live, export or template: a file shows less than the account, and a run over one decides less."""
    waivers: tuple[KnownWaiver, ...] = ()
    unread: tuple[str, ...] = ()
    """What was not read, one phrase each."""


class KnownBundle(msgspec.Struct, frozen=True):
    """What was found of a run's evidence."""

    run_id: str
    kept: Kept
    detail: str = ""
    """What is wrong with it, or when it was reduced."""
    manifest_sha256: str | None = None
    previous_sha256: str | None = None
    place: str = ""
    """The directory it lies in: bundles of one directory form a chain by themselves."""


class NightLine(msgspec.Struct, frozen=True):
    """One slot of one scope."""

    starts: datetime
    state: NightState
    run_id: str | None = None
    """The run that counts: the last complete one of the slot, else the last."""
    as_of: datetime | None = None
    runs: int = 0
    exit_code: int | None = None
    as_documented: str | None = None
    not_proven: int = 0
    unread: int = 0
    kept: Kept | None = None
    """None: there was no run."""
    detail: str = ""
    """What was not read, where a report says it; what is wrong with the bundle."""
    deviating: int = 0
    """Open on the conformance axis and not waived: of the run that counts, or of a later one that saw more."""
    waived: int = 0
    risks: int = 0
    """Open on the posture axis and not waived."""
    not_known: int = 0
    """Seen before, and this run could not tell."""


class ScopeNights(msgspec.Struct, frozen=True):
    """How an account, project or subscription was covered."""

    scope: str
    cloud: str
    """Empty: no result tells."""
    first_run: datetime | None
    """The first one known, also before the span."""
    nights: tuple[NightLine, ...]

    def count(self, *states: NightState) -> int:
        """Return how many nights are in one of these states."""
        return sum(night.state in states for night in self.nights)

    @property
    def expected(self) -> int:
        """Return how many nights were due."""
        return len(self.nights) - self.count(NightState.NOT_DUE)

    @property
    def run(self) -> int:
        """Return how many nights had a run."""
        return self.count(NightState.COMPLETE, NightState.INCOMPLETE)

    def kept(self, *kinds: Kept) -> int:
        """Return of how many nights this is left."""
        return sum(night.kept in kinds for night in self.nights)


class Episode(msgspec.Struct, frozen=True):
    """From the first run that saw a deviation to the first that proved it gone."""

    opened: datetime
    last_seen: datetime
    fixed: datetime | None
    not_known: int = 0
    """Runs in between that could not tell."""


class DeviationLine(msgspec.Struct, frozen=True):
    """One deviation and what became of it, up to the end of the span."""

    deviation: KnownDeviation
    state: str
    """At the end: `open`, `waived`, `fixed`, or `not_known` where the last run could not tell."""
    episodes: tuple[Episode, ...]
    """At least one; each after the first means that it came back."""
    waived_nights: int = 0
    on_first_run: bool = False
    """It was there on the first run known of its scope: nobody knows since when."""

    @property
    def first_seen(self) -> datetime:
        """Return when it was seen for the first time, also before the span."""
        return self.episodes[0].opened

    @property
    def fixed(self) -> datetime | None:
        """Return when it was proved gone, if it still is."""
        return self.episodes[-1].fixed

    @property
    def reappeared(self) -> int:
        """Return how often it came back."""
        return len(self.episodes) - 1


class TimeToFix(msgspec.Struct, frozen=True):
    """How long deviations of one axis and severity that were fixed in the span had been there."""

    axis: str
    severity: str
    fixed: int
    median: timedelta | None
    longest: timedelta | None
    open: int
    """Not fixed at the end of the span, waived ones included."""


class CriterionLine(msgspec.Struct, frozen=True):
    """What runs of some scopes were judged by, from one night to another without a change between."""

    what: str
    value: str
    """Empty: not known, because the history does not hold it and no report was found."""
    first: datetime
    last: datetime
    runs: int
    scopes: tuple[str, ...]


class WaiverLine(msgspec.Struct, frozen=True):
    """A waiver, and on which runs of the span it was in force."""

    waiver: KnownWaiver
    """As the last run that was given it says."""
    first: datetime
    last: datetime
    in_force: int
    expired: int
    covered: tuple[str, ...]
    """Findings and units it covered on any of these runs."""


class Period(msgspec.Struct, frozen=True):
    """The whole answer."""

    span: Span
    schedule: Schedule
    written: datetime
    tool_version: str
    scopes: tuple[ScopeNights, ...]
    deviations: tuple[DeviationLine, ...]
    times: tuple[TimeToFix, ...]
    criteria: tuple[CriterionLine, ...]
    waivers: tuple[WaiverLine, ...]
    reports: int
    """Runs of the span of which a report was found."""
    runs: int
    """Runs of the span."""
    notes: tuple[str, ...] = ()
    """What an auditor must know before relying on the rest."""
