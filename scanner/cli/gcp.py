"""The GCP commands: `scan gcp`, `collect gcp`, `doctor gcp`, `permissions gcp`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scanner.cli import options as shared
from scanner.cli.console import emit, one_line, say
from scanner.cli.exit_codes import table
from scanner.cli.reporting import Printing, check, deliver, rule_error_line
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.app.gcp_source import GcpOptions

F = TypeVar("F", bound=Callable[..., Any])
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
_EPILOG = f"""\b
Exit codes, strongest first when several hold (4, 3, 1, 2, 0):
{table()}
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
    from scanner.app.gcp_source import GcpOptions

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


@click.command("gcp", help=_HELP, epilog=_EPILOG)
@click.option(
    "--from",
    "source",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Judge a file instead of live projects: a snapshot of `collect`, or a directory of what gcloud prints.",
)
@click.option(
    "--require",
    type=click.Choice(["live"]),
    help="Treat what a file cannot show as not read (exit 2) instead of not asked.",
)
@shared.baseline_option
@shared.param_option
@gcp_options
@shared.presence_option
@shared.gate_options
@shared.allow_incomplete_option
@shared.output_options
@click.option("--as-of", metavar="TIME", type=shared.moment, help="Judge as if it were this time (RFC 3339).")
def scan_gcp_command(
    source: Path | None,
    require: str | None,
    baseline: str,
    params: tuple[str, ...],
    projects: tuple[str, ...],
    folder: str | None,
    organization: str | None,
    impersonate: str | None,
    quota_project: str | None,
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
    """Judge GCP projects by a documented version and return the exit code."""
    from scanner.app.outputs import plan_outputs, prepare
    from scanner.app.params import parse_parameters
    from scanner.app.scan_gcp import GcpScanOptions, scan_gcp
    from scanner.cli.progress import progress_bar

    printing = check(Printing(quiet=quiet, verbose=verbose, no_color=no_color))
    plan = plan_outputs(formats, out)
    parsed = GcpScanOptions(
        baseline=baseline,
        source=source,
        gcp=gcp_source(projects, folder, organization, impersonate, quota_project, file=source),
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
        outcome = scan_gcp(parsed, progress=progress, on_rule_error=rule_error_line)
    deliver(outcome.report, plan, printing)
    return outcome.exit_code


@click.command("gcp")
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), required=True, help="Where the snapshot is written."
)
@gcp_options
@shared.presence_option
@shared.allow_incomplete_option
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
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
    from scanner.app.collect import summary_lines
    from scanner.app.collect_gcp import collect_projects
    from scanner.cli.progress import progress_bar

    source = gcp_source(projects, folder, organization, impersonate, quota_project)
    with progress_bar(enabled=not quiet) as progress:
        outcome = collect_projects(source, out, presence=presence, allow_incomplete=allow_incomplete, progress=progress)
    for line in () if quiet else (*summary_lines(outcome.snapshot), f"wrote {out}"):
        say(line)
    return outcome.exit_code


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
    from scanner.app.gcp_reader import diagnose_gcp
    from scanner.cli.doctor import lines_of
    from scanner.cli.progress import progress_bar

    source = gcp_source(projects, folder, organization, impersonate, quota_project)
    with progress_bar(enabled=True) as progress:
        diagnosis = diagnose_gcp(source, progress=progress)
    emit("".join(f"{one_line(line)}\n" if line.strip() else "\n" for line in lines_of(diagnosis)))
    return diagnosis.exit_code


@click.command("gcp")
@click.option(
    "--tier",
    type=click.Choice(_TIERS),
    default="project",
    show_default=True,
    help="project: a custom role of the project; ancestors: of the organization, folders and their policies too.",
)
@click.option("--quiet", "-q", is_flag=True, help="Do not say on standard error which rules each tier buys.")
def permissions_gcp_command(tier: str, quiet: bool) -> None:
    """Print the custom role that lets a scan read, and nothing else.

    It is made from the same list of calls that the program itself is held to:
    `gcloud iam roles create porterAuditRead --project=PROJECT --file=FILE` reads it.
    """
    from scanner.app.gcp_reader import gcp_role_json, gcp_tier_lines

    emit(gcp_role_json(tier))
    if not quiet:
        for line in gcp_tier_lines():
            say(f"{line.tier}: {len(line.rules)} rules{': ' if line.rules else ''}{', '.join(line.rules)}")
