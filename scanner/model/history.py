"""What lasts from night to night: the part of a report that history needs, and what is known of each deviation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from scanner.model.common import Grade, JsonObject, Sha256, Whole, check_moments


class SeenScope(msgspec.Struct, frozen=True):
    """An account, project or subscription."""

    cloud: str
    id: str


class SeenSubject(msgspec.Struct, frozen=True):
    """The thing judged."""

    type: str
    key: str
    name: str = ""


class SeenPiece(msgspec.Struct, frozen=True):
    """One piece of access in excess."""

    kind: str
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    conditions: JsonObject = {}
    principals: JsonObject = {}


class SeenDiff(msgspec.Struct, frozen=True):
    """What deviates."""

    added: tuple[SeenPiece, ...] = ()
    undecided: tuple[str, ...] = ()


class SeenUnit(msgspec.Struct, frozen=True):
    """A collection unit and how reading it ended."""

    unit_id: str
    status: str | None = None


class SeenValue(msgspec.Struct, frozen=True):
    """A value that was seen live."""

    value: Any = None


class Seen(msgspec.Struct, frozen=True):
    """One result of one night: names as in report.json, fields that history has no use for left out."""

    finding_id: str
    fingerprint: Sha256
    content_hash: Sha256
    rule_id: str
    rule_version: Whole
    rule_title: str
    axis: str
    severity: Grade
    result: str
    status: str
    reason_code: str
    cloud: str
    scope: SeenScope
    subject: SeenSubject
    diff: SeenDiff | None = None
    observed: SeenValue | None = None
    requires_units: tuple[SeenUnit, ...] = ()
    delta: str | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    last_changed: datetime | None = None
    resolved_at: datetime | None = None
    occurrences: Whole | None = None

    def __post_init__(self) -> None:
        check_moments(self.first_seen, self.last_seen, self.last_changed, self.resolved_at)


class SeenBaseline(msgspec.Struct, frozen=True):
    """The documented version a night was judged by."""

    id: str


class SeenRun(msgspec.Struct, frozen=True):
    """Which night."""

    run_id: str
    as_of: datetime
    baseline: SeenBaseline
    planned: bool = False
    """It judged what a template or plan would make, not what is there."""

    def __post_init__(self) -> None:
        check_moments(self.as_of)


class SeenVerdict(msgspec.Struct, frozen=True):
    """The answer of the night."""

    as_documented: str


class SeenSummary(msgspec.Struct, frozen=True):
    """How the night ended."""

    exit_code: Whole


class State(msgspec.Struct, frozen=True):
    """What is known of one deviation that was ever seen."""

    seen: Seen
    """As it was when it was last known for certain."""
    first_seen: datetime
    last_seen: datetime
    last_changed: datetime
    occurrences: Whole
    resolved_at: datetime | None = None

    def __post_init__(self) -> None:
        check_moments(self.first_seen, self.last_seen, self.last_changed, self.resolved_at)


class Gone(msgspec.Struct, frozen=True):
    """A deviation known before that tonight's results do not name."""

    finding_id: str
    fingerprint: Sha256
    rule_id: str
    rule_title: str
    severity: Grade
    scope_id: str
    subject: str
    delta: Annotated[str, msgspec.Meta(pattern=r"^(fixed|unknown_incomplete)\Z")]
    """`fixed`, or `unknown_incomplete` where tonight could not tell."""
    first_seen: datetime
    last_seen: datetime

    def __post_init__(self) -> None:
        check_moments(self.first_seen, self.last_seen)


class Facts(msgspec.Struct, frozen=True):
    """What rules compare with from run to run."""

    boundaries: dict[str, str] = {}
    """Role ARN -> permissions boundary, as last seen in order."""
    external_ids: dict[str, str] = {}
    """Role ARN -> token of the ExternalId, as last seen in order."""
    gcp_roles: dict[str, tuple[str, ...]] = {}
    """GCP role -> its permissions."""
    credentials: dict[str, tuple[str, ...]] = {}
    """Azure application or service principal -> key ids of its secrets and certificates."""
    conditions: dict[str, tuple[str, ...]] = {}
    """GCP provider or bound role -> the conditions that limit it; an empty text: none."""


class HistoryNote(msgspec.Struct, frozen=True):
    """What a report says of the nights before it."""

    source: Annotated[str, msgspec.Meta(pattern=r"^(history|report)\Z")]
    previous_run_id: str | None
    """None: this is the first night."""
    previous_as_of: datetime | None
    deltas: dict[str, Whole] = {}
    """Delta -> count of findings, those that are gone included."""
    gone: tuple[Gone, ...] = ()
    remembered: tuple[State, ...] = ()
    """Deviations that tonight's own findings cannot tell of; a stateless next run needs them."""
    facts: Facts = Facts()
    other_baseline: str | None = None
    """Documented version that the run before was judged by, where it is another: what is fixed may be the document."""

    def __post_init__(self) -> None:
        check_moments(self.previous_as_of)


class Night(msgspec.Struct, frozen=True):
    """The part of report.json that history reads."""

    schema: str
    run: SeenRun
    verdict: SeenVerdict
    summary: SeenSummary
    scopes: tuple[SeenScope, ...]
    units: tuple[SeenUnit, ...]
    findings: tuple[Seen, ...]
    history: HistoryNote | None = None


class Previous(msgspec.Struct, frozen=True):
    """What is known before tonight."""

    source: str
    run_id: str | None = None
    as_of: datetime | None = None
    states: tuple[State, ...] = ()
    rule_versions: dict[str, int] = {}
    facts: Facts = Facts()
    planned: bool = False
    """The run before judged a template or plan."""
    baseline: str | None = None
    """Documented version that the run before was judged by."""

    def __post_init__(self) -> None:
        check_moments(self.as_of)
