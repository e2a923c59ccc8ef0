"""`porter-audit keygen`."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.console import emit, say


@click.command()
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default="porter-audit.key",
    show_default=True,
    help="Where the private key is written; the public key goes beside it, with .pub added.",
)
def keygen(out: Path) -> None:
    """Make a pair of Ed25519 keys that sign evidence bundles.

    Keep the private key where only the scan can read it. Give the public key to those who will check bundles, by
    another way than the bundles themselves: a key that comes with what it signs proves nothing.
    """
    from scanner.app.keys import new_key

    made = new_key(out)
    say(f"wrote {made.private}: keep it secret")
    say(f"wrote {made.public}: give it to those who verify")
    emit(f"{made.key_id}\n")
