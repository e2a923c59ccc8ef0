"""The GCP commands: `scan gcp`, `collect gcp`, `doctor gcp`, `permissions gcp`."""

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
    from scanner.app.sources.gcp import GcpOptions

_TIERS = ("project", "ancestors")
_HELP = """Judge GCP projects: does Porter have only what Porter documents?

\b
Without credentials, from files that you can read first:
  gcloud projects get-iam-policy PROJECT --format=json > policy.json
  gcloud iam service-accounts list --project=PROJECT --format=json > accounts.json
  porter-audit scan gcp --from DIRECTORY
Live, read-only (see `porter-audit permissions gcp`):
  porter-audit scan gcp --project PROJECT --out report
"""

gcp_options = shared.stack(
    click.option("--project", "projects", metavar="ID", multiple=True, help="Project to read. Repeatable."),
    click.option("--folder", metavar="NUMBER", help="Read all projects below a folder, one after the other."),
    click.option("--organization", metavar="NUMBER", help="Read all projects of an organization."),
    click.option("--impersonate", metavar="EMAIL", help="Service account to read as."),
    click.option("--quota-project", metavar="ID", help="Project whose quota the reading counts against."),
)


def gcp_source(
    projects: tuple[str, ...],
    folder: str | None,
    organization: str | None,
    impersonate: str | None,
    quota_project: str | None,
    *,
    file: Path | None = None,
) -> GcpOptions:
    """Return where to read; raises `UsageError` on options that contradict each other."""
    from scanner.app.sources.gcp import GcpOptions

    scopes = {"--project": projects, "--folder": folder, "--organization": organization}
    named = [option for option, value in scopes.items() if value]
    others = {"--impersonate": impersonate, "--quota-project": quota_project}
    if file is not None:
        for option in (*named, *(option for option, value in others.items() if value)):
            raise UsageError(f"`{option}` and `--from` do not go together: a file is read without credentials")
    if len(named) > 1:
        raise UsageError(f"`{named[0]}` and `{named[1]}` do not go together")
    for option in ("--folder", "--organization"):
        value = scopes[option]
        if value and not str(value).isdigit():
            raise UsageError(f"`{option}` takes a number, not `{str(value)[:60]}`")
    return GcpOptions(
        projects=projects,
        folder=folder,
        organization=organization,
        impersonate=impersonate,
        quota_project=quota_project,
    )


@click.command("gcp", cls=ConfiguredCommand, help=_HELP, epilog=EXIT_CODES)
@shared.source_option(
    "Judge a file instead of live projects: a snapshot of `collect`, an evidence bundle, a directory of what gcloud "
    "prints, or, before anything exists, a Terraform plan as JSON."
)
@judged_by_options
@gcp_options
@outcome_options
def scan_gcp_command(
    projects: tuple[str, ...],
    folder: str | None,
    organization: str | None,
    impersonate: str | None,
    quota_project: str | None,
    **given: Unpack[ScanArguments],
) -> int:
    """Judge GCP projects by a documented version and return the exit code."""
    live = gcp_source(projects, folder, organization, impersonate, quota_project, file=given["source"])
    return run_scan("gcp", live, given)


@click.command("gcp")
@out_option
@gcp_options
@shared.presence_option
@shared.allow_incomplete_option
@quiet_option
def collect_gcp_command(
    out: Path,
    projects: tuple[str, ...],
    folder: str | None,
    organization: str | None,
    impersonate: str | None,
    quota_project: str | None,
    presence: str,
    allow_incomplete: bool,
    quiet: bool,
) -> int:
    """Read GCP projects into a snapshot; `porter-audit scan gcp --from FILE` judges it."""
    from scanner.app.collect import CollectOptions

    live = gcp_source(projects, folder, organization, impersonate, quota_project)
    return run_collect(CollectOptions(live, out, presence=presence, allow_incomplete=allow_incomplete), quiet=quiet)


@click.command("gcp")
@gcp_options
def doctor_gcp_command(
    projects: tuple[str, ...],
    folder: str | None,
    organization: str | None,
    impersonate: str | None,
    quota_project: str | None,
) -> int:
    """Try every read a scan makes: who am I, what can I read, which rules are lost, which command mends it.

    Exit 0: a scan can be complete; 2: something it requires cannot be read.
    """
    return run_doctor(gcp_source(projects, folder, organization, impersonate, quota_project))


@click.command("gcp")
@click.option(
    "--tier",
    type=click.Choice(_TIERS),
    default="project",
    show_default=True,
    help="project: a custom role of the project; ancestors: of the organization, folders and their policies too.",
)
@terraform_option
@without_tiers_option
def permissions_gcp_command(tier: str, form: str, quiet: bool) -> None:
    """Print the custom role that lets a scan read, and nothing else.

    It is made from the same list of calls that the program itself is held to:
    `gcloud iam roles create porterAuditRead --project=PROJECT --file=FILE` reads it.
    """
    from scanner.app.permissions.files import terraform_gcp
    from scanner.app.permissions.gcp import gcp_role_json, gcp_tier_lines, known_gcp_tier

    emit(gcp_role_json(tier) if form == "json" else terraform_gcp(known_gcp_tier(tier)))
    if not quiet:
        say_tiers(gcp_tier_lines())
