"""The types of report.json: our promise to machines, apart from the records inside so that those may change.

OUTPUTS section 6 is the specification. A new field is a minor version; a changed meaning is a new schema name. Every
field is always present; `null` says that this version, or this run, has nothing to say. Times are RFC 3339 in UTC with
milliseconds. The JSON Schema that ships with the product is made from these types, and a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from scanner.model.finding import Axis, Confidence, Result, Severity
from scanner.model.snapshot import SourceKind, UnitStatus

Stamp = Annotated[
    str,
    Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$", description="RFC 3339, UTC, milliseconds."),
]
Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class _Out(msgspec.Struct, frozen=True):
    """Base: every field is required; readers must ignore fields they do not know."""


class Scope(_Out, frozen=True):
    """One account, project, subscription or tenant."""

    cloud: str
    kind: str
    id: str
    name: str | None
    partition: str | None
    presence: str


class Caller(_Out, frozen=True):
    """Who read."""

    cloud: str
    scope_id: str
    principal: str
    user_id: str | None


class Subject(_Out, frozen=True):
    """The thing judged; `key` is its natural immutable key."""

    type: str
    key: str
    id: str | None
    name: str


class Expected(_Out, frozen=True):
    """What the documented version says, and where it was read."""

    source: str | None
    baseline_digest: str
    doc_url: str | None
    doc_locator: str
    statement_id: str | None
    value: Any


class ObservedValue(_Out, frozen=True):
    """What is live."""

    value: Any
    normalised: Any
    statement_ref: str


class Witness(_Out, frozen=True):
    """A concrete request that is allowed and not documented, or the steps of a documented chain."""

    principal: str | None
    action: str
    resource: str
    context: dict[str, Any]
    path: list[str]
    evaluated_by: str
    replayable: bool
    """The second evaluator was run on it and agreed."""


class DiffEntry(_Out, frozen=True):
    """One piece of access on one side only."""

    kind: str
    statement: str
    actions: list[str]
    resources: list[str]
    conditions: dict[str, Any]
    principals: dict[str, Any]
    latent: bool
    witness: Witness | None


class Diff(_Out, frozen=True):
    """`added` holds every excess piece; `widened` and `weakened_conditions` repeat those of these two kinds."""

    added: list[DiffEntry]
    removed: list[DiffEntry]
    widened: list[DiffEntry]
    weakened_conditions: list[DiffEntry]
    undecided: list[str]


class Remediation(_Out, frozen=True):
    """What mends it, and who must act."""

    summary: str
    owner: str
    steps: list[str]
    cli: str | None
    terraform: str | None
    risk_of_change: str | None


class Reference(_Out, frozen=True):
    """A public page."""

    title: str
    url: str


class Control(_Out, frozen=True):
    """A control this result is evidence for, by our mapping; never a statement of compliance."""

    framework: str
    version: str
    id: str
    strength: str
    rationale: str


class Evidence(_Out, frozen=True):
    """Where the value was seen: a place in the answer of a call."""

    unit_id: str
    json_pointer: str
    api: str | None
    request_id: str | None
    retrieved_at: Stamp | None
    command: str | None
    path: str | None
    sha256: str | None
    excerpt: str | None
    redactions: list[str]


class RequiredUnit(_Out, frozen=True):
    """A collection unit the result rests on, with how it ended."""

    unit_id: str
    status: UnitStatus | None


class Finding(_Out, frozen=True):
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


class UnitError(_Out, frozen=True):
    """Why a unit is not complete."""

    code: str
    message_redacted: str
    http: int | None


class Unit(_Out, frozen=True):
    """One question to the cloud and how it ended; raw answers stay in the snapshot."""

    unit_id: str
    kind: str
    cloud: str
    scope_id: str
    region: str
    required: bool
    status: UnitStatus
    api: list[str]
    pages: Count
    items: Count
    attempts: Count
    error: UnitError | None
    started: Stamp | None
    ended: Stamp | None
    request_ids: list[str]


class Call(_Out, frozen=True):
    """One request of the ledger."""

    unit_id: str
    service: str
    operation: str
    region: str
    params: dict[str, Any]
    page: int
    items: Count
    outcome: UnitStatus
    attempts: Count
    started: Stamp
    ended: Stamp
    request_id: str | None
    http_status: int | None
    error_code: str | None
    endpoint_host: str | None
    server_date: str | None
    command: str | None


class Population(_Out, frozen=True):
    """A countable list an auditor may sample from."""

    name: str
    scope_id: str
    count: Count
    sha256: str
    keys: list[str]


class TieOut(_Out, frozen=True):
    """Our count against the provider's own."""

    name: str
    scope_id: str
    counted: int
    reported: int | None
    source: str
    agrees: bool | None
    explanation: str


class StatementRow(_Out, frozen=True):
    """One statement of one side, as indented JSON."""

    ref: str
    json: str
    marks: list[str]


class Review(_Out, frozen=True):
    """One identity, documented versus live."""

    cloud: str
    scope_id: str
    name: str
    arn: str | None
    documented_as: str | None
    present: bool
    optional: bool
    verdict: str
    trust_verdict: str
    external_id: str
    external_principals: list[str]
    excess: Count
    missing: Count
    undecided: Count
    documented_risks: Count
    matched_statements: Count
    documented_statements: Count
    live_actions: Count
    diff: Diff
    trust_diff: Diff
    live: list[StatementRow]
    documented: list[StatementRow]
    live_trust: str | None
    documented_trust: str | None
    certificate: dict[str, Any] | None
    layers: list[str]
    boundary: str | None
    last_used_at: Stamp | None
    created_at: Stamp | None
    nearest: str | None


class Parameter(_Out, frozen=True):
    """An effective parameter with its source; sensitive values never appear."""

    name: str
    value: str


class Sdk(_Out, frozen=True):
    """A library the collector used."""

    name: str
    version: str


class Baseline(_Out, frozen=True):
    """The documented version the run was judged by."""

    id: str
    digest: str
    documents: list[dict[str, Any]]


class Run(_Out, frozen=True):
    """Who ran what, when, with which inputs."""

    run_id: str
    started: Stamp
    ended: Stamp
    as_of: Stamp
    collected_at: Stamp
    tool: str
    version: str
    source: SourceKind
    planned: bool
    baseline: Baseline
    rules_digest: str
    catalogue: str
    principal: list[Caller]
    parameters: list[Parameter]
    sdk_versions: list[Sdk]
    python: str
    argv_redacted: list[str]
    host: str | None


class Verdict(_Out, frozen=True):
    """The two lines on top."""

    as_documented: Literal["yes", "no", "not proven"]
    headline: str
    allows: str
    unread: list[str]


class Summary(_Out, frozen=True):
    """Counts; every finding is in exactly one cell of `results`."""

    results: dict[str, Count]
    conformance_fail: dict[str, Count]
    posture_fail: dict[str, Count]
    units: dict[str, Count]
    rules_evaluated: Count
    exit_code: Count


class ReportDocument(_Out, frozen=True):
    """The whole truth of one run."""

    schema: Literal["porter-audit/report/v1"]
    schema_version: Annotated[str, Meta(pattern=r"^1\.\d+$")]
    run: Run
    verdict: Verdict
    summary: Summary
    scopes: list[Scope]
    units: list[Unit]
    calls: list[Call]
    populations: list[Population]
    tie_outs: list[TieOut]
    reviews: list[Review]
    findings: list[Finding]
    errors: list[str]
