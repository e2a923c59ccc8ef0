"""Options that several commands share, and the parsing of their values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from scanner.app.gates import GATES
from scanner.errors import UsageError
from scanner.model.common import check_moments

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_BASELINE: Final = "porter@2026-05"
PRESENCE: Final = ("expected", "absent", "unknown")


def stack(*decorators: Callable[[Any], Any]) -> Callable[[F], F]:
    """Return one decorator that applies several; help lists the options in the order given."""

    def apply(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


def source_option(help_text: str, *, required: bool = False) -> Callable[[F], F]:
    """Return the option `--from`. Given twice it is refused: of two files the last alone would be judged."""
    return click.option(
        "--from",
        "source",
        metavar="PATH",
        type=click.Path(path_type=Path),
        multiple=True,
        callback=_only_one,
        required=required,
        help=help_text,
    )


def _only_one(_ctx: click.Context, _param: click.Parameter, given: tuple[Path, ...]) -> Path | None:
    if len(given) > 1:
        raise UsageError("`--from` is given twice: put the pages of one export into one directory")
    return given[0] if given else None


def moment(text: str) -> datetime:
    """Return a point in time written in RFC 3339 form, in UTC; fails as a usage error.

    Without an offset it would mean another moment on another machine.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"`{text}` is not a time such as 2026-05-01T00:00:00Z") from None
    if when.tzinfo is None:
        raise click.BadParameter(f"`{text}` has no time zone; write 2026-05-01T00:00:00Z")
    try:
        check_moments(when)
    except ValueError as error:
        raise click.BadParameter(f"`{text}` is {error}") from None
    return when.astimezone(UTC)


baseline_option = click.option(
    "--baseline",
    "baseline",
    metavar="NAME|PATH",
    default=DEFAULT_BASELINE,
    show_default=True,
    help="Documented version to judge by: vendor@version, or a file of your own.",
)

param_option = click.option(
    "--param",
    "params",
    metavar="KEY=VALUE",
    multiple=True,
    help="Value the documents leave open. Also KEY=@FILE and KEY=env:NAME; external_id only so. Repeatable.",
)

aws_options = stack(
    click.option("--profile", metavar="NAME", help="AWS profile to read with."),
    click.option(
        "--regions", metavar="A,B", help="Regions to read. Default: all that are enabled in the account's partition."
    ),
    click.option("--assume-role", metavar="ARN", help="Role to assume for reading."),
    click.option(
        "--assume-external-id",
        metavar="FILE|env:NAME",
        help="ExternalId for --assume-role, from a file or the environment.",
    ),
)

cloudtrail_option = click.option(
    "--cloudtrail",
    "activity_days",
    metavar="DAYS",
    type=click.IntRange(1, 90),
    help="Also look through CloudTrail's event history of so many days for sessions and changes of Porter's roles.",
)

presence_option = click.option(
    "--presence",
    type=click.Choice(PRESENCE),
    default="unknown",
    show_default=True,
    help="Whether Porter is expected in this account.",
)

gate_options = stack(
    click.option(
        "--fail-on",
        type=click.Choice(GATES),
        default="high",
        show_default=True,
        help="Exit 1 at undocumented access of this severity or above.",
    ),
    click.option(
        "--fail-on-posture",
        type=click.Choice(GATES),
        default="none",
        show_default=True,
        help="Exit 1 at documented but dangerous access of this severity or above.",
    ),
)

allow_incomplete_option = click.option(
    "--allow-incomplete", is_flag=True, help="Exit 0 instead of 2 although something was not read."
)

waivers_option = click.option(
    "--waivers",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What somebody accepted, and until when (see `porter-audit waivers lint --help`).",
)

history_options = stack(
    click.option(
        "--history",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="History of all nights, made if there is none: what is new, worse, fixed or back since the run before.",
    ),
    click.option(
        "--ratchet",
        is_flag=True,
        help="Exit 1 only at what is new, worse, back, or whose waiver is over; needs --history or --previous.",
    ),
)

output_options = stack(
    click.option("--out", metavar="DIR|-", help="Directory for report files, or - for one format on standard output."),
    click.option(
        "--format",
        "formats",
        metavar="LIST",
        help="terminal, html, pdf, json, sarif, ocsf, oscal, csv, csv-excel, junit, markdown; comma-separated. "
        "pdf needs Chromium. Default: terminal, and with --out DIR html and json.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Print nothing on standard output, and no progress."),
    click.option("--verbose", "-v", is_flag=True, help="Print every finding in full, passes too."),
    click.option("--no-color", is_flag=True, help="Print without colour; NO_COLOR does the same."),
)

bundle_options = stack(
    click.option(
        "--bundle",
        type=click.Choice(["full", "shareable"]),
        help="Also write an evidence bundle into --out DIR: every answer, every input, hashes. shareable: only what "
        "results rest on.",
    ),
    click.option(
        "--sign-key",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Sign the bundle with a key of `porter-audit keygen`; without --bundle a full one.",
    ),
    click.option(
        "--tsa-url",
        metavar="URL",
        help="Have a time stamp authority (RFC 3161) stamp the bundle; only the hash of its manifest is sent. "
        "Default: nobody is asked.",
    ),
    click.option(
        "--previous",
        metavar="PATH",
        type=click.Path(path_type=Path),
        help="The run before: its bundle, which a bundle made now names (default: the newest in --out DIR). "
        "`scan` compares with it too, or with a report.json.",
    ),
)


def split_list(text: str | None) -> tuple[str, ...]:
    """Return the parts of a comma-separated option, without blanks; None and nothing are empty."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
