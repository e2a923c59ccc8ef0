"""What `permissions aws`, `permissions gcp` and `permissions azure` have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from scanner.cli.console import say

if TYPE_CHECKING:
    from scanner.app.permissions.aws import TierLine

terraform_option = click.option(
    "--format",
    "form",
    type=click.Choice(("json", "terraform")),
    default="json",
    show_default=True,
    help="json: for the cloud's own command line; terraform: with the assignment.",
)
without_tiers_option = click.option(
    "--quiet", "-q", is_flag=True, help="Do not say on standard error which rules each tier buys."
)


def say_tiers(lines: Iterable[TierLine]) -> None:
    """Say on standard error which rules each tier buys."""
    say("rules that each --tier lets judge; a tier includes those before it:")
    for line in lines:
        say(f"{line.tier}: {len(line.rules)} rules{': ' if line.rules else ''}{', '.join(line.rules)}")
