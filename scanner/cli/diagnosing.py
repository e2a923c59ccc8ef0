"""What `doctor aws`, `doctor gcp` and `doctor azure` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.cli.console import emit, one_line

if TYPE_CHECKING:
    from scanner.app.clouds import LiveOptions
    from scanner.app.doctor import Diagnosis, Reading


def run_doctor(live: LiveOptions) -> int:
    """Try every read, print what came of it, and return the exit code."""
    from scanner.app.doctor import diagnose
    from scanner.cli.progress import progress_bar

    with progress_bar(enabled=True) as progress:
        diagnosis = diagnose(live, progress=progress)
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
