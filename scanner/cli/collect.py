"""`porter-audit collect aws`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from scanner.cli import options as shared
from scanner.cli.aws import aws_source
from scanner.cli.azure import collect_azure_command
from scanner.cli.collecting import out_option, quiet_option, run_collect
from scanner.cli.gcp import collect_gcp_command


@click.group()
def collect() -> None:
    """Only read the account and write a snapshot, to be judged elsewhere."""


@collect.command()
@out_option
@shared.aws_options
@shared.cloudtrail_option
@shared.param_option
@shared.presence_option
@shared.allow_incomplete_option
@quiet_option
def aws(
    out: Path,
    profile: str | None,
    regions: str | None,
    assume_role: str | None,
    assume_external_id: str | None,
    activity_days: int | None,
    params: tuple[str, ...],
    presence: str,
    allow_incomplete: bool,
    quiet: bool,
) -> int:
    """Read one AWS account into a snapshot; `porter-audit scan aws --from FILE` judges it.

    The snapshot holds what AWS answered, redacted: an ExternalId is only a token in it. `--param external_id=@FILE`
    notes beside each token whether it equals the expected value.
    """
    from scanner.app.collect import CollectOptions
    from scanner.app.params import parse_parameters

    options = CollectOptions(
        live=aws_source(profile, regions, assume_role, assume_external_id, activity_days=activity_days),
        out=out,
        parameters=parse_parameters(params, environ=os.environ),
        presence=presence,
        allow_incomplete=allow_incomplete,
    )
    return run_collect(options, quiet=quiet)


collect.add_command(collect_gcp_command)
collect.add_command(collect_azure_command)
