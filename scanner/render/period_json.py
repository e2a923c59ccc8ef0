"""period-report.json: the canonical form of a period report, and the JSON Schema it keeps."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from scanner.model.period import (
    DeviationLine,
    Episode,
    Kept,
    NightLine,
    NightState,
    Period,
    ScopeNights,
    TimeToFix,
    WaiverLine,
)
from scanner.render.json_finding import Count, Out, Sha256, Stamp
from scanner.render.text import encodable, stamp

SCHEMA_ID = "urn:porter-audit:schema:period:v1"
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Night(Out, frozen=True):
    """One slot of one scope."""

    starts: Stamp
    state: NightState
    run_id: str | None
    as_of: Stamp | None
    runs: Count
    exit_code: int | None
    as_documented: str | None
    not_proven: Count
    units_not_read: Count
    evidence: Kept | None
    detail: str
    deviating: Count
    waived: Count
    documented_risks: Count
    not_known: Count


class Scope(Out, frozen=True):
    """How an account, project or subscription was covered."""

    id: str
    cloud: str
    first_run: Stamp | None
    expected: Count
    run: Count
    complete: Count
    incomplete: Count
    missing: Count
    not_due: Count
    missing_nights: list[Stamp]
    replayable: Count
    digest_only: Count
    nights: list[Night]


class Seen(Out, frozen=True):
    """From the first run that saw a deviation to the first that proved it gone."""

    opened: Stamp
    last_seen: Stamp
    fixed: Stamp | None
    seconds_to_fix: Count | None
    runs_that_could_not_tell: Count


class Deviation(Out, frozen=True):
    """One deviation and what became of it."""

    finding_id: str
    fingerprint: Sha256
    rule_id: str
    rule_title: str
    axis: str
    severity: str
    cloud: str
    scope_id: str
    subject: str
    state: Literal["open", "waived", "fixed", "not_known"]
    first_seen: Stamp
    fixed: Stamp | None
    on_first_run: bool
    reappeared: Count
    waived_runs: Count
    episodes: list[Seen]


class Time(Out, frozen=True):
    """How long what was fixed had been there."""

    axis: str
    severity: str
    fixed: Count
    open: Count
    median_seconds: Count | None
    longest_seconds: Count | None


class Criterion(Out, frozen=True):
    """What runs were judged by; `value` null: not known."""

    what: str
    value: str | None
    first: Stamp
    last: Stamp
    runs: Count
    scopes: list[str]


class Waiver(Out, frozen=True):
    """A waiver, and on how many runs it was in force."""

    id: str
    kind: str
    owner: str
    approved_by: str
    ticket: str
    reason: str
    created: Stamp
    expires: str
    first: Stamp
    last: Stamp
    runs_in_force: Count
    runs_expired: Count
    covered: list[str]


class PeriodDocument(Out, frozen=True):
    """The whole answer."""

    schema: Literal["porter-audit/period/v1"]
    schema_version: Annotated[str, Meta(pattern=r"^1\.\d+$")]
    tool: str
    version: str
    written: Stamp
    first_day: Day
    last_day: Day
    schedule: str
    schedule_hours: Count
    runs: Count
    reports_found: Count
    scopes: list[Scope]
    deviations: list[Deviation]
    times_to_fix: list[Time]
    criteria: list[Criterion]
    waivers: list[Waiver]
    notes: list[str]


def render_period_json(period: Period) -> bytes:
    """Return a period as canonical JSON: the same period gives the same bytes."""
    plain = msgspec.to_builtins(period_document(period))
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return encodable(text).encode() + b"\n"


def period_schema() -> bytes:
    """Return the JSON Schema (2020-12) of `render_period_json`'s output, as it is shipped."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "porter-audit period report, version 1",
    }
    made = msgspec.json.schema(PeriodDocument)
    return json.dumps({**head, **made}, sort_keys=True, ensure_ascii=False, indent=2).encode() + b"\n"


