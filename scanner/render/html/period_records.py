"""What the template of the period report prints: texts and numbers, nothing left to decide."""

from __future__ import annotations

import msgspec

from scanner.render.html.period_charts import Calendar, Lives, Trend


class Told(msgspec.Struct, frozen=True):
    """A state in words and its tone."""

    tone: str
    words: str


class NightRow(msgspec.Struct, frozen=True):
    """One line of the table of nights."""

    night: str
    state: Told
    run: str
    documented: str
    deviating: int
    waived: int
    risks: int
    not_known: int
    kept: Told | None
    detail: str


class ScopeRow(msgspec.Struct, frozen=True):
    """One line of the table of scopes."""

    name: str
    expected: int
    complete: int
    incomplete: int
    missing: int
    replayable: int
    digest_only: int


class ScopeView(msgspec.Struct, frozen=True):
    """How one scope was covered."""

    name: str
    first_run: str
    expected: int
    complete: int
    incomplete: int
    missing: int
    calendar: Calendar
    nights: tuple[NightRow, ...]


class DeviationRow(msgspec.Struct, frozen=True):
    """One line of the table of deviations."""

    finding_id: str
    severity: str
    rule_id: str
    title: str
    subject: str
    scope: str
    state: Told
    first_seen: str
    fixed: str
    took: str
    """Of each time that it was fixed."""
    back: int


class AxisView(msgspec.Struct, frozen=True):
    """Deviations of one axis."""

    slug: str
    title: str
    trend: Trend
    lives: Lives
    rows: tuple[DeviationRow, ...]
    left_out: int


class TimeRow(msgspec.Struct, frozen=True):
    """Time to fix of one severity."""

    axis: str
    severity: str
    fixed: int
    median: str
    longest: str
    open: int


class CriterionRow(msgspec.Struct, frozen=True):
    """What was in force, from when to when."""

    what: str
    value: str
    known: bool
    first: str
    last: str
    runs: int
    scopes: str


class WaiverRow(msgspec.Struct, frozen=True):
    """One waiver."""

    id: str
    kind: str
    owner: str
    approved_by: str
    ticket: str
    reason: str
    expires: str
    in_force: int
    expired: int
    covered: str


class PeriodView(msgspec.Struct, frozen=True):
    """Everything the template prints."""

    span: str
    schedule: str
    written: str
    answer: str
    tone: str
    detail: str
    expected: int
    complete: int
    incomplete: int
    missing: int
    replayable: int
    digest_only: int
    run: int
    scopes: tuple[ScopeView, ...]
    all_scopes: tuple[ScopeRow, ...]
    """Of more than one."""
    gaps: tuple[tuple[str, NightRow], ...]
    gap_count: int
    axes: tuple[AxisView, ...]
    times: tuple[TimeRow, ...]
    criteria: tuple[CriterionRow, ...]
    criterion_count: int
    waivers: tuple[WaiverRow, ...]
    waiver_count: int
    known: str
    no_evidence: str
    runs: int
    reports: int
    notes: tuple[str, ...]
    banner: tuple[str, ...]
