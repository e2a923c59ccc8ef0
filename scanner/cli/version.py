"""`porter-audit version`."""

from __future__ import annotations

import click

from scanner import __version__
from scanner.cli.front import PROGRAM


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"{PROGRAM} {__version__}")
