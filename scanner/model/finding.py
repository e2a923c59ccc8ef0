"""What a rule says of one subject: the result, and everything a reviewer needs to check it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

from scanner.model.common import EvidencePointer, JsonObject
from scanner.model.snapshot import Scope


class Axis(str, Enum):
    """Which question the rule answers; the axes are never merged."""

    CONFORMANCE = "conformance"
    POSTURE = "posture"
    COVERAGE = "coverage"
    HYGIENE = "hygiene"


class Severity(str, Enum):
    """Impact of a FAIL."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


SEVERITY_ORDER: tuple[Severity, ...] = tuple(Severity)
"""Most severe first."""


class Result(str, Enum):
    """What the evaluator found."""

    PASS = "PASS"
    FAIL = "FAIL"
    MANUAL = "MANUAL"
    INCOMPLETE = "INCOMPLETE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    ERROR = "ERROR"


class Confidence(str, Enum):
    """How certain the evaluator is of its result."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Subject(msgspec.Struct, frozen=True):
    """The thing judged. `key` is the natural immutable key (ARN, e-mail, object id), never a display name."""

    type: str
    """For example `aws.iam.role`, `aws.account`, `aws.eks.pod_identity_association`."""
    key: str
    name: str = ""
    id: str | None = None


class Expected(msgspec.Struct, frozen=True):
    """What the document says, and where."""

    value: Any
    source: str = ""
    """Document short name, heading and row, for example `S003, porter-manager, row 3 (CloudFormation)`."""
    statement_id: str | None = None
    baseline: str | None = None
    """Filled by the engine: `porter@2026-05`."""
    doc_url: str | None = None


class ObservedValue(msgspec.Struct, frozen=True):
    """What was seen live, with a reference a person can follow (policy name and statement)."""

    value: Any
    statement_ref: str = ""


class Witness(msgspec.Struct, frozen=True):
    """A concrete request that is allowed live and not documented."""

    principal: str | None
    action: str
    resource: str
    context: JsonObject = {}
    path: tuple[str, ...] = ()
    """For chains: the steps in order, in words."""
    replayed: bool = False
    """The second evaluator was run on it and agreed."""


class DiffEntry(msgspec.Struct, frozen=True):
    """One piece of access on one side only."""

    kind: str
    """`action`, `resource`, `condition` or `principal`:

    The first dimension in which nothing on the other side covers it.
    """
    statement: str
    """Where it stands: policy name and Sid or index."""
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: JsonObject = {}
    principals: JsonObject = {}
    latent: bool = False
    witness: Witness | None = None


class Diff(msgspec.Struct, frozen=True):
    """Documented versus live."""

    added: tuple[DiffEntry, ...] = ()
    removed: tuple[DiffEntry, ...] = ()
    undecided: tuple[str, ...] = ()


class Remediation(msgspec.Struct, frozen=True):
    """What mends it, and who must act."""

    summary: str
    owner: str = "customer"
    """`customer` or `porter`."""
    steps: tuple[str, ...] = ()
    cli: str | None = None
    risk_of_change: str | None = None


class Reference(msgspec.Struct, frozen=True):
    """A public page; https only."""

    title: str
    url: str


class ControlLink(msgspec.Struct, frozen=True):
    """A control this finding is evidence for (our mapping)."""

    framework: str
    version: str
    id: str
    strength: str
    rationale: str


class Outcome(msgspec.Struct, frozen=True):
    """What a rule yields for one subject and discriminator. The engine makes a Finding of it."""

    subject: Subject
    result: Result
    message: str
    """One or two sentences a reviewer can verify: statement, value seen, value documented."""
    reason_code: str = ""
    """Machine text, for example EXCESS_ACTION, CONDITION_MISSING, NOT_DOCUMENTED."""
    discriminator: str = ""
    """Tells several outcomes of one rule on one subject apart; never an index, time or message."""
    severity: Severity | None = None
    """None: the rule's severity."""
    severity_reason: str = ""
    confidence: Confidence = Confidence.CERTAIN
    region: str = "global"
    porter_role: str | None = None
    """Documented name of the role, for grouping."""
    expected: Expected | None = None
    observed: ObservedValue | None = None
    diff: Diff | None = None
    witness: Witness | None = None
    remediation: Remediation | None = None
    """None: the rule's own."""
    evidence: tuple[EvidencePointer, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """An Outcome with its identity: OUTPUTS section 6."""

    finding_id: str
    """`F-` and the first 12 hex digits of the fingerprint."""
    fingerprint: str
    """sha256 of the canonical JSON of {v, rule_id, cloud, scope_id, subject.type, subject.key, discriminator}."""
    content_hash: str
    """sha256 of the canonical JSON of what deviates: a worse deviation under the same fingerprint differs here."""
    rule_id: str
    rule_version: int
    rule_title: str
    axis: Axis
    severity: Severity
    severity_reason: str
    confidence: Confidence
    result: Result
    status: str
    """`result`, or WAIVED."""
    reason_code: str
    message: str
    cloud: str
    scope: Scope
    region: str
    subject: Subject
    porter_role: str | None
    expected: Expected | None
    observed: ObservedValue | None
    diff: Diff | None
    witness: Witness | None
    remediation: Remediation | None
    references: tuple[Reference, ...]
    claims: tuple[int, ...]
    """Numbers of the documented claims this result speaks to."""
    controls: tuple[ControlLink, ...]
    evidence: tuple[EvidencePointer, ...]
    requires_units: tuple[str, ...]
    """Unit ids whose completeness this result rests on."""
    blocking: bool
    """An INCOMPLETE or ERROR that leaves the core verdict open (exit 2 or 4)."""
    evaluated_at: datetime
    discriminator: str = ""
    waiver: JsonObject | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    last_changed: datetime | None = None
    resolved_at: datetime | None = None
    occurrences: int | None = None
    first_seen_source: str = "this_run"
    delta: str | None = None
