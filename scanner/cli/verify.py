"""`porter-audit verify`."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.console import emit, one_line

_EPILOG = """\b
Exit codes:
  0  everything that was checked holds
  3  usage, or a key that cannot be used
  5  something does not hold; the file is named
"""


@click.command(epilog=_EPILOG)
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The signer's public key, from the signer and not from the bundle.",
)
@click.option("--hashes-only", is_flag=True, help="Check an unsigned bundle: whole, but from anybody.")
@click.option(
    "--review-key",
    "review_keys",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A reviewer's public key: a review by it must be there and hold. Repeatable.",
)
@click.option(
    "--tsa-cert",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Root certificate of the authority whose time stamp must be there and hold.",
)
@click.option(
    "--previous",
    metavar="BUNDLE",
    type=click.Path(path_type=Path),
    help="The bundle before the first; several BUNDLEs must follow each other.",
)
def verify(
    bundles: tuple[Path, ...],
    key: Path | None,
    hashes_only: bool,
    review_keys: tuple[Path, ...],
    tsa_cert: Path | None,
    previous: Path | None,
) -> int:
    """Check evidence bundles: hashes, nothing extra or missing, signature, chain of nights, counts, reviews.

    With --review-key alone a reviewed file or directory that is no bundle, such as a period report, is checked too.
    Works offline and runs nothing of the bundle. What a signature does not prove: that the program that collected
    told the truth. `porter-audit replay` judges the evidence again.
    """
    from scanner.app.verify import exit_code, lines
    from scanner.app.verify import verify as run

    done = run(
        bundles, key=key, hashes_only=hashes_only, previous=previous, review_keys=review_keys, tsa_cert=tsa_cert
    )
    for made in done:
        for line in lines(made):
            emit(f"{one_line(line)}\n")
    return exit_code(done)
