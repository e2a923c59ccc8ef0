"""`porter-audit scan all`: every target of a configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from scanner.app.exit_codes import INTERRUPTED
from scanner.cli.console import emit, say
from scanner.cli.options import DEFAULT_BASELINE
from scanner.cli.scanning import EXIT_CODES

_HELP = """Judge every target of a configuration: accounts, projects, subscriptions, named there or listed by a cloud.

\b
  porter-audit config lint porter-audit.yaml
  porter-audit scan all --config porter-audit.yaml --out nights
Each run makes a directory of its own: index.html and rollup.json for all, targets/NAME/ for each. A target that cannot
be read is incomplete, and the others go on. Broken off, by a crash or a reboot, a run is continued by --resume:
nothing that was finished is read again.
"""


@click.command("all", help=_HELP, epilog=EXIT_CODES)
@click.option(
    "--config",
    "config",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="What to read and how to judge it; see `porter-audit config lint --help`.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where runs go. Default: `outputs.directory` of the configuration.",
)
@click.option(
    "--executor",
    metavar="KIND",
    help="threads:N, dask:local:N (processes on this machine) or dask://HOST:PORT (a Dask scheduler; needs "
    "porter-audit[fleet]). Default: `fleet.executor` of the configuration, threads:8.",
)
@click.option("--resume", is_flag=True, help="Continue the newest run that was broken off.")
@click.option(
    "--metrics",
    "prom",
    metavar="FILE.prom",
    type=click.Path(path_type=Path),
    help="Also write metrics for Prometheus' textfile collector.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on standard output, and no progress.")
def scan_all_command(
    config: Path, out: Path | None, executor: str | None, resume: bool, prom: Path | None, quiet: bool
) -> int:
    """Run the fleet, print the roll-up and return the exit code."""
    from scanner.app.config.read import load_config
    from scanner.app.fleet.lead import INDEX, FleetOptions, run_fleet, summary_text
    from scanner.app.metrics import metrics, write_fleet_metrics
    from scanner.cli.progress import progress_bar

    options = FleetOptions(
        config=load_config(config),
        default_version=DEFAULT_BASELINE,
        directory=out,
        executor=executor,
        resume=resume,
        argv=tuple(sys.argv[1:]),
    )
    try:
        with metrics(prom), progress_bar(enabled=not quiet) as progress:
            outcome = run_fleet(options, warn=say, progress=progress)
            write_fleet_metrics(prom, outcome.rollup)
    except KeyboardInterrupt:
        say("interrupted: --resume continues where it ended")
        _leave(INTERRUPTED)
    if not quiet:
        emit(summary_text(outcome.rollup))
        say(f"wrote {outcome.folder / INDEX}")
    if outcome.abandoned:
        say(f"the time is over: {outcome.abandoned} targets were still being read and are not waited for")
        _leave(outcome.exit_code)
    return outcome.exit_code


def _leave(code: int) -> NoReturn:
    """End the process now: threads that still wait for a cloud would keep it alive after its time is over.

    Everything is written, and the locks are the kernel's.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
