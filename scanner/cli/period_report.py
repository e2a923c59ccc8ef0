"""`porter-audit period-report`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from scanner.cli import options as shared
from scanner.cli.console import say

_PATH = click.Path(path_type=Path)

_HELP = """Say what a history proves of a span of days: which nights were run, complete, incomplete or missing, what
deviated from when to when, and what the nights were judged by.

\b
  porter-audit period-report --history history.sqlite --from 2026-01-01 --to 2026-06-30 --bundles out --out period
With --bundles DIR (searched three levels deep) it also says which nights can be judged again or are digest-only, and
which program version, rules and waivers were in force. What neither history nor reports hold is said to be unknown.
A night that was missing or incomplete never counts as one on which something was fixed.

\b
Files: period-report.html, period-report.json, and with binder-csv tables for an auditor's binder.
Exit codes:
  0  every night that was due is complete
  2  a night is missing or incomplete; the report is written and names it
  3  usage, or a history that cannot be read
  4  the report could not be written
"""


@click.command("period-report", help=_HELP)
@click.option("--history", metavar="FILE", type=_PATH, required=True, help="History of all nights, as of `scan`.")
@click.option("--from", "first", metavar="DATE", required=True, help="First day, UTC, such as 2026-01-01.")
@click.option("--to", "last", metavar="DATE", required=True, help="Last day, UTC, included.")
@click.option(
    "--schedule",
    metavar="WHEN",
    default="nightly",
    show_default=True,
    help="When a run is due: nightly, every 12h, every 7d.",
)
@click.option("--bundles", metavar="DIR", type=_PATH, help="Where bundles and reports of these nights are.")
@click.option("--out", metavar="DIR", type=_PATH, required=True, help="Directory for the report.")
@click.option("--format", "formats", metavar="LIST", default="html,json", show_default=True, help="Also binder-csv.")
@click.option("--as-of", metavar="TIME", type=shared.moment, help="As if it were written at this time (RFC 3339).")
def period_report(
    history: Path,
    first: str,
    last: str,
    schedule: str,
    bundles: Path | None,
    out: Path,
    formats: str,
    as_of: datetime | None,
) -> int:
    """Write the report, say where it is, and return the exit code."""
    from scanner.app.period.report import PeriodOptions, parse_day, parse_formats, summary
    from scanner.app.period.report import period_report as run

    options = PeriodOptions(
        history=history,
        first=parse_day(first),
        last=parse_day(last),
        out=out,
        schedule=schedule,
        bundles=bundles,
        formats=parse_formats(formats),
    )
    outcome = run(options, now=as_of or datetime.now(UTC))
    for line in summary(outcome.period):
        say(line)
    for path in outcome.written:
        say(f"wrote {path}")
    return outcome.exit_code
