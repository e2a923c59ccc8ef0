"""`porter-audit doctor aws`."""

from __future__ import annotations

import click

from scanner.cli import options as shared
from scanner.cli.aws import aws_source
from scanner.cli.azure import doctor_azure_command
from scanner.cli.diagnosing import run_doctor
from scanner.cli.gcp import doctor_gcp_command


@click.group()
def doctor() -> None:
    """Say who you are, what can be read, and what mends the rest."""


@doctor.command()
@shared.aws_options
def aws(profile: str | None, regions: str | None, assume_role: str | None, assume_external_id: str | None) -> int:
    """Try every read a scan makes: who am I, what can I read, which rules are lost, which command mends it.

    Exit 0: a scan can be complete; 2: something it requires cannot be read.
    """
    return run_doctor(aws_source(profile, regions, assume_role, assume_external_id))


doctor.add_command(doctor_gcp_command)
doctor.add_command(doctor_azure_command)
