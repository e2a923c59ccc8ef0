"""`porter-audit permissions aws`."""

from __future__ import annotations

import click

from scanner.cli.azure import permissions_azure_command
from scanner.cli.console import emit
from scanner.cli.gcp import permissions_gcp_command
from scanner.cli.permitting import say_tiers, without_tiers_option

_TIERS = ("porter-only", "account", "org", "activity")
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


@click.group()
def permissions() -> None:
    """Print the read-only policy a scan needs."""


@permissions.command()
@click.option(
    "--tier",
    type=click.Choice(_TIERS),
    default="account",
    show_default=True,
    help="How much the reader may see; each tier includes those before it.",
)
@click.option("--partition", type=click.Choice(_PARTITIONS), default="aws", show_default=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(("json", "cloudformation", "terraform")),
    default="json",
    show_default=True,
    help="json: the policy alone; the others make the role too, and find the partition themselves.",
)
@without_tiers_option
def aws(tier: str, partition: str, form: str, quiet: bool) -> None:
    """Print the IAM policy that lets a scan read, and nothing else.

    It is made from the same list of calls that the program itself is held to. The policy goes to standard output,
    so that it can be piped; which rules each tier buys goes to standard error.
    """
    from scanner.app.permissions.aws import known_tier, policy_json, tier_lines
    from scanner.app.permissions.files import cloudformation, terraform_aws

    if form == "json":
        emit(policy_json(tier, partition=partition))
    else:
        emit({"cloudformation": cloudformation, "terraform": terraform_aws}[form](known_tier(tier)))
    if not quiet:
        say_tiers(tier_lines())


permissions.add_command(permissions_gcp_command)
permissions.add_command(permissions_azure_command)
