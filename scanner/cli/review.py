"""`porter-audit review`."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.console import emit, say

_DECISIONS = ("approved", "approved_with_exceptions", "rejected")


@click.command()
@click.argument("target", metavar="BUNDLE|FILE|DIR", type=click.Path(path_type=Path))
@click.option(
    "--sign-key",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="The reviewer's own private key, of `porter-audit keygen`; never the one that signs bundles.",
)
@click.option("--reviewer", metavar="NAME", required=True, help="Who reviewed: a name or an e-mail address.")
@click.option("--decision", type=click.Choice(_DECISIONS), required=True, help="What was decided.")
@click.option("--ticket", "tickets", metavar="URL|ID", multiple=True, help="Where it is followed up. Repeatable.")
@click.option("--comment", metavar="TEXT", default="", help="What was looked at, and which exceptions were accepted.")
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Public key of who made the bundle: check its signature first. Without it only its hashes are checked.",
)
def review(
    target: Path,
    sign_key: Path,
    reviewer: str,
    decision: str,
    tickets: tuple[str, ...],
    comment: str,
    key: Path | None,
) -> None:
    """Sign a run, a period report or a roll-up as its reviewer.

    The review is a second signature over the same manifest (of a file or a directory: over its hashes), written
    beside it. A scan shows what access there is; that a person looked at it is another fact, and this is its record.
    `porter-audit verify --review-key` checks it.
    """
    from scanner.app.review import ReviewOptions
    from scanner.app.review import review as run
    from scanner.app.run_facts import now

    made = run(ReviewOptions(target, sign_key, reviewer, decision, tickets, comment, key), now=now)
    if made.kind == "run" and not made.signature_checked:
        say("the bundle is whole; who made it was not checked, give --key for that")
    say(f"wrote {made.path}")
    emit(f"{made.key_id}\n")
