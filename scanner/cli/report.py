"""`porter-audit report`."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.console import emit, say, use_color, width
from scanner.cli.reporting import Printing, check

_HELP = """Make reports again, in any format, from an evidence bundle or a report.json.

\b
  porter-audit report nights/bundle-01a2018f --format html,sarif,oscal --out reports
  porter-audit report nights/bundle-01a2018f --format binder --out audit-2026
It is the report as it was made, not a new judgement; `porter-audit scan --from BUNDLE` judges again. A bundle's files
are held against its manifest first; who signed it is asked by `porter-audit verify`.

\b
The binder is a folder per control of one framework: cover page, results, populations with their counts, and raw
answers drawn as a sample that anybody can draw again. It holds evidence for controls; nothing in it says that a
control is met.
"""


@click.command(help=_HELP)
@click.argument("source", metavar="BUNDLE|REPORT", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "formats",
    metavar="LIST",
    help="Formats of a scan, and binder; comma-separated. Default: terminal, and with --out DIR html and json.",
)
@click.option("--out", metavar="DIR|-", help="Directory for the files, or - for one format on standard output.")
@click.option(
    "--oscal-version",
    type=click.Choice(("1.1.2", "1.2.1")),
    default="1.1.2",
    show_default=True,
    help="Version that the format oscal names.",
)
@click.option(
    "--framework",
    metavar="NAME",
    default="soc2",
    show_default=True,
    help="Of the binder: soc2, nist-800-53, iso-27001, cis-aws, cis-gcp or cis-azure.",
)
@click.option(
    "--sample",
    "sample_size",
    metavar="N",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Of the binder: how many results to draw per control and kind of result.",
)
@click.option(
    "--seed",
    metavar="TEXT",
    help="Of the binder: what the sample is drawn with. Default: the hash of the bundle's manifest.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing on standard output.")
@click.option("--verbose", "-v", is_flag=True, help="Print every finding in full, passes too.")
@click.option("--no-color", is_flag=True, help="Print without colour; NO_COLOR does the same.")
def report(
    source: Path,
    formats: str | None,
    out: str | None,
    oscal_version: str,
    framework: str,
    sample_size: int,
    seed: str | None,
    quiet: bool,
    verbose: bool,
    no_color: bool,
) -> None:
    """Render what was asked for and say where it is."""
    from scanner.app.binder import BinderOptions, prepare_binder, write_binder
    from scanner.app.outputs import prepare, terminal_text
    from scanner.app.report_cmd import open_report, plan_report, render_as, write_report

    printing = check(Printing(quiet=quiet, verbose=verbose, no_color=no_color))
    plan = plan_report(formats, out)
    binder = BinderOptions(framework=framework, sample_size=sample_size, seed=seed)
    if plan.binder:
        prepare_binder(binder)
    prepare(plan.outputs)
    opened = open_report(source)
    made: tuple[Path, ...] = ()
    if plan.binder and plan.outputs.directory is not None:
        made = (write_binder(opened, binder, plan.outputs.directory),)
    written = (*write_report(opened.report, plan.outputs, oscal_version), *made)
    if plan.outputs.stdout is not None:
        emit(render_as(opened.report, plan.outputs.stdout, oscal_version))
    if plan.outputs.terminal and not printing.quiet:
        color = use_color(printing.no_color)
        emit(terminal_text(opened.report, width=width(), color=color, verbose=printing.verbose))
    if not printing.quiet:
        for path in written:
            say(f"wrote {path}")
