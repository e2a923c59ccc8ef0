"""Tell channels what changed: each by itself, once, and again the next time where it could not be reached."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import assert_never

import msgspec

from scanner.app.exit_codes import CLEAN
from scanner.app.notify.input import Given, read_given
from scanner.app.notify.state import FILE_NAME, only_teller, read_state, write_state
from scanner.app.scrub import hide
from scanner.errors import NotifyError, UsageError
from scanner.model.config import (
    Channel,
    EmailChannel,
    Event,
    GithubChannel,
    SlackChannel,
    SnsChannel,
    TeamsChannel,
    WebhookChannel,
)
from scanner.model.notice import Notice
from scanner.notify.decide import MAX_PENDING, Told, decide
from scanner.notify.http import Sleep, checked_url, refuse, send
from scanner.notify.message import message
from scanner.notify.notice import changes_of, is_incomplete, minimal, notice, triples

NOT_DELIVERED = 6
"""Exit code of `notify` alone: a scan's codes say something of the account, this one says nothing of it."""
_MAX_SECRET_BYTES = 65_536


class NotifyOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    reports: tuple[Path, ...]
    channels: tuple[Channel, ...]
    state: Path = Path(FILE_NAME)
    base: Path = Path()
    """Where `@FILE` of a channel starts from."""
    digest: bool = False
    minimal: bool = False
    dry_run: bool = False


class Delivery(msgspec.Struct, frozen=True):
    """What came of one channel."""

    channel: str
    sent: tuple[Notice, ...] = ()
    problem: str = ""
    """Empty: there is none. What could not be delivered is sent first the next time."""


def notify(options: NotifyOptions, *, now: datetime, sleep: Sleep) -> tuple[Delivery, ...]:
    """Tell each channel what it does not know yet, and remember it channel by channel.

    Raises `UsageError` without channels or while another one runs, `InputError` on a report or state that cannot be
    read. A channel that cannot be reached is told of in its delivery, and the others are told all the same.
    """
    if not options.channels:
        raise UsageError("no channel is given", advice="give --config FILE with `notifications`, or --channel KIND")
    given = read_given(options.reports)
    made = notice(given.reports, given.where, given.gaps)
    if options.dry_run:
        return _told(options, given, made, now, sleep)
    with only_teller(options.state):
        return _told(options, given, made, now, sleep)


def exit_code(deliveries: Sequence[Delivery]) -> int:
    """Return 6 if a channel could not be told, else 0."""
    return NOT_DELIVERED if any(delivery.problem for delivery in deliveries) else CLEAN


def _told(
    options: NotifyOptions, given: Given, made: Notice, now: datetime, sleep: Sleep
) -> tuple[Delivery, ...]:
    state = read_state(options.state)
    hashes = triples(changes_of(given.reports))
    incomplete = bool(given.gaps) or any(is_incomplete(report) for report in given.reports)
    deliveries = []
    for channel in options.channels:
        wanted = (*channel.events, *((Event.DIGEST,) if options.digest else ()))
        before = state.told(channel.name, made.place)
        decision = decide(wanted, made, hashes, before, incomplete=incomplete)
        left = state.left_behind(channel.name, made.place)
        queue = (*left, *before.pending, *((decision.notice,) if decision.notice is not None else ()))
        if channel.minimal or options.minimal:
            queue = tuple(minimal(waiting) for waiting in queue)
        if options.dry_run:
            deliveries.append(Delivery(channel.name, queue))
            continue
        delivery, waiting = _deliver(channel, queue, options, now, sleep)
        deliveries.append(_with_dropped(delivery, len(waiting) - MAX_PENDING))
        state.keep(channel.name, made.place, _after(decision.after, waiting))
        write_state(options.state, state)
    return tuple(deliveries)


def _with_dropped(delivery: Delivery, dropped: int) -> Delivery:
    """Return a delivery that says how many waiting messages nobody will be sent any more."""
    if dropped <= 0:
        return delivery
    problem = f"{delivery.problem}; of what waits, the oldest are given up: {dropped}"
    return msgspec.structs.replace(delivery, problem=problem)


def _after(told: Told, left: Sequence[Notice]) -> Told:
    """Keep what was not delivered; of very much, the newest."""
    return msgspec.structs.replace(told, pending=tuple(left[-MAX_PENDING:]))


def _deliver(
    channel: Channel, queue: Sequence[Notice], options: NotifyOptions, now: datetime, sleep: Sleep
) -> tuple[Delivery, Sequence[Notice]]:
    for number, waiting in enumerate(queue):
        try:
            deliver(channel, waiting, base=options.base, now=now, sleep=sleep, environ=os.environ)
        except NotifyError as error:
            return Delivery(channel.name, tuple(queue[:number]), str(error)), queue[number:]
    return Delivery(channel.name, tuple(queue)), ()


def deliver(
    channel: Channel, told: Notice, *, base: Path, now: datetime, sleep: Sleep, environ: Mapping[str, str]
) -> None:
    """Send one notice to one channel; raises `NotifyError`, whose message holds no secret."""
    name = f"channel `{channel.name}`"

    def secret(reference: str) -> str:
        return read_secret(reference, base, environ, name)

    match channel:
        case SlackChannel():
            from scanner.notify.slack import slack_body

            _post(secret(channel.secret), slack_body(message(told)), {}, name, sleep)
        case TeamsChannel():
            from scanner.notify.teams import teams_body

            _post(secret(channel.secret), teams_body(message(told)), {}, name, sleep)
        case WebhookChannel():
            from scanner.notify.webhook import signed_headers, webhook_body

            url = secret(channel.url) if channel.url.startswith(("env:", "@")) else channel.url
            body = webhook_body(told)
            _post(url, body, signed_headers(body, secret(channel.secret), told.key, now), name, sleep)
        case EmailChannel():
            from scanner.notify.mail import mail, send_mail

            letter = mail(message(told), sender=channel.sender, to=channel.to, now=now, key=told.key)
            password = secret(channel.secret) if channel.secret is not None else None
            send_mail(letter, channel.server, username=channel.username, password=password)
        case SnsChannel():
            from scanner.notify.sns import publish

            publish(channel.topic, message(told), told, profile=channel.profile)
        case GithubChannel():
            from scanner.notify.github import Repository, tell

            api = checked_url(channel.api, name)
            tell(Repository(api, channel.repository, secret(channel.secret), sleep), told)
        case _ as never:
            assert_never(never)


def _post(url: str, body: bytes, headers: Mapping[str, str], name: str, sleep: Sleep) -> None:
    everything = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "porter-audit", **headers}
    refuse(send("POST", checked_url(url, name), body, everything, what=name, sleep=sleep), name)


def read_secret(reference: str, base: Path, environ: Mapping[str, str], name: str) -> str:
    """Return what `env:NAME` or `@FILE` points at; raises `NotifyError` naming the reference, never the value."""
    if reference.startswith("env:"):
        value = environ.get(reference.removeprefix("env:"), "")
    else:
        path = base / reference.removeprefix("@")
        try:
            with path.open(encoding="utf-8") as stream:
                value = stream.read(_MAX_SECRET_BYTES)
        except (OSError, UnicodeDecodeError):
            raise NotifyError(f"{name}: `{reference}` cannot be read") from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise NotifyError(f"{name}: `{reference}` is empty or not set")
    hide(value)
    return value


def shown(told: Notice) -> str:
    """Return a message as text, for `--dry-run`."""
    made = message(told)
    return f"{made.subject}\n{made.text}\n"
