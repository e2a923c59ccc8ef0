"""The period report: from a history, and the bundles or reports beside it, to files for an auditor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import msgspec

from scanner import __version__
from scanner.app.exit_codes import CLEAN, INCOMPLETE
from scanner.app.files import prepare_directory, write_all
from scanner.errors import UsageError
from scanner.history.period import Known, period
from scanner.history.period_schedule import ends, parse_day, parse_schedule, span_of
from scanner.history.period_store import read_known
from scanner.model.period import NightState, Period

HTML, JSON, BINDER = "html", "json", "binder-csv"
FORMATS = (HTML, JSON, BINDER)


class PeriodOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    history: Path
    first: date
    last: date
    out: Path
    schedule: str = "nightly"
    bundles: Path | None = None
    formats: tuple[str, ...] = (HTML, JSON)


class PeriodOutcome(msgspec.Struct, frozen=True):
    """What was found, where it was written, and how the process ends."""

    period: Period
    written: tuple[Path, ...]
    exit_code: int


def period_report(options: PeriodOptions, *, now: datetime) -> PeriodOutcome:
    """Write the report of a span of nights.

    Raises `UsageError` on a span or schedule that cannot be, `HistoryError` if the history cannot be read,
    `InputError` on a directory of bundles that is none, `RenderError` if files cannot be written: then none are.
    """
    schedule = parse_schedule(options.schedule)
    span = span_of(options.first, options.last, schedule)
    known = read_known(options.history, ends(span))
    if options.bundles is not None:
        known = with_bundles(known, options.bundles)
    made = period(known, span, schedule, now=now, tool_version=__version__)
    prepare_directory(options.out)
    files = {options.out / name: data for chosen in options.formats for name, data in rendered(made, chosen)}
    write_all(files)
    return PeriodOutcome(made, tuple(files), exit_code(made))


def with_bundles(known: Known, directory: Path) -> Known:
    """Return what is known together with what a directory of bundles and reports says."""
    from scanner.app.period.bundles import read_evidence

    found = read_evidence(directory)
    return msgspec.structs.replace(known, bundles=found.bundles, reports=found.reports)


def exit_code(made: Period) -> int:
    """Return 2 if a night is missing or incomplete, or nothing is known at all, else 0."""
    whole = made.scopes and not any(s.count(NightState.MISSING, NightState.INCOMPLETE) for s in made.scopes)
    return CLEAN if whole else INCOMPLETE


def summary(made: Period) -> Iterator[str]:
    """Yield a line for each scope, and one if there is none."""
    for scope in made.scopes:
        counts = [f"{scope.count(state)} {state.value}" for state in NightState if state is not NightState.NOT_DUE]
        yield f"{scope.cloud or 'scope'} {scope.scope}: of {scope.expected} nights {', '.join(counts)}"
    if not made.scopes:
        yield "no run is known up to the end of the period"


def parse_formats(text: str) -> tuple[str, ...]:
    """Return the formats of a comma-separated list; raises `UsageError`."""
    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    unknown = next((name for name in names if name not in FORMATS), None)
    if unknown is not None or not names:
        raise UsageError(f"format `{(unknown or '')[:40]}` is unknown", advice=f"known formats: {', '.join(FORMATS)}")
    return names


def rendered(made: Period, chosen: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of a format."""
    if chosen == HTML:
        from scanner.render.html.period import render_period_html

        yield "period-report.html", render_period_html(made)
    elif chosen == JSON:
        from scanner.render.period_json import render_period_json

        yield "period-report.json", render_period_json(made)
    else:
        from scanner.render.period_binder import binder_files

        yield from binder_files(made).items()


__all__ = [
    "FORMATS",
    "PeriodOptions",
    "PeriodOutcome",
    "exit_code",
    "parse_day",
    "parse_formats",
    "period_report",
    "rendered",
    "summary",
    "with_bundles",
]
