"""Print and write the report of a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from scanner.cli.console import emit, say, use_color, width
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.app.bundle import BundlePlan
    from scanner.app.outputs import OutputPlan
    from scanner.app.scan import ScanOutcome
    from scanner.model.report import Report


class Printing(NamedTuple):
    """How much to print, and how."""

    quiet: bool
    verbose: bool
    no_color: bool


def check(printing: Printing) -> Printing:
    """Return the same, or raise `UsageError` if it contradicts itself."""
    if printing.quiet and printing.verbose:
        raise UsageError("`--quiet` and `--verbose` do not go together")
    return printing


def deliver(report: Report, plan: OutputPlan, printing: Printing) -> tuple[Path, ...]:
    """Write the files of a plan, print what belongs on standard output, and return the files' paths."""
    from scanner.app.outputs import render, terminal_text, write_files

    written = write_files(report, plan)
    if plan.stdout is not None:
        emit(render(report, plan.stdout))
    if plan.terminal and not printing.quiet:
        color = use_color(printing.no_color)
        emit(terminal_text(report, width=width(), color=color, verbose=printing.verbose))
    if not printing.quiet:
        for path in written:
            say(f"wrote {path}")
    return written


def deliver_bundle(outcome: ScanOutcome, plan: BundlePlan | None, printing: Printing) -> Path | None:
    """Write the bundle, if one is planned, say where it is and return its path."""
    if plan is None:
        return None
    from scanner.app.bundle import write

    path = write(outcome, plan)
    if not printing.quiet:
        say(f"wrote {path}")
    return path


def deliver_stamp(bundle: Path | None, plan: BundlePlan | None, printing: Printing) -> None:
    """Have the bundle stamped, if an authority was named, and say where the stamp is."""
    if bundle is None or plan is None or plan.tsa_url is None:
        return
    from scanner.app.timestamp import stamp

    path = stamp(bundle, plan.tsa_url)
    if not printing.quiet:
        say(f"wrote {path}")


def rule_error_line(rule_id: str, error: Exception) -> None:
    """Say that a rule raised; the report names it too, and the run ends with 4."""
    say(f"rule {rule_id} failed: {type(error).__name__}: {error}")
    if os.environ.get("PORTER_AUDIT_DEBUG"):
        from scanner.cli.console import say_trace

        say_trace(error)
