"""`porter-audit waivers lint`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from scanner.cli import options as shared
from scanner.cli.console import emit, one_line, say


@click.group()
def waivers() -> None:
    """Check a file of waivers."""


_LINT_HELP = """Check a waivers file: its form, who approved, what has expired or soon will, what is too broad.

\b
An entry:
  schema: porter-audit/waivers/v1
  waivers:
    - id: W-2026-014
      kind: accept                # or false_positive; or ack for a collection gap
      match: {rule_id: AWS-PERM-001, subject: "arn:aws:iam::111122223333:role/porter-manager"}
      ceiling: {content_hash: 64 hex digits, from report.json}
      reason: Needed until the migration in the third quarter is done.
      owner: platform@example.com
      approved_by: security@example.com
      ticket: https://tickets.example.com/SEC-14
      created: 2026-05-01
      expires: 2026-07-31         # to the end of that day, UTC; at most 365 days, critical findings 90
For a gap: match: {unit: "aws/111122223333/*/aws.eks.clusters"} and ceiling: {statuses: [denied]}.

\b
Exit codes:
  0  nothing needs attention
  1  something does
  3  the file is not valid
"""


@waivers.command("lint", help=_LINT_HELP)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--as-of", metavar="TIME", type=shared.moment, help="Judge as if it were this time (RFC 3339).")
def lint(file: Path, as_of: datetime | None) -> int:
    """Print what needs attention and return the exit code."""
    from scanner.app.exit_codes import CLEAN, FINDINGS
    from scanner.app.waivers import lint as check

    found = check(file, as_of or datetime.now(UTC))
    emit("".join(one_line(f"{line.waiver}: {line.note}") + "\n" for line in found.lines))
    said = f"{len(found.lines)} notes" if found.lines else "nothing needs attention"
    say(f"{found.waivers} waivers, {said}")
    return FINDINGS if found.lines else CLEAN
