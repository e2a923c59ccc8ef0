"""`porter-audit baseline list|show|import|lint|diff`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from scanner.cli.console import emit, say
from scanner.cli.options import DEFAULT_BASELINE

_format = click.option("--format", "as_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
_cloud = click.option("--cloud", type=click.Choice(["aws", "gcp", "azure"]), default="aws", show_default=True)


@click.group()
def baseline() -> None:
    """List, show, import, check and compare documented versions."""


@baseline.command("list")
@_format
def list_(as_format: str) -> None:
    """List the documented versions that ship with the product."""
    from scanner.app.baselines import baselines_json, list_baselines

    lines = list_baselines()
    if as_format == "json":
        emit(baselines_json(lines))
        return
    for line in lines:
        same = f", the same as {line.same_as}" if line.same_as else ""
        emit(f"{line.id}  {line.cloud}  {line.counted}{same}  {line.title}\n")
        emit(f"    {line.publication.rstrip('.')}; read {line.retrieved}\n")


@baseline.command()
@click.argument("name", metavar="[NAME|PATH]", default=DEFAULT_BASELINE)
@_cloud
@_format
def show(name: str, cloud: str, as_format: str) -> None:
    """Show a documented version: each identity, who may use it, what it holds, and where that was read.

    ARNs stand as on the page; what the page leaves open is a variable in braces.
    """
    from scanner.app.baselines import show_baseline

    emit(show_baseline(name, as_json=as_format == "json", cloud=cloud))


_IMPORT_HELP = """Turn a saved documentation page into a documented version's file.

The page may be plain text as copied from a browser, Markdown, MDX, HTML, or hold JSON policy documents: its
content tells. Every part that was not understood is listed with its line.

\b
Exit codes:
  0  the whole inventory was understood
  3  a role, table or row is missing or was not understood; nothing is written unless --partial is given
"""


@baseline.command("import", help=_IMPORT_HELP)
@click.argument("page", type=click.Path(path_type=Path))
@click.option("--cloud", type=click.Choice(["aws"]), default="aws", show_default=True, help="Whose inventory it is.")
@click.option("--name", metavar="VENDOR@VERSION", help="Name of the result. Default: that of --based-on.")
@click.option(
    "--based-on",
    metavar="NAME|PATH",
    help="Earlier version: what no page says (risk notes, contradictions, wording, provenance) is taken from it.",
)
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="File to write. Default: standard output.")
@click.option("--url", metavar="URL", help="Where the page was published.")
@click.option(
    "--retrieved", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="When it was saved. Default: today."
)
@click.option("--partial", is_flag=True, help="Give the file although parts of the page were not understood.")
def import_(
    page: Path,
    cloud: str,
    name: str | None,
    based_on: str | None,
    out: Path | None,
    url: str | None,
    retrieved: datetime | None,
    partial: bool,
) -> int:
    """Read the page, print or write the file, and return the exit code."""
    from scanner.app.baseline_import import ImportOptions, import_page
    from scanner.app.baseline_notes import import_lines
    from scanner.app.exit_codes import CLEAN, USAGE

    del cloud  # pages of the other clouds have no inventory to import
    options = ImportOptions(page, name, based_on, out, url, retrieved.date() if retrieved else None, partial)
    result = import_page(options, datetime.now(UTC).date())
    for line in import_lines(result):
        say(line)
    if result.text is not None and out is None:
        emit(result.text)
    return CLEAN if result.complete else USAGE
