"""`porter-audit notify`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scanner.cli.console import emit, one_line, say
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.model.config import Channel

_PATH = click.Path(path_type=Path)
_KINDS = ("slack", "teams", "webhook", "email", "sns", "github")

_HELP = """Tell people what changed, from reports that are there already. A scan itself tells nobody.

\b
  porter-audit notify out/report.json --config porter-audit.yaml
  porter-audit notify out/report.json --channel slack --secret env:SLACK_URL
REPORT is a report.json, a bundle, or the rollup.json of a fleet; several are told as one.

\b
Told once: what is new, worse, back, better, fixed, or no longer waived. Identical deviations in many accounts are one.
Told always: every incomplete run, and the first complete one after it. With --digest: how things stand, once a week.
What a channel was told is remembered in --state; what could not be delivered is sent first the next time.

\b
Kinds of --channel, and what each needs:
  slack, teams   --secret       where the address of the webhook is (it is the secret)
  webhook        --url --secret an https address; the body is signed with HMAC-SHA256 (X-Porter-Audit-Signature-256)
  email          --server --sender --to, and --username --secret if the server asks; TLS unless it is this machine
  sns            --topic        needs sns:Publish on it: the only writing call, by a client of its own
  github         --repository --secret   a token that may write issues; one issue for each deviation, kept up to date

\b
Exit codes:
  0  everybody was told, or there was nothing to tell
  3  usage, configuration, or a report that cannot be read
  6  a channel could not be told; says nothing of the account
"""


@click.command(help=_HELP)
@click.argument("reports", metavar="REPORT...", type=_PATH, nargs=-1, required=True)
@click.option("--config", "config", metavar="FILE", type=_PATH, help="porter-audit.yaml with `notifications`.")
@click.option("--channel", "kind", type=click.Choice(_KINDS), help="One channel, without a configuration.")
@click.option("--url", metavar="URL", help="https address, or where one is: env:NAME, @FILE.")
@click.option("--secret", metavar="env:NAME|@FILE", help="Where the secret is; never the secret itself.")
@click.option("--server", metavar="HOST:PORT", help="SMTP server.")
@click.option("--sender", metavar="ADDRESS", help="From whom mail comes.")
@click.option("--to", metavar="ADDRESS", multiple=True, help="To whom mail goes. Repeatable.")
@click.option("--username", metavar="NAME", help="User of the SMTP server.")
@click.option("--topic", metavar="ARN", help="SNS topic.")
@click.option("--repository", metavar="OWNER/NAME", help="Repository on GitHub.")
@click.option("--api", metavar="URL", help="Address of a GitHub Enterprise Server's API.")
@click.option("--state", metavar="FILE", type=_PATH, help="What was told. Default: beside --config, else here.")
@click.option("--digest", is_flag=True, help="Also tell how things stand, once in each week.")
@click.option("--minimal", is_flag=True, help="Counts and rules only: no ARNs, names or ids of accounts.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send and remember nothing.")
def notify(
    reports: tuple[Path, ...],
    config: Path | None,
    kind: str | None,
    state: Path | None,
    digest: bool,
    minimal: bool,
    dry_run: bool,
    **channel: Any,
) -> int:
    """Tell the channels, print a line for each, and return the exit code."""
    from scanner.app.notify.state import FILE_NAME
    from scanner.app.notify.tell import NotifyOptions, exit_code, shown
    from scanner.app.notify.tell import notify as run

    channels, base = _channels(config, kind, channel)
    options = NotifyOptions(
        reports=reports,
        channels=channels,
        state=state or base / FILE_NAME,
        base=base,
        digest=digest,
        minimal=minimal,
        dry_run=dry_run,
    )
    deliveries = run(options, now=datetime.now(UTC), sleep=time.sleep)
    for done in deliveries:
        if dry_run:
            texts = [shown(told) for told in done.sent]
            emit("".join(f"{one_line(line)}\n" for text in texts for line in (f"# {done.channel}", *text.splitlines())))
        if done.problem:
            say(f"porter-audit: not delivered: {done.problem}; it is sent first the next time")
        else:
            say(f"{done.channel}: {_counted(len(done.sent), dry_run)}")
    return exit_code(deliveries)


def _counted(number: int, dry_run: bool) -> str:
    if not number:
        return "nothing new to tell"
    return f"{number} message{'s' if number > 1 else ''} {'would be ' if dry_run else ''}sent"


def _channels(config: Path | None, kind: str | None, given: dict[str, Any]) -> tuple[tuple[Channel, ...], Path]:
    from scanner.app.config.read import load_config
    from scanner.app.notify.channel import one_channel

    named = [name for name, value in given.items() if value]
    if config is not None:
        if kind is not None or named:
            raise UsageError("`--config` names the channels; leave out --channel and its options")
        loaded = load_config(config)
        return loaded.config.notifications.channels, loaded.path.parent
    if kind is None:
        raise UsageError("no channel is given", advice="give --config FILE with `notifications`, or --channel KIND")
    return (one_channel(kind, {name: given[name] for name in named}),), Path()
