"""`porter-audit baseline list|show`."""

from __future__ import annotations

import click

from scanner.cli.console import emit
from scanner.cli.options import DEFAULT_BASELINE

_format = click.option("--format", "as_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
_cloud = click.option("--cloud", type=click.Choice(["aws", "gcp", "azure"]), default="aws", show_default=True)


@click.group()
def baseline() -> None:
    """List and show documented versions."""


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
