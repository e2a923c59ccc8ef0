"""The types of report.json: our promise to machines, apart from the records inside so that those may change.

OUTPUTS section 6 is the specification. A new field is a minor version; a changed meaning is a new schema name. Every
field is always present; `null` says that this version, or this run, has nothing to say. Times are RFC 3339 in UTC with
milliseconds. The JSON Schema that ships with the product is made from these types, and a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from scanner.model.history import Facts
from scanner.model.snapshot import SourceKind, UnitStatus
from scanner.render.json_finding import Count, Diff, Finding, Out, Scope, Sha256, Stamp


class Caller(Out, frozen=True):
    """Who read."""

    cloud: str
    scope_id: str
    principal: str
    user_id: str | None


class UnitError(Out, frozen=True):
    """Why a unit is not complete."""

    code: str
    message_redacted: str
    http: int | None


class RawFile(Out, frozen=True):
    """One raw answer as a file of a bundle of this run."""

    path: str
    sha256: Sha256
    bytes: Count


class Excerpt(Out, frozen=True):
    """The value a piece of evidence points at, as JSON on one line; `chars` is its whole length."""

    unit_id: str
    json_pointer: str
    text: str
    chars: Count
    redactions: list[str]


class Unit(Out, frozen=True):
    """One question to the cloud and how it ended."""

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
    server_date: str | None
    """The provider's own clock at the last answer that told it."""
    raw: list[RawFile]


class Call(Out, frozen=True):
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


class Population(Out, frozen=True):
    """A countable list an auditor may sample from."""

    name: str
    scope_id: str
    count: Count
    sha256: str
    keys: list[str]


class TieOut(Out, frozen=True):
    """Our count against the provider's own."""

    name: str
    scope_id: str
    counted: int
    reported: int | None
    source: str
    agrees: bool | None
    explanation: str


class StatementRow(Out, frozen=True):
    """One statement of one side, as indented JSON."""

    ref: str
    json: str
    marks: list[str]


class Review(Out, frozen=True):
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


class Parameter(Out, frozen=True):
    """An effective parameter with its source; sensitive values never appear."""

    name: str
    value: str


class Sdk(Out, frozen=True):
    """A library the collector used."""

    name: str
    version: str


class Baseline(Out, frozen=True):
    """The documented version the run was judged by."""

    id: str
    digest: str
    docs_snapshot_date: str | None
    """When the newest of its documents was read."""
    documents: list[dict[str, Any]]


class Run(Out, frozen=True):
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
    controls_digest: Sha256 | None
    waivers_digest: Sha256 | None
    config_digest: Sha256 | None
    catalogue: str
    principal: list[Caller]
    parameters: list[Parameter]
    sdk_versions: list[Sdk]
    python: str
    argv_redacted: list[str]
    host: str | None
    clock_skew_s: int | None
    """This machine's clock less the provider's, where they differ most; null where no answer told the time."""
    previous_run: str | None
    question: Literal["documented", "revoked"] = "documented"
    """What the verdict answers: is access as documented, or is nothing of it left."""


class Verdict(Out, frozen=True):
    """The two lines on top."""

    as_documented: Literal["yes", "no", "not proven"]
    headline: str
    allows: str
    unread: list[str]


class Summary(Out, frozen=True):
    """Counts; every finding is in exactly one cell of `results`."""

    results: dict[str, Count]
    conformance_fail: dict[str, Count]
    posture_fail: dict[str, Count]
    units: dict[str, Count]
    rules_evaluated: Count
    exit_code: Count


class Waiver(Out, frozen=True):
    """One line of the register of waivers: all that were given to the run, and what each did."""

    id: str
    kind: Literal["accept", "ack", "false_positive"]
    state: Literal["in_force", "expired", "not_yet"]
    owner: str
    approved_by: str
    ticket: str
    reason: str
    created: Stamp
    expires: str
    matched: list[str]
    beyond: list[str]
    units: list[str]
    notes: list[str]


class Gone(Out, frozen=True):
    """A deviation known before that tonight's findings do not name."""

    finding_id: str
    fingerprint: Sha256
    rule_id: str
    rule_title: str
    severity: str
    scope_id: str
    subject: str
    delta: Literal["fixed", "unknown_incomplete"]
    first_seen: Stamp
    last_seen: Stamp


class History(Out, frozen=True):
    """What is known of the nights before."""

    source: Literal["history", "report"]
    previous_run_id: str | None
    previous_as_of: Stamp | None
    deltas: dict[str, Count]
    gone: list[Gone]
    remembered: list[dict[str, Any]]
    """For the next run with `--previous`; its form may change."""
    facts: Facts
    other_baseline: str | None = None
    """Documented version of the run before, where it is another: what is fixed may be the document's change."""


class Service(Out, frozen=True):
    """A connection that a service declares, what stands behind it live, and the verdict."""

    file: str
    line: int
    app: str | None
    service: str
    type: str
    cloud: Literal["aws", "azure", "gcp", "none", ""]
    declared: str
    scope_id: str | None
    live: list[str]
    verdict: Literal[
        "not as documented",
        "not proven",
        "for a person",
        "documented, at risk",
        "as documented",
        "grants no access",
        "not in this scan",
    ]
    reasons: list[str]
    findings: list[str]


class ReportDocument(Out, frozen=True):
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
    services: list[Service]
    findings: list[Finding]
    excerpts: list[Excerpt]
    waivers: list[Waiver]
    history: History | None
    errors: list[str]
