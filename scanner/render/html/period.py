"""period-report.html: which nights were run, what deviated and for how long, judged by what; one page."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from scanner.model.period import (
    CriterionLine,
    DeviationLine,
    Episode,
    Kept,
    NightLine,
    NightState,
    Period,
    ScopeNights,
)
from scanner.render.html.page import Frame, render_page
from scanner.render.html.period_charts import calendar, lives, trend
from scanner.render.html.period_records import (
    AxisView,
    CriterionRow,
    DeviationRow,
    NightRow,
    PeriodView,
    ScopeRow,
    ScopeView,
    TimeRow,
    Told,
    WaiverRow,
)
from scanner.render.text import count, day, one_line, shorten, when
from scanner.render.words import cloud_name

STATES = {
    NightState.COMPLETE: ("good", "complete"),
    NightState.INCOMPLETE: ("open", "incomplete"),
    NightState.MISSING: ("bad", "missing"),
    NightState.NOT_DUE: ("none", "not yet due"),
}
KEPT = {
    Kept.REPLAYABLE: ("good", "replayable"),
    Kept.SHAREABLE: ("none", "shareable part"),
    Kept.DIGEST_ONLY: ("open", "digest only"),
    Kept.DAMAGED: ("bad", "damaged"),
    Kept.NO_BUNDLE: ("open", "no bundle found"),
    Kept.NOT_LOOKED: ("none", "not looked for"),
}
DEVIATION_STATES = {
    "open": ("bad", "open"),
    "waived": ("none", "waived"),
    "fixed": ("good", "fixed"),
    "not_known": ("open", "not known"),
}
_DAY = timedelta(days=1)
# A unit's id, `cloud/scope/region/kind` where a scope may hold a slash, and how it ended.
_UNIT = re.compile(r"\b(?:aws|gcp|azure)/[^\s,]+?/([^\s,/]+)/((?:aws|gcp|azure|entra)\.[\w.]+) \((\w+)\)")
_AXES = (("conformance", "Not as documented"), ("posture", "Documented risks and posture"))
_MAX_ROWS = 2_000
_MAX_SCOPES = 25
"""Scopes with a calendar and a table of their own; of more, those with most nights that are not complete."""


def render_period_html(period: Period) -> bytes:
    """Return the page; the same period gives the same bytes. Raises `RenderError` if a template cannot be read."""
    view = period_view(period)
    scopes = ", ".join(scope.name for scope in view.scopes[:3]) + (", …" if len(view.scopes) > 3 else "")
    frame = Frame(
        title=f"Period report {view.span}",
        subtitle=scopes,
        version=period.tool_version,
        about=f"period {view.span}, written {view.written}",
        tagline="what was checked, night after night",
        print_label=f"porter-audit, period {view.span}",
    )
    return render_page("period.html.j2", frame, styles=("period/period.css",), v=view)


def period_view(period: Period) -> PeriodView:
    """Return what the page shows of a period."""
    worst = sorted(period.scopes, key=lambda s: -s.count(NightState.MISSING, NightState.INCOMPLETE))
    chosen = {id(scope) for scope in worst[:_MAX_SCOPES]}
    scopes = tuple(_scope(scope, period) for scope in period.scopes if id(scope) in chosen)
    gaps = [
        (_name(scope), night)
        for scope in period.scopes
        for night in scope.nights
        if night.state in (NightState.MISSING, NightState.INCOMPLETE)
    ]
    totals = {state: sum(s.count(state) for s in period.scopes) for state in NightState}
    expected = sum(scope.expected for scope in period.scopes)
    complete, incomplete = totals[NightState.COMPLETE], totals[NightState.INCOMPLETE]
    missing = totals[NightState.MISSING]
    tone = "bad" if missing or not expected else "open" if incomplete else "good"
    return PeriodView(
        span=f"{period.span.first.isoformat()} to {period.span.last.isoformat()}",
        schedule=period.schedule.words,
        written=when(period.written),
        answer=f"{complete:,} of {count(expected, 'night')}" if expected else "no night that was due",
        tone=tone,
        detail=_detail(period, incomplete, missing),
        expected=expected,
        complete=complete,
        incomplete=incomplete,
        missing=missing,
        replayable=sum(scope.kept(Kept.REPLAYABLE) for scope in period.scopes),
        digest_only=sum(scope.kept(Kept.DIGEST_ONLY) for scope in period.scopes),
        run=sum(scope.run for scope in period.scopes),
        scopes=scopes,
        all_scopes=tuple(_scope_row(scope) for scope in period.scopes) if len(period.scopes) > 1 else (),
        gaps=tuple((name, _night(night, period)) for name, night in gaps[:_MAX_ROWS]),
        gap_count=len(gaps),
        axes=tuple(_axis(period, axis, title) for axis, title in _AXES),
        times=tuple(
            TimeRow(t.axis, t.severity, t.fixed, _took(t.median), _took(t.longest), t.open) for t in period.times
        ),
        criteria=tuple(_criterion(line) for line in period.criteria[:_MAX_ROWS]),
        criterion_count=len(period.criteria),
        waivers=tuple(_waivers(period)),
        waiver_count=len(period.waivers),
        known=_known(period),
        no_evidence=_no_evidence(period),
        runs=period.runs,
        reports=period.reports,
        notes=period.notes,
        banner=_banner(period),
    )


def _detail(period: Period, incomplete: int, missing: int) -> str:
    scopes = count(len(period.scopes), "account, project or subscription", "accounts, projects and subscriptions")
    due = {scope.expected for scope in period.scopes}
    each = f", {count(min(due), 'night')} of each" if len(period.scopes) > 1 and len(due) == 1 else ""
    parts = [scopes + each]
    parts.append(f"{incomplete:,} incomplete, {missing:,} without a run")
    fixed = sum(line.state == "fixed" for line in period.deviations if line.deviation.axis == "conformance")
    left = sum(line.state != "fixed" for line in period.deviations if line.deviation.axis == "conformance")
    parts.append(f"{count(fixed, 'deviation')} from the documents fixed, {left:,} not fixed at the end")
    return "; ".join(parts) + "."


def _known(period: Period) -> str:
    return f"{count(period.runs, 'run')} in the history, with the reports of {period.reports:,}"


def _no_evidence(period: Period) -> str:
    """Return why no night can be judged again, and what to do; nothing where one can, or there was no run."""
    kept = {night.kept for scope in period.scopes for night in scope.nights if night.run_id}
    if kept == {Kept.NOT_LOOKED}:
        return "Nobody said where the bundles are: `--bundles DIR` has the evidence of each night checked."
    if kept == {Kept.NO_BUNDLE}:
        return "No run left an evidence bundle here, so no night can be judged again: scan with `--bundle full`."
    return ""


def _banner(period: Period) -> tuple[str, ...]:
    said = []
    for scope in period.scopes:
        missing, incomplete = scope.count(NightState.MISSING), scope.count(NightState.INCOMPLETE)
        if missing or incomplete:
            said.append(f"{_name(scope)}: {count(missing, 'night')} without a run, {incomplete:,} incomplete")
    if not period.scopes:
        said.append("No run is known up to the end of the period")
    return tuple(said[:20]) + ((f"and {len(said) - 20:,} more",) if len(said) > 20 else ())


def _name(scope: ScopeNights) -> str:
    return one_line(f"{cloud_name(scope.cloud)} {scope.scope}".strip(), 120)


def _scope_row(scope: ScopeNights) -> ScopeRow:
    return ScopeRow(
        name=_name(scope),
        expected=scope.expected,
        complete=scope.count(NightState.COMPLETE),
        incomplete=scope.count(NightState.INCOMPLETE),
        missing=scope.count(NightState.MISSING),
        replayable=scope.kept(Kept.REPLAYABLE),
        digest_only=scope.kept(Kept.DIGEST_ONLY),
    )


def _scope(scope: ScopeNights, period: Period) -> ScopeView:
    return ScopeView(
        name=_name(scope),
        first_run=when(scope.first_run),
        expected=scope.expected,
        complete=scope.count(NightState.COMPLETE),
        incomplete=scope.count(NightState.INCOMPLETE),
        missing=scope.count(NightState.MISSING),
        calendar=calendar(scope.nights, period.schedule.hours),
        nights=tuple(_night(night, period) for night in scope.nights[-_MAX_ROWS:]),
    )


def _night(night: NightLine, period: Period) -> NightRow:
    whole_days = period.schedule.hours % 24 == 0
    return NightRow(
        night=day(night.starts) if whole_days else night.starts.strftime("%Y-%m-%d %H:%M"),
        state=Told(*STATES[night.state]),
        run=night.run_id or "",
        documented=one_line(night.as_documented or "", 40),
        deviating=night.deviating,
        waived=night.waived,
        risks=night.risks,
        not_known=night.not_known,
        kept=Told(*KEPT[night.kept]) if night.kept is not None else None,
        detail=shorten(_units_by_kind(one_line(night.detail, 4_000)), 600),
    )


def _units_by_kind(text: str) -> str:
    """Return text with units named by kind, and by region where they have one; JSON and tables keep the whole ids."""

    def named(found: re.Match[str]) -> str:
        region, kind, status = found.groups()
        where = "" if region == "global" else f" in {region}"
        return f"{kind}{where} ({status.replace('_', ' ')})"

    return _UNIT.sub(named, text)


def _axis(period: Period, axis: str, title: str) -> AxisView:
    lines = [line for line in period.deviations if line.deviation.axis == axis]
    return AxisView(
        slug=axis,
        title=title,
        trend=trend(period.scopes, axis),
        lives=lives(lines, period.span),
        rows=tuple(_deviation(line) for line in lines[:_MAX_ROWS]),
        left_out=max(0, len(lines) - _MAX_ROWS),
    )


def _deviation(line: DeviationLine) -> DeviationRow:
    deviation = line.deviation
    return DeviationRow(
        finding_id=deviation.finding_id,
        severity=deviation.severity,
        rule_id=deviation.rule_id,
        title=one_line(deviation.title, 200),
        subject=one_line(deviation.subject, 200),
        scope=one_line(deviation.scope, 100),
        state=Told(*DEVIATION_STATES[line.state]),
        first_seen=_moment(line.first_seen),
        fixed=_fixed(line),
        took=_line_took(line),
        back=line.reappeared,
    )


def _fixed(line: DeviationLine) -> str:
    last: Episode = line.episodes[-1]
    if last.fixed is not None:
        return _moment(last.fixed)
    return f"last seen {_moment(last.last_seen)}" if line.state == "not_known" else ""


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _line_took(line: DeviationLine) -> str:
    """Return the time of each episode that ended; what the first run of all saw may have been there for any time."""
    said = []
    for episode in line.episodes:
        if episode.fixed is not None:
            took = episode.fixed - episode.opened
            unknown = line.on_first_run and episode is line.episodes[0]
            said.append(f"{took / _DAY:.1f} days from the first run" if unknown else _took(took))
    return ", then ".join(said)


def _took(took: timedelta | None) -> str:
    """Return `at most 3.0 days`: a fix is only seen when a run proves it."""
    return f"≤ {took / _DAY:.1f} days" if took is not None else "–"


def _criterion(line: CriterionLine) -> CriterionRow:
    named = ", ".join(line.scopes[:3]) + (f" and {len(line.scopes) - 3} more" if len(line.scopes) > 3 else "")
    return CriterionRow(
        what=line.what,
        value=one_line(line.value, 300) or "not known: no report was found",
        known=bool(line.value),
        first=day(line.first),
        last=day(line.last),
        runs=line.runs,
        scopes=one_line(named, 200),
    )


def _waivers(period: Period) -> list[WaiverRow]:
    return [
        WaiverRow(
            id=one_line(line.waiver.id, 120),
            kind=line.waiver.kind.replace("_", " "),
            owner=one_line(line.waiver.owner, 120),
            approved_by=one_line(line.waiver.approved_by, 120),
            ticket=one_line(line.waiver.ticket, 200),
            reason=one_line(line.waiver.reason, 400),
            expires=one_line(line.waiver.expires, 40),
            in_force=line.in_force,
            expired=line.expired,
            covered=shorten(", ".join(one_line(name, 120) for name in line.covered), 600) or "nothing",
        )
        for line in period.waivers[:_MAX_ROWS]
    ]
