"""`porter-audit scan aws`, and the group of all scans."""

from __future__ import annotations

from typing import Unpack

import click

from scanner.cli import options as shared
from scanner.cli.aws import aws_source
from scanner.cli.azure import scan_azure_command
from scanner.cli.config_option import ConfiguredCommand
from scanner.cli.fleet_scan import scan_all_command
from scanner.cli.gcp import scan_gcp_command
from scanner.cli.scanning import EXIT_CODES, ScanArguments, judged_by_options, outcome_options, run_scan


@click.group()
def scan() -> None:
    """Judge an account, live or from a file, against a documented version."""


_HELP = """Judge one AWS account: does Porter have only what Porter documents?

\b
Without credentials, from a file that you can read first:
  aws iam get-account-authorization-details > gaad.json
  porter-audit scan aws --from gaad.json
Live, read-only (see `porter-audit permissions aws`):
  porter-audit scan aws --profile audit --out report
"""


@scan.command("aws", cls=ConfiguredCommand, help=_HELP, epilog=EXIT_CODES)
@shared.source_option(
    "Judge a file instead of the live account: a snapshot of `collect`, an evidence bundle, what "
    "`aws iam get-account-authorization-details` prints (one page or a directory of pages), or, before anything "
    "exists, a CloudFormation template or a Terraform plan as JSON."
)
@click.option(
    "--template-param",
    "template_params",
    metavar="KEY=VALUE",
    multiple=True,
    help="Value of a template's parameter, or of AWS::Region or AWS::StackName. Also KEY=@FILE and KEY=env:NAME; an "
    "ExternalId only so. Repeatable.",
)
@judged_by_options
@shared.aws_options
@shared.cloudtrail_option
@outcome_options
def aws(
    template_params: tuple[str, ...],
    profile: str | None,
    regions: str | None,
    assume_role: str | None,
    assume_external_id: str | None,
    activity_days: int | None,
    **given: Unpack[ScanArguments],
) -> int:
    """Judge one AWS account by a documented version and return the exit code."""
    source = given["source"]
    live = aws_source(
        profile, regions, assume_role, assume_external_id, file=source, activity_days=activity_days
    )
    return run_scan("aws", live, given, template_params=template_params)


scan.add_command(scan_gcp_command)
scan.add_command(scan_azure_command)
scan.add_command(scan_all_command)
