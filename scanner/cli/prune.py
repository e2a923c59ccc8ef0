"""`porter-audit prune`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.cli import options as shared
from scanner.cli.console import emit, one_line, say

if TYPE_CHECKING:
    from scanner.app.prune import RetentionLine

_PATH = click.Path(path_type=Path)

_HELP = """Apply retention to the evidence bundles in DIR. Without --apply it only says what it would do.

\b
Two steps, both by the time a run ended:
  --keep-evidence AGE  drops a bundle's raw answers; report, manifest and signature stay (digest-only)
  --keep AGE           drops the rest
Each leaves a tombstone with the digest of the manifest, so that `verify` still sees an unbroken chain of nights
and an auditor sees which nights can be judged again. The newest bundle always stays. The history is not touched.

\b
Exit codes:
  0  done, or nothing to do
  3  usage, a clock that must be wrong, or tombstones that would not be signed though bundles are
  4  something could not be removed; run it again
  5  a bundle is not what its manifest says; it was left alone
"""


@click.command(help=_HELP)
@click.argument("directory", metavar="DIR", type=_PATH)
@click.option("--keep", metavar="AGE", default="13m", show_default=True, help="400d, 13m or 2y.")
@click.option("--keep-evidence", metavar="AGE", help="Drop raw answers earlier than the rest. Default: as --keep.")
@click.option("--apply", "apply_it", is_flag=True, help="Really do it.")
@click.option("--sign-key", metavar="FILE", type=_PATH, help="Sign the tombstones; needed where bundles are signed.")
@click.option(
    "--key", metavar="FILE", type=_PATH, help="Public key that signed the bundles, if not the one of --sign-key."
)
@click.option("--as-of", metavar="TIME", type=shared.moment, help="As if it were this time (RFC 3339), never later.")
def prune(
    directory: Path,
    keep: str,
    keep_evidence: str | None,
    apply_it: bool,
    sign_key: Path | None,
    key: Path | None,
    as_of: datetime | None,
) -> int:
    """Do it, print a line for each bundle, and return the exit code."""
    from scanner.app.exit_codes import CLEAN, MISMATCH
    from scanner.app.prune import PruneOptions
    from scanner.app.prune import prune as run

    options = PruneOptions(directory, keep, keep_evidence, apply_it, sign_key, key, as_of)
    pruned = run(options, now=datetime.now(UTC))
    emit("".join(_line(made, apply_it) for made in pruned.done))
    for warning in pruned.warnings:
        say(f"warning: {warning}")
    for problem in pruned.damaged:
        say(f"porter-audit: {problem}")
    hint = "" if apply_it or not pruned.done else "; nothing was touched, --apply does it"
    say(f"{len(pruned.done)} bundles {'pruned' if apply_it else 'to prune'}, {pruned.kept} kept{hint}")
    return MISMATCH if pruned.damaged else CLEAN


def _line(made: RetentionLine, applied: bool) -> str:
    held = made.held
    what = f"{held.ended:%Y-%m-%d %H:%M}Z  {held.run_id}  {held.bytes:,} bytes"
    return one_line(f"{'done' if applied else 'would'}: {made.action.value:<13}  {what}") + "\n"
