"""The run document: everything any output format needs, and nothing it may not show."""

from __future__ import annotations

from datetime import datetime

import msgspec

from scanner.model.common import JsonObject
from scanner.model.finding import Diff, Finding
from scanner.model.history import HistoryNote
from scanner.model.pages import Excerpt, PageFile
from scanner.model.question import Question
from scanner.model.services import ServiceReview
from scanner.model.snapshot import ApiCall, Caller, Scope, SourceKind, Unit
from scanner.model.waiver import WaiverRow

REPORT_SCHEMA = "porter-audit/report/v1"
SCHEMA_VERSION = "1.0"


class Run(msgspec.Struct, frozen=True):
    """Who ran what, when, with which inputs."""

    run_id: str
    started: datetime
    ended: datetime
    as_of: datetime
    """The clock every rule used."""
    collected_at: datetime
    tool_version: str
    source: SourceKind
    baseline_id: str
    """For example `porter@2026-05`."""
    baseline_digest: str
    rules_digest: str
    catalogue: str
    """Name and version of the pinned action catalogue."""
    callers: tuple[Caller, ...]
    parameters: tuple[tuple[str, str], ...]
    """Effective parameters with their sources; sensitive values never appear."""
    sdk_versions: tuple[tuple[str, str], ...] = ()
    python: str = ""
    argv: tuple[str, ...] = ()
    host: str | None = None
    question: Question = Question.DOCUMENTED
    planned: bool = False
    """The input is a template: access that does not exist yet."""
    config_digest: str | None = None
    """sha256 of everything the user decided that changes results or the exit code."""
    controls_digest: str | None = None
    """sha256 of the mapping to controls."""
    waivers_digest: str | None = None
    """sha256 of the waivers as they were read."""


class StatementRow(msgspec.Struct, frozen=True):
    """One statement of one side, ready to be shown."""

    ref: str
    """Live: policy name and Sid or index. Documented: Sid and row."""
    json: str
    """The statement as indented JSON."""
    marks: tuple[str, ...] = ()
    """Words for this row: `excess`, `missing`, `aws-managed`, `documented`."""


class RoleReview(msgspec.Struct, frozen=True):
    """One identity, documented versus live: a row of the table and a section of the report."""

    cloud: str
    scope_id: str
    name: str
    """Live name, or the documented name when the identity is absent."""
    arn: str | None
    documented_as: str | None
    """Key in the documented version; None: not documented."""
    present: bool
    optional: bool
    verdict: str
    """Permissions: equal, narrower, broader, different, undecided, absent, undocumented."""
    trust_verdict: str
    external_id: str
    """In words: `required, one concrete value`, `not documented, none`, `missing`, ..."""
    external_principals: tuple[str, ...]
    diff: Diff
    trust_diff: Diff
    live: tuple[StatementRow, ...] = ()
    documented: tuple[StatementRow, ...] = ()
    live_trust: str | None = None
    """Trust policy as indented JSON."""
    documented_trust: str | None = None
    certificate: JsonObject | None = None
    layers: tuple[str, ...] = ()
    """Which layers were evaluated, and which were not, in words."""
    boundary: str | None = None
    last_used_at: datetime | None = None
    created_at: datetime | None = None
    excess: int = 0
    missing: int = 0
    undecided: int = 0
    documented_risks: int = 0
    """FAILs on the posture axis for this identity."""
    matched_statements: int = 0
    documented_statements: int = 0
    live_actions: int = 0
    """Distinct action patterns granted live."""
    nearest: str | None = None
    """The documented version this identity is nearest to, in words."""


class Population(msgspec.Struct, frozen=True):
    """A countable list an auditor may sample from."""

    name: str
    scope_id: str
    count: int
    sha256: str
    """Of the sorted keys joined by newlines."""
    keys: tuple[str, ...]


class TieOut(msgspec.Struct, frozen=True):
    """Our count against the provider's own."""

    name: str
    scope_id: str
    counted: int
    reported: int | None
    """None: the provider's count could not be read."""
    source: str
    agrees: bool | None
    explanation: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """The two lines on top."""

    as_documented: str
    """`yes`, `no` or `not proven`: the answer to the run's question."""
    headline: str
    """First line in words, with counts of actions, identities and what could not be read."""
    allows: str
    """Second line: the worst documented risks in plain words."""
    unread: tuple[str, ...] = ()
    """What could not be read, one phrase each."""


class Summary(msgspec.Struct, frozen=True):
    """Counts; every finding is in exactly one cell."""

    results: dict[str, int]
    """Result name -> count."""
    conformance_fail: dict[str, int]
    """Severity -> count of FAIL on the conformance axis."""
    posture_fail: dict[str, int]
    units: dict[str, int]
    """Unit status -> count."""
    rules_evaluated: int
    exit_code: int


class Report(msgspec.Struct, frozen=True):
    """The whole truth of one run; every format is a projection of it."""

    schema: str
    schema_version: str
    run: Run
    verdict: Verdict
    summary: Summary
    scopes: tuple[Scope, ...]
    units: tuple[Unit, ...]
    """Without `pages`: raw data stays in the snapshot."""
    calls: tuple[ApiCall, ...]
    populations: tuple[Population, ...]
    tie_outs: tuple[TieOut, ...]
    reviews: tuple[RoleReview, ...]
    findings: tuple[Finding, ...]
    baseline_documents: tuple[JsonObject, ...]
    """The documents the baseline rests on: name, title, url, retrieved, sha256, publication status."""
    errors: tuple[str, ...] = ()
    waivers: tuple[WaiverRow, ...] = ()
    """Every waiver that was given, whether it covers something or not."""
    history: HistoryNote | None = None
    """What is known of the nights before; None: nobody asked."""
    pages: tuple[PageFile, ...] = ()
    """Every raw answer as the file it is in a bundle, written or not."""
    excerpts: tuple[Excerpt, ...] = ()
    """What each distinct piece of evidence points at, in order."""
    services: tuple[ServiceReview, ...] = ()
    """What porter.yaml files declare, connection by connection."""
