"""`porter-audit diff` and `porter-audit history show|rebuild`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli.console import emit, one_line, say

if TYPE_CHECKING:
    from scanner.app.nights import ChangeLine, RunDiffLine

_PATH = click.Path(path_type=Path)
_as_format = click.option(
    "--format", "as_format", type=click.Choice(["text", "json"]), default="text", show_default=True
)

_DIFF_HELP = """Say what changed from A to B: two reports (report.json, or a bundle), or with --history two runs by id.

\b
  porter-audit diff monday/report.json tuesday/report.json
What B could not read is never called fixed.

\b
Exit codes:
  0  nothing changed
  1  something did
  3  a report or history that cannot be read
"""


@click.command(help=_DIFF_HELP)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--history", "file", metavar="FILE", type=_PATH, help="Take A and B as runs of this history.")
@_as_format
def diff(before: str, after: str, file: Path | None, as_format: str) -> int:
    """Print the differences and return the exit code."""
    from scanner.app.exit_codes import CLEAN, FINDINGS
    from scanner.app.nights import diff_reports, diff_runs

    if file is not None:
        runs = diff_runs(file, before, after)
        _print([_as_object(line) for line in runs], [_run_line(line) for line in runs], as_format)
        return FINDINGS if runs else CLEAN
    lines = diff_reports(Path(before), Path(after))
    _print([_as_object(line) for line in lines], [_change_line(line) for line in lines], as_format)
    return FINDINGS if lines else CLEAN


def _as_object(line: ChangeLine | RunDiffLine) -> dict[str, object]:
    return {name: getattr(line, name) for name in line.__struct_fields__}


def _change_line(line: ChangeLine) -> str:
    what = f"{line.subject}: {line.title}  ({line.finding_id})"
    return f"{line.delta:<18}  {line.severity:<8}  {line.rule_id:<15}  {what}"


def _run_line(line: RunDiffLine) -> str:
    moved = f"{line.before or 'absent'} -> {line.after or 'absent'}" + (", other content" if line.changed else "")
    return f"{moved}  {line.rule_id:<15}  {line.subject}: {line.title}"


def _print(objects: list[dict[str, object]], lines: list[str], as_format: str) -> None:
    if as_format == "json":
        emit(json.dumps(objects, sort_keys=True, ensure_ascii=True, indent=2) + "\n")
        return
    emit("".join(one_line(line) + "\n" for line in lines))
    if not lines:
        say("nothing changed")


@click.group()
def history() -> None:
    """Show a history, or make it again from reports."""


@history.command()
@click.argument("file", metavar="FILE", type=_PATH)
@click.option("--last", metavar="N", type=click.IntRange(min=1), default=30, show_default=True, help="How many nights.")
@_as_format
def show(file: Path, last: int, as_format: str) -> None:
    """Show the nights of a history, the newest first: the answer, the exit code, what was not read, what changed."""
    from scanner.app.nights import delta_words
    from scanner.app.nights import show as read

    lines = read(file, last)
    if as_format == "json":
        made = [{**_plain(line), "as_of": line.as_of.isoformat()} for line in lines]
        emit(json.dumps(made, sort_keys=True, ensure_ascii=True, indent=2) + "\n")
        return
    for line in lines:
        changes = ", ".join(f"{count} {delta_words(delta)}" for delta, count in line.deltas.items()) or "no deviation"
        unread = f", {line.unread} units not read" if line.unread else ""
        night = f"{line.as_of:%Y-%m-%d %H:%M}Z  {line.run_id}  {' '.join(line.scopes)}  {line.baseline}"
        emit(one_line(f"{night}  as documented: {line.as_documented}{unread}, exit {line.exit_code}; {changes}") + "\n")
    if not lines:
        say("no nights yet")


def _plain(line: object) -> dict[str, object]:
    return {name: getattr(line, name) for name in line.__struct_fields__}  # type: ignore[attr-defined]


@history.command()
@click.argument("file", metavar="FILE", type=_PATH)
@click.argument("reports", metavar="REPORT...", type=_PATH, nargs=-1, required=True)
def rebuild(file: Path, reports: tuple[Path, ...]) -> None:
    """Make a history again from reports (report.json, or bundles), in the order of their time.

    FILE must not exist; it appears when it is whole.
    """
    from scanner.app.nights import rebuild as run

    nights = run(file, list(reports))
    say(f"wrote {file}: {nights} nights")
