"""What `collect aws`, `collect gcp` and `collect azure` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.console import say

if TYPE_CHECKING:
    from scanner.app.collect import CollectOptions

out_option = click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), required=True, help="Where the snapshot is written."
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")


def run_collect(options: CollectOptions, *, quiet: bool) -> int:
    """Read, write the snapshot, say what was read, and return the exit code."""
    from scanner.app.collect import collect, summary_lines
    from scanner.cli.progress import progress_bar

    with progress_bar(enabled=not quiet) as progress:
        outcome = collect(options, progress=progress)
    for line in () if quiet else (*summary_lines(outcome.snapshot), f"wrote {options.out}"):
        say(line)
    return outcome.exit_code
