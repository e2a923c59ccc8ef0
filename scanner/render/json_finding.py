"""The types of a finding in report.json; see `json_types` for the promise they make."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from scanner.model.finding import Axis, Confidence, Result, Severity
from scanner.model.snapshot import UnitStatus

Stamp = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$", description="RFC 3339, UTC, milliseconds."),
]
Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Out(msgspec.Struct, frozen=True):
    """Base: every field is required; readers must ignore fields they do not know."""


class Scope(Out, frozen=True):
    """One account, project, subscription or tenant."""

    cloud: str
    kind: str
    id: str
    name: str | None
    partition: str | None
    presence: str


class Subject(Out, frozen=True):
    """The thing judged; `key` is its natural immutable key. What is known of an identity comes from its review."""

    type: str
    key: str
    id: str | None
    name: str
    path: str | None
    created_at: Stamp | None
    last_used_at: Stamp | None


class Expected(Out, frozen=True):
    """What the documented version says, and where it was read."""

    source: str | None
    baseline_digest: str
    doc_url: str | None
    doc_locator: str
    statement_id: str | None
    value: Any


class ObservedValue(Out, frozen=True):
    """What is live."""

    value: Any
    normalised: Any
    statement_ref: str


class Witness(Out, frozen=True):
    """A concrete request that is allowed and not documented, or the steps of a documented chain."""

    principal: str | None
    action: str
    resource: str
    context: dict[str, Any]
    path: list[str]
    evaluated_by: str
    replayable: bool
    """The second evaluator was run on it and agreed."""


class DiffEntry(Out, frozen=True):
    """One piece of access on one side only."""

    kind: str
    statement: str
    actions: list[str]
    resources: list[str]
    conditions: dict[str, Any]
    principals: dict[str, Any]
    latent: bool
    witness: Witness | None


class Diff(Out, frozen=True):
    """`added` holds every excess piece; `widened` and `weakened_conditions` repeat those of these two kinds."""

    added: list[DiffEntry]
    removed: list[DiffEntry]
    widened: list[DiffEntry]
    weakened_conditions: list[DiffEntry]
    undecided: list[str]


class Remediation(Out, frozen=True):
    """What mends it, and who must act."""

    summary: str
    owner: str
    steps: list[str]
    cli: str | None
    terraform: str | None
    risk_of_change: str | None


class Reference(Out, frozen=True):
    """A public page."""

    title: str
    url: str


class Control(Out, frozen=True):
    """A control this result is evidence for, by our mapping; never a statement of compliance."""

    framework: str
    version: str
    id: str
    strength: str
    rationale: str


class Evidence(Out, frozen=True):
    """Where the value was seen: a place in the answer of a call.

    `path` and `sha256` are those of the answer in a bundle of this run, whether one was written or not; of a result
    that rests on a unit as a whole they are null. The value itself stands in `excerpts`, under the same unit and
    pointer.
    """

    unit_id: str
    json_pointer: str
    api: str | None
    request_id: str | None
    retrieved_at: Stamp | None
    command: str | None
    path: str | None
    sha256: Sha256 | None
    redactions: list[str] | None
    """What was redacted in the value; null where none is named."""


class RequiredUnit(Out, frozen=True):
    """A collection unit the result rests on, with how it ended."""

    unit_id: str
    status: UnitStatus | None


class Finding(Out, frozen=True):
    """What one rule found on one subject."""

    finding_id: Annotated[str, Meta(pattern=r"^F-[0-9a-f]{12}$")]
    fingerprint: Sha256
    content_hash: Sha256
    rule_id: str
    rule_version: int
    rule_digest: str
    rule_title: str
    axis: Axis
    severity: Severity
    severity_reason: str
    confidence: Confidence
    result: Result
    status: Literal["PASS", "FAIL", "MANUAL", "INCOMPLETE", "WAIVED", "NOT_APPLICABLE", "ERROR"]
    reason_code: str
    message: str
    cloud: str
    scope: Scope
    region: str
    subject: Subject
    discriminator: str
    porter_role: str | None
    expected: Expected | None
    observed: ObservedValue | None
    diff: Diff | None
    witness: Witness | None
    remediation: Remediation | None
    references: list[Reference]
    claims: list[int]
    controls: list[Control]
    evidence: list[Evidence]
    requires_units: list[RequiredUnit]
    blocking: bool
    waiver: dict[str, Any] | None
    first_seen: Stamp | None
    last_seen: Stamp | None
    last_changed: Stamp | None
    resolved_at: Stamp | None
    occurrences: int | None
    first_seen_source: str
    delta: str | None
    evaluated_at: Stamp
    collected_at: Stamp
    run_id: str
