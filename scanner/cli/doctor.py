"""`porter-audit doctor aws`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scanner.cli import options as shared
from scanner.cli.aws import aws_source
from scanner.cli.azure import doctor_azure_command
from scanner.cli.console import emit, one_line
from scanner.cli.gcp import doctor_gcp_command

if TYPE_CHECKING:
    from scanner.app.doctor import Diagnosis, Reading


@click.group()
def doctor() -> None:
    """Say who you are, what can be read, and what mends the rest."""


@doctor.command()
@shared.aws_options
def aws(profile: str | None, regions: str | None, assume_role: str | None, assume_external_id: str | None) -> int:
    """Try every read a scan makes: who am I, what can I read, which rules are lost, which command mends it.

    Exit 0: a scan can be complete; 2: something it requires cannot be read.
    """
    from scanner.app.doctor import diagnose
    from scanner.cli.progress import progress_bar

    source = aws_source(profile, regions, assume_role, assume_external_id)
    with progress_bar(enabled=True) as progress:
        diagnosis = diagnose(source, progress=progress)
    emit("".join(f"{one_line(line)}\n" if line.strip() else "\n" for line in lines_of(diagnosis)))
    return diagnosis.exit_code


def lines_of(diagnosis: Diagnosis) -> list[str]:
    """Return a diagnosis as lines for people, of any cloud."""
    caller = diagnosis.caller
    lines = [f"account  {diagnosis.account}", f"reader   {caller.principal if caller else 'not known'}", ""]
    for reading in diagnosis.readings:
        lines += _reading(reading)
    return [*lines, "", *(f"-> {line}" for line in diagnosis.advice)]


def _reading(reading: Reading) -> list[str]:
    if not reading.failed:
        return [f"read      {reading.kind} ({', '.join(reading.apis)})"]
    head = "NOT READ " if reading.required else "not read "
    lines = [f"{head} {reading.kind} ({', '.join(reading.apis)})"]
    lines += [f"          {phrase}" for phrase in reading.failed]
    if reading.lost_rules:
        lines.append(f"          no verdict from: {', '.join(reading.lost_rules)}")
    if reading.weakened_rules:
        lines.append(f"          no pass from: {', '.join(reading.weakened_rules)}")
    return lines


doctor.add_command(doctor_gcp_command)
doctor.add_command(doctor_azure_command)
