"""From everything that is known of the nights to the period report's content. Pure: the clock is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from scanner.history.period_criteria import criterion_lines, waiver_lines
from scanner.history.period_deviations import counts_by_run, deviation_lines, times_to_fix
from scanner.history.period_nights import Nights, scope_nights
from scanner.history.period_schedule import begins, ends
from scanner.model.period import (
    Kept,
    KnownBundle,
    KnownDeviation,
    KnownReport,
    KnownRun,
    NightState,
    Period,
    Schedule,
    ScopeNights,
    Sighting,
    Span,
)

_SHOWN = 20
LIVE = "live"


class Known(msgspec.Struct, frozen=True):
    """What a history and the bundles beside it say."""

    runs: tuple[KnownRun, ...]
    """All up to the end of the span, by time."""
    deviations: Mapping[str, KnownDeviation]
    """By fingerprint."""
    sightings: tuple[Sighting, ...]
    """By the time of their runs."""
    clouds: Mapping[str, str] = {}
    """Scope -> cloud."""
    bundles: Mapping[str, KnownBundle] | None = None
    """By run; None: nobody said where bundles are."""
    reports: Mapping[str, KnownReport] = {}


def period(known: Known, span: Span, schedule: Schedule, *, now: datetime, tool_version: str) -> Period:
    """Return what can be said of a span; `now` decides only which nights were due."""
    counts = counts_by_run(known.sightings, known.deviations)
    nights = Nights(known.runs, known.clouds, counts, known.bundles, known.reports)
    scopes = scope_nights(nights, span, schedule, now)
    lines = deviation_lines(known.runs, known.sightings, known.deviations, span)
    inside = tuple(run for run in known.runs if begins(span) <= run.as_of < ends(span))
    return Period(
        span=span,
        schedule=schedule,
        written=now,
        tool_version=tool_version,
        scopes=scopes,
        deviations=lines,
        times=times_to_fix(lines, span),
        criteria=criterion_lines(inside, known.reports),
        waivers=waiver_lines(inside, known.reports),
        reports=sum(run.run_id in known.reports for run in inside),
        runs=len(inside),
        notes=tuple(_notes(known, scopes, inside)),
    )


def _notes(known: Known, scopes: Sequence[ScopeNights], inside: Sequence[KnownRun]) -> list[str]:
    notes = []
    if not scopes:
        notes.append("The history holds no run up to the end of the period: nothing is known.")
    for scope in scopes:
        missing = scope.count(NightState.MISSING)
        incomplete = scope.count(NightState.INCOMPLETE)
        if missing:
            notes.append(f"`{scope.scope}`: of {scope.expected} nights that were due, without a run: {missing}.")
        if incomplete:
            notes.append(f"`{scope.scope}`: of {scope.expected} nights that were due, incomplete: {incomplete}.")
    without = len(inside) - sum(run.run_id in known.reports for run in inside)
    if without and inside:
        notes.append(
            f"Of {without} of {len(inside)} runs no report was found: their program version, rules, waivers and what "
            "was not read are unknown."
        )
    files = sum(known.reports[r.run_id].source not in ("", LIVE) for r in inside if r.run_id in known.reports)
    if files:
        notes.append(
            f"Of {len(inside)} runs, judged from a file and not from what was live: {files}. A file shows less; such a "
            "run is complete for its input only."
        )
    notes += _bundle_notes(known, inside)
    return notes


def _bundle_notes(known: Known, inside: Sequence[KnownRun]) -> list[str]:
    if known.bundles is None:
        return ["Nobody said where evidence bundles are; whether nights can be replayed is unknown."] if inside else []
    notes = []
    damaged = [b for b in known.bundles.values() if b.kept is Kept.DAMAGED]
    notes += [f"The bundle of run `{b.run_id}` is damaged: {b.detail}." for b in damaged[:_SHOWN]]
    strangers = sorted(set(known.bundles) - {run.run_id for run in known.runs})
    if strangers:
        few = ", ".join(f"`{name}`" for name in strangers[:_SHOWN])
        notes.append(f"Bundles of {len(strangers)} runs that the history does not hold up to then: {few}.")
    notes += [_broken(bundle) for bundle in _breaks(known.bundles.values())[:_SHOWN]]
    return notes


def _breaks(bundles: Iterable[KnownBundle]) -> list[KnownBundle]:
    """Return bundles that should name one before them and do not, or name one that is not here."""
    chained = [bundle for bundle in bundles if bundle.manifest_sha256 is not None]
    digests = {bundle.manifest_sha256 for bundle in chained}
    first = {place: min(b.run_id for b in chained if b.place == place) for place in {b.place for b in chained}}
    followers = sorted((b for b in chained if b.run_id != first[b.place]), key=lambda b: b.run_id)
    return [bundle for bundle in followers if bundle.previous_sha256 not in digests]


def _broken(bundle: KnownBundle) -> str:
    named = f"names `{bundle.previous_sha256[:16]}…`, which is not here" if bundle.previous_sha256 else "names none"
    return f"The chain of bundles breaks at run `{bundle.run_id}`: of the bundle before, it {named}."
