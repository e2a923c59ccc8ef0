"""`porter-audit baseline list|show|import|lint|diff`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.console import emit, say
from scanner.cli.options import DEFAULT_BASELINE

if TYPE_CHECKING:
    from scanner.app.baselines.shipped import Form

_format = click.option("--format", "as_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
_cloud = click.option("--cloud", type=click.Choice(["aws", "gcp", "azure"]), default="aws", show_default=True)


@click.group()
def baseline() -> None:
    """List, show, import, check and compare documented versions."""


@baseline.command("list")
@_format
def list_(as_format: str) -> None:
    """List the documented versions that ship with the product."""
    from scanner.app.baselines.shipped import baselines_json, list_baselines

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
@click.option("--cloud", type=click.Choice(["aws", "gcp", "azure", "services"]), default="aws", show_default=True)
@click.option(
    "--format", "as_format", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True
)
def show(name: str, cloud: str, as_format: Form) -> None:
    """Show a documented version: each identity, who may use it, what it holds, and where that was read.

    ARNs stand as on the page; what the page leaves open is a variable in braces. `--cloud services` is what is
    documented of services' own identities and of porter.yaml. `--format yaml` is a whole file of the format, to start a
    documented version of your own from.
    """
    from scanner.app.baselines.shipped import show_baseline

    emit(show_baseline(name, as_format, cloud=cloud))


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
    from scanner.app.baselines.notes import import_lines
    from scanner.app.baselines.page_import import ImportOptions, import_page
    from scanner.app.exit_codes import CLEAN, USAGE

    del cloud  # pages of the other clouds have no inventory to import
    options = ImportOptions(page, name, based_on, out, url, retrieved.date() if retrieved else None, partial)
    result = import_page(options, datetime.now(UTC).date())
    for line in import_lines(result):
        say(line)
    if result.text is not None and out is None:
        emit(result.text)
    return CLEAN if result.complete else USAGE


_LINT_HELP = """Check a documented version: what cannot work, adds nothing, contradicts itself, is too wide or too old.

Every finding names the document and line of the claim it is about.

\b
Exit codes:
  0  nothing at or above --fail-on (default: none, so findings never fail)
  1  a finding at or above --fail-on
  3  the version cannot be found or loaded
"""


@baseline.command("lint", help=_LINT_HELP)
@click.argument("name", metavar="[NAME|PATH]", default=DEFAULT_BASELINE)
@click.option(
    "--cloud", type=click.Choice(["aws", "gcp", "azure", "services"]), help="Only this part. Default: all there are."
)
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "high", "medium", "low", "info", "none"]),
    default="none",
    show_default=True,
    help="Exit 1 at a finding of this severity or above.",
)
@click.option("--as-of", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="Today, for the age of documents.")
@click.option(
    "--max-age-days",
    metavar="DAYS",
    type=click.IntRange(min=1),
    default=180,
    show_default=True,
    help="Age from which the newest document is called stale.",
)
@_format
def lint(name: str, cloud: str | None, fail_on: str, as_of: datetime | None, max_age_days: int, as_format: str) -> int:
    """Print the findings and return the exit code."""
    from scanner.app.baselines.lint import lint_baseline, lint_json, lint_text, reached
    from scanner.app.exit_codes import CLEAN, FINDINGS

    day = (as_of or datetime.now(UTC)).date()
    results = lint_baseline(name, cloud=cloud, as_of=day, max_age_days=max_age_days)
    emit(lint_json(results, day) if as_format == "json" else lint_text(results))
    return FINDINGS if reached(results, fail_on) else CLEAN


_DIFF_HELP = """Say what a newer documented version adds or takes away, compared with an older one.

AWS roles are compared by the access engine, as sets of requests; each difference comes with an example request.

\b
Exit codes:
  0  compared, whatever the difference
  1  with --fail-on-added: the newer version grants more, or that could not be decided
  3  a version cannot be found or loaded
"""


@baseline.command("diff", help=_DIFF_HELP)
@click.argument("before", metavar="OLDER")
@click.argument("after", metavar="NEWER")
@click.option("--cloud", type=click.Choice(["aws", "gcp", "azure"]), help="Only this cloud's part. Default: all.")
@click.option("--fail-on-added", is_flag=True, help="Exit 1 if the newer version documents more access.")
@click.option(
    "--format", "as_format", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
def diff(before: str, after: str, cloud: str | None, fail_on_added: bool, as_format: str) -> int:
    """Print the difference and return the exit code."""
    from scanner.app.baselines.diff import diff_baselines, diff_json, diff_markdown, diff_text, grants_more
    from scanner.app.exit_codes import CLEAN, FINDINGS

    results = diff_baselines(before, after, cloud=cloud)
    emit({"text": diff_text, "markdown": diff_markdown, "json": diff_json}[as_format](results))
    return FINDINGS if fail_on_added and grants_more(results) else CLEAN
