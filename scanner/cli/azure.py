"""The Azure commands: `scan azure`, `collect azure`, `doctor azure`, `permissions azure`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from scanner.cli import options as shared
from scanner.cli.collecting import out_option, quiet_option, run_collect
from scanner.cli.config_option import ConfiguredCommand
from scanner.cli.console import emit
from scanner.cli.diagnosing import run_doctor
from scanner.cli.permitting import say_tiers, terraform_option, without_tiers_option
from scanner.cli.scanning import EXIT_CODES, ScanArguments, judged_by_options, outcome_options, run_scan
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.app.sources.azure import AzureOptions

_TIERS = ("porter-only", "account", "org", "graph")
_CLOUDS = ("public", "usgovernment", "china")
_HELP = """Judge Azure subscriptions and their Entra tenant: does Porter have only what Porter documents?

\b
Without credentials, from files that you can read first, in one directory:
  az role assignment list --all > assignments.json
  az role definition list --custom-role-only > definitions.json
  az ad sp list --display-name azure-porter > principals.json
  az ad app list --display-name azure-porter > applications.json
  porter-audit scan azure --from DIRECTORY
Live, read-only (see `porter-audit permissions azure`):
  porter-audit scan azure --subscription ID --out report
"""

azure_options = shared.stack(
    click.option("--subscription", "subscriptions", metavar="ID", multiple=True, help="Subscription. Repeatable."),
    click.option("--management-group", metavar="ID", help="Read all subscriptions below it, one after the other."),
    click.option("--tenant", metavar="ID", help="Tenant to sign in to. Default: that of the credentials."),
    click.option("--azure-cloud", type=click.Choice(_CLOUDS), help="National cloud. Default: public."),
)


def azure_source(
    subscriptions: tuple[str, ...],
    management_group: str | None,
    tenant: str | None,
    azure_cloud: str | None,
    *,
    file: Path | None = None,
) -> AzureOptions:
    """Return where to read; raises `UsageError` on options that contradict each other."""
    from scanner.app.sources.azure import AzureOptions

    live_only = {
        "--subscription": subscriptions,
        "--management-group": management_group,
        "--tenant": tenant,
        "--azure-cloud": azure_cloud,
    }
    for option, value in live_only.items():
        if file is not None and value:
            raise UsageError(f"`{option}` and `--from` do not go together: a file is read without credentials")
    if subscriptions and management_group:
        raise UsageError("`--subscription` and `--management-group` do not go together")
    return AzureOptions(
        subscriptions=subscriptions, management_group=management_group, tenant=tenant, cloud=azure_cloud or "public"
    )


@click.command("azure", cls=ConfiguredCommand, help=_HELP, epilog=EXIT_CODES)
@shared.source_option(
    "Judge a file instead of live subscriptions: a snapshot of `collect`, an evidence bundle, a directory of what az "
    "prints, or, before anything exists, a Terraform plan as JSON."
)
@judged_by_options
@azure_options
@outcome_options
def scan_azure_command(
    subscriptions: tuple[str, ...],
    management_group: str | None,
    tenant: str | None,
    azure_cloud: str | None,
    **given: Unpack[ScanArguments],
) -> int:
    """Judge Azure subscriptions by a documented version and return the exit code."""
    live = azure_source(subscriptions, management_group, tenant, azure_cloud, file=given["source"])
    return run_scan("azure", live, given)


@click.command("azure")
@out_option
@azure_options
@shared.presence_option
@shared.allow_incomplete_option
@quiet_option
def collect_azure_command(
    out: Path,
    subscriptions: tuple[str, ...],
    management_group: str | None,
    tenant: str | None,
    azure_cloud: str | None,
    presence: str,
    allow_incomplete: bool,
    quiet: bool,
) -> int:
    """Read Azure subscriptions into a snapshot; `porter-audit scan azure --from FILE` judges it."""
    from scanner.app.collect import CollectOptions

    live = azure_source(subscriptions, management_group, tenant, azure_cloud)
    return run_collect(CollectOptions(live, out, presence=presence, allow_incomplete=allow_incomplete), quiet=quiet)


@click.command("azure")
@azure_options
def doctor_azure_command(
    subscriptions: tuple[str, ...], management_group: str | None, tenant: str | None, azure_cloud: str | None
) -> int:
    """Try every read a scan makes: who am I, what can I read, which rules are lost, which command mends it.

    Exit 0: a scan can be complete; 2: something it requires cannot be read.
    """
    return run_doctor(azure_source(subscriptions, management_group, tenant, azure_cloud))


@click.command("azure")
@click.option(
    "--tier",
    type=click.Choice(_TIERS),
    default="graph",
    show_default=True,
    help="How much the reader may see; each tier includes those before it.",
)
@terraform_option
@without_tiers_option
def permissions_azure_command(tier: str, form: str, quiet: bool) -> None:
    """Print the custom role and the Microsoft Graph permissions that let a scan read, and nothing else.

    They are made from the same list of calls that the program itself is held to. The part `roleDefinition` is what
    `az role definition create --role-definition FILE` reads.
    """
    from scanner.app.permissions.azure import azure_role_json, azure_tier_lines
    from scanner.app.permissions.files import terraform_azure

    emit(azure_role_json(tier) if form == "json" else terraform_azure(tier))
    if not quiet:
        say_tiers(azure_tier_lines())
