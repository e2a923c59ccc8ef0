"""The Azure commands: `scan azure`, `collect azure`, `doctor azure`, `permissions azure`."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli import options as shared
from scanner.cli.console import emit, one_line, say
from scanner.cli.exit_codes import table
from scanner.cli.reporting import Printing, check, deliver, rule_error_line
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.app.azure_source import AzureOptions

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
_EPILOG = f"""\b
Exit codes, strongest first when several hold (4, 3, 1, 2, 0):
{table()}
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
    from scanner.app.azure_source import AzureOptions

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


@click.command("azure", help=_HELP, epilog=_EPILOG)
@click.option(
    "--from",
    "source",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Judge a file instead of live subscriptions: a snapshot of `collect`, or a directory of what az prints.",
)
@click.option(
    "--require",
    type=click.Choice(["live"]),
    help="Treat what a file cannot show as not read (exit 2) instead of not asked.",
)
@shared.baseline_option
@shared.param_option
@azure_options
@shared.presence_option
@shared.gate_options
@shared.allow_incomplete_option
@shared.output_options
@click.option("--as-of", metavar="TIME", type=shared.moment, help="Judge as if it were this time (RFC 3339).")
def scan_azure_command(
    source: Path | None,
    require: str | None,
    baseline: str,
    params: tuple[str, ...],
    subscriptions: tuple[str, ...],
    management_group: str | None,
    tenant: str | None,
    azure_cloud: str | None,
    presence: str,
    fail_on: str,
    fail_on_posture: str,
    allow_incomplete: bool,
    out: str | None,
    formats: str | None,
    quiet: bool,
    verbose: bool,
    no_color: bool,
    as_of: datetime | None,
) -> int:
    """Judge Azure subscriptions by a documented version and return the exit code."""
    from scanner.app.outputs import plan_outputs, prepare
    from scanner.app.params import parse_parameters
    from scanner.app.scan_azure import AzureScanOptions, scan_azure
    from scanner.cli.progress import progress_bar

    printing = check(Printing(quiet=quiet, verbose=verbose, no_color=no_color))
    plan = plan_outputs(formats, out)
    parsed = AzureScanOptions(
        baseline=baseline,
        source=source,
        azure=azure_source(subscriptions, management_group, tenant, azure_cloud, file=source),
        parameters=parse_parameters(params, environ=os.environ),
        presence=presence,
        require_live=require == "live",
        as_of=as_of,
        fail_on=fail_on,
        fail_on_posture=fail_on_posture,
        allow_incomplete=allow_incomplete,
        argv=tuple(sys.argv[1:]),
    )
    prepare(plan)
    with progress_bar(enabled=not quiet and source is None) as progress:
        outcome = scan_azure(parsed, progress=progress, on_rule_error=rule_error_line)
    deliver(outcome.report, plan, printing)
    return outcome.exit_code


@click.command("azure")
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), required=True, help="Where the snapshot is written."
)
@azure_options
@shared.presence_option
@shared.allow_incomplete_option
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
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
    from scanner.app.azure_source import collect_subscriptions
    from scanner.app.collect import summary_lines
    from scanner.cli.progress import progress_bar

    source = azure_source(subscriptions, management_group, tenant, azure_cloud)
    with progress_bar(enabled=not quiet) as progress:
        outcome = collect_subscriptions(
            source, out, presence=presence, allow_incomplete=allow_incomplete, progress=progress
        )
    for line in () if quiet else (*summary_lines(outcome.snapshot), f"wrote {out}"):
        say(line)
    return outcome.exit_code


@click.command("azure")
@azure_options
def doctor_azure_command(
    subscriptions: tuple[str, ...], management_group: str | None, tenant: str | None, azure_cloud: str | None
) -> int:
    """Try every read a scan makes: who am I, what can I read, which rules are lost, which command mends it.

    Exit 0: a scan can be complete; 2: something it requires cannot be read.
    """
    from scanner.app.azure_reader import diagnose_azure
    from scanner.cli.doctor import lines_of
    from scanner.cli.progress import progress_bar

    source = azure_source(subscriptions, management_group, tenant, azure_cloud)
    with progress_bar(enabled=True) as progress:
        diagnosis = diagnose_azure(source, progress=progress)
    emit("".join(f"{one_line(line)}\n" if line.strip() else "\n" for line in lines_of(diagnosis)))
    return diagnosis.exit_code


@click.command("azure")
@click.option(
    "--tier",
    type=click.Choice(_TIERS),
    default="graph",
    show_default=True,
    help="How much the reader may see; each tier includes those before it.",
)
@click.option("--quiet", "-q", is_flag=True, help="Do not say on standard error which rules each tier buys.")
def permissions_azure_command(tier: str, quiet: bool) -> None:
    """Print the custom role and the Microsoft Graph permissions that let a scan read, and nothing else.

    They are made from the same list of calls that the program itself is held to. The part `roleDefinition` is what
    `az role definition create --role-definition FILE` reads.
    """
    from scanner.app.azure_reader import azure_role_json, azure_tier_lines

    emit(azure_role_json(tier))
    if not quiet:
        for line in azure_tier_lines():
            say(f"{line.tier}: {len(line.rules)} rules{': ' if line.rules else ''}{', '.join(line.rules)}")