def period_document(period: Period) -> PeriodDocument:
    """Return the machine's view of a period."""
    return PeriodDocument(
        schema="porter-audit/period/v1",
        schema_version="1.0",
        tool="porter-audit",
        version=period.tool_version,
        written=stamp(period.written),
        first_day=period.span.first.isoformat(),
        last_day=period.span.last.isoformat(),
        schedule=period.schedule.words,
        schedule_hours=period.schedule.hours,
        runs=period.runs,
        reports_found=period.reports,
        scopes=[_scope(scope) for scope in period.scopes],
        deviations=[_deviation(line) for line in period.deviations],
        times_to_fix=[_time(times) for times in period.times],
        criteria=[
            Criterion(
                what=line.what,
                value=line.value or None,
                first=stamp(line.first),
                last=stamp(line.last),
                runs=line.runs,
                scopes=list(line.scopes),
            )
            for line in period.criteria
        ],
        waivers=[_waiver(line) for line in period.waivers],
        notes=list(period.notes),
    )


def _scope(scope: ScopeNights) -> Scope:
    return Scope(
        id=scope.scope,
        cloud=scope.cloud,
        first_run=_stamp(scope.first_run),
        expected=scope.expected,
        run=scope.run,
        complete=scope.count(NightState.COMPLETE),
        incomplete=scope.count(NightState.INCOMPLETE),
        missing=scope.count(NightState.MISSING),
        not_due=scope.count(NightState.NOT_DUE),
        missing_nights=[stamp(night.starts) for night in scope.nights if night.state is NightState.MISSING],
        replayable=scope.kept(Kept.REPLAYABLE),
        digest_only=scope.kept(Kept.DIGEST_ONLY),
        nights=[_night(night) for night in scope.nights],
    )


def _night(night: NightLine) -> Night:
    return Night(
        starts=stamp(night.starts),
        state=night.state,
        run_id=night.run_id,
        as_of=_stamp(night.as_of),
        runs=night.runs,
        exit_code=night.exit_code,
        as_documented=night.as_documented,
        not_proven=night.not_proven,
        units_not_read=night.unread,
        evidence=night.kept,
        detail=night.detail,
        deviating=night.deviating,
        waived=night.waived,
        documented_risks=night.risks,
        not_known=night.not_known,
    )


def _deviation(line: DeviationLine) -> Deviation:
    deviation = line.deviation
    return Deviation(
        finding_id=deviation.finding_id,
        fingerprint=deviation.fingerprint,
        rule_id=deviation.rule_id,
        rule_title=deviation.title,
        axis=deviation.axis,
        severity=deviation.severity,
        cloud=deviation.cloud,
        scope_id=deviation.scope,
        subject=deviation.subject,
        state=msgspec.convert(line.state, Literal["open", "waived", "fixed", "not_known"]),
        first_seen=stamp(line.first_seen),
        fixed=_stamp(line.fixed),
        on_first_run=line.on_first_run,
        reappeared=line.reappeared,
        waived_runs=line.waived_nights,
        episodes=[_episode(episode) for episode in line.episodes],
    )


def _episode(episode: Episode) -> Seen:
    return Seen(
        opened=stamp(episode.opened),
        last_seen=stamp(episode.last_seen),
        fixed=_stamp(episode.fixed),
        seconds_to_fix=_seconds(episode.fixed - episode.opened if episode.fixed else None),
        runs_that_could_not_tell=episode.not_known,
    )


def _time(times: TimeToFix) -> Time:
    return Time(
        axis=times.axis,
        severity=times.severity,
        fixed=times.fixed,
        open=times.open,
        median_seconds=_seconds(times.median),
        longest_seconds=_seconds(times.longest),
    )


def _waiver(line: WaiverLine) -> Waiver:
    waiver = line.waiver
    return Waiver(
        id=waiver.id,
        kind=waiver.kind,
        owner=waiver.owner,
        approved_by=waiver.approved_by,
        ticket=waiver.ticket,
        reason=waiver.reason,
        created=stamp(waiver.created),
        expires=waiver.expires,
        first=stamp(line.first),
        last=stamp(line.last),
        runs_in_force=line.in_force,
        runs_expired=line.expired,
        covered=list(line.covered),
    )


def _stamp(moment: datetime | None) -> str | None:
    return stamp(moment) if moment is not None else None


def _seconds(took: timedelta | None) -> int | None:
    return int(took.total_seconds()) if took is not None else None
