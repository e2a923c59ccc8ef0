"""`porter-audit replay`."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.console import emit, one_line

_EPILOG = """\b
Exit codes:
  0  the same report, byte by byte
  3  usage, or a bundle whose files are not what its manifest says
  5  another report; what differs is named
"""


@click.command(epilog=_EPILOG)
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path))
def replay(bundle: Path) -> int:
    """Judge a bundle's evidence again, offline, and compare the new report with the bundle's.

    No account, credentials or key is needed. Only who, when and where of the run is taken from the bundle; every
    result is found anew from the answers of the cloud and the documented version that the bundle holds. Check the
    signature first, with `porter-audit verify`.
    """
    from scanner.app.exit_codes import CLEAN, MISMATCH
    from scanner.app.replay import replay as run

    done = run(bundle)
    if done.equal:
        emit(f"the same report: {done.findings} findings, report.json equal byte by byte\n")
        return CLEAN
    emit("another report\n")
    for difference in done.differences:
        emit(f"  {one_line(difference)}\n")
    return MISMATCH
