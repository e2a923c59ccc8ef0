"""Which nights were run, how they came out, and what is left of their evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from scanner.history.period_schedule import ends, slots
from scanner.model.period import (
    Kept,
    KnownBundle,
    KnownReport,
    KnownRun,
    NightLine,
    NightState,
    Schedule,
    ScopeNights,
    Span,
)

_NOT_WELL = (2, 4)
"""Exit codes of a run that is incomplete, or in which a rule failed."""


class Counts(msgspec.Struct):
    """What one run found in one scope, of what is known as a deviation."""

    deviating: int = 0
    waived: int = 0
    risks: int = 0
    not_known: int = 0


class Nights(msgspec.Struct, frozen=True):
    """Everything known of the runs."""

    runs: tuple[KnownRun, ...]
    """By time."""
    clouds: Mapping[str, str]
    """Scope -> cloud."""
    counts: Mapping[tuple[str, str], Counts]
    """(run id, scope) -> counts."""
    bundles: Mapping[str, KnownBundle] | None
    """By run; None: nobody said where they are."""
    reports: Mapping[str, KnownReport]


def is_complete(run: KnownRun, scope: str) -> bool:
    """Return whether a run decided everything in a scope.

    An acknowledged gap is still a gap, and `--allow-incomplete` changes only the exit code: results count.
    """
    return run.exit_code not in _NOT_WELL and not run.not_proven.get(scope, 0)


def scope_nights(known: Nights, span: Span, schedule: Schedule, now: datetime) -> tuple[ScopeNights, ...]:
    """Return the nights of each scope that had a run up to the end of the span, by scope."""
    last = ends(span)
    scopes = sorted({scope for run in known.runs if run.as_of < last for scope in run.scopes})
    return tuple(_scope(known, scope, span, schedule, now) for scope in scopes)


def _scope(known: Nights, scope: str, span: Span, schedule: Schedule, now: datetime) -> ScopeNights:
    runs = [run for run in known.runs if scope in run.scopes]
    lines, at = [], 0
    for start, after in slots(span, schedule):
        while at < len(runs) and runs[at].as_of < start:
            at += 1
        upto = at
        while upto < len(runs) and runs[upto].as_of < after:
            upto += 1
        lines.append(_line(known, scope, start, runs[at:upto], now))
        at = upto
    return ScopeNights(scope, known.clouds.get(scope, ""), runs[0].as_of if runs else None, tuple(lines))


def _line(known: Nights, scope: str, start: datetime, runs: Sequence[KnownRun], now: datetime) -> NightLine:
    if not runs:
        return NightLine(start, NightState.NOT_DUE if start > now else NightState.MISSING)
    complete = [run for run in runs if is_complete(run, scope)]
    run = (complete or runs)[-1]
    counts = known.counts.get((run.run_id, scope), Counts())
    # A later run that could not read all may have seen more: what it saw is not undone by what it did not see.
    since = runs[runs.index(run) :]
    seen = [known.counts.get((one.run_id, scope), Counts()) for one in since]
    kept, detail = _evidence(known, run)
    return NightLine(
        starts=start,
        state=NightState.COMPLETE if complete else NightState.INCOMPLETE,
        run_id=run.run_id,
        as_of=run.as_of,
        runs=len(runs),
        exit_code=run.exit_code,
        as_documented="no" if any(one.as_documented == "no" for one in since) else run.as_documented,
        not_proven=run.not_proven.get(scope, 0),
        unread=run.unread,
        kept=kept,
        detail="; ".join(part for part in (_gaps(known, run, scope), detail) if part),
        deviating=max(one.deviating for one in seen),
        waived=counts.waived,
        risks=max(one.risks for one in seen),
        not_known=counts.not_known,
    )


def _gaps(known: Nights, run: KnownRun, scope: str) -> str:
    if is_complete(run, scope) and not run.unread:
        return ""
    report = known.reports.get(run.run_id)
    if report is not None and report.unread:
        mine = [unit for unit in report.unread if _concerns(unit, scope, run, known.clouds)]
        if mine or is_complete(run, scope):
            return "not read: " + ", ".join(mine) if mine else ""
        return f"exit {run.exit_code}; what was not read is of other scopes of the run"
    said = []
    if run.not_proven.get(scope, 0):
        said.append(f"results not proven: {run.not_proven[scope]}")
    if run.unread:
        said.append(f"units not read: {run.unread}, no report says which")
    return ", ".join(said) or f"exit {run.exit_code}"


def _concerns(unit: str, scope: str, run: KnownRun, clouds: Mapping[str, str]) -> bool:
    """Return whether a unit (`cloud/scope/region/kind`) is a scope's own, or stands above it: tenant, organization."""
    cloud, _, rest = unit.partition("/")
    place = rest.partition("/")[0]
    return clouds.get(scope, cloud) in ("", cloud) and (place == scope or place not in run.scopes)


def _evidence(known: Nights, run: KnownRun) -> tuple[Kept, str]:
    if known.bundles is None:
        return Kept.NOT_LOOKED, ""
    bundle = known.bundles.get(run.run_id)
    return (bundle.kept, bundle.detail) if bundle is not None else (Kept.NO_BUNDLE, "")
