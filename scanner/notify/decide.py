"""Whether a channel is told, and of what: from a notice and what the channel was told before. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from scanner.model.config import Event
from scanner.model.notice import Notice

MAX_PENDING = 20


class Told(msgspec.Struct, frozen=True):
    """What a channel knows of some targets."""

    runs: tuple[str, ...] = ()
    """Of the last notice."""
    key: str = ""
    hashes: tuple[str, ...] = ()
    """One for each change of the last notice."""
    incomplete: bool = False
    week: str = ""
    """ISO week of the last digest."""
    pending: tuple[Notice, ...] = ()
    """What could not be delivered; it is sent first, the next time."""


class Decision(msgspec.Struct, frozen=True):
    """What is sent now, and what the channel knows if all of it arrives."""

    notice: Notice | None
    """None: there is nothing new to tell."""
    after: Told


def decide(
    wanted: Iterable[Event], notice: Notice, hashes: frozenset[str], before: Told, *, incomplete: bool
) -> Decision:
    """Return what a channel is to be told.

    A change is told once: a set that holds nothing beyond the last one is no news. Every incomplete run is told, and
    the first complete one after it, whatever the channel asks for.
    """
    events = []
    same_runs = notice.runs == before.runs
    if Event.CHANGES in wanted and hashes - set(before.hashes):
        events.append(Event.CHANGES)
    if incomplete and not (same_runs and before.incomplete):
        events.append(Event.INCOMPLETE)
    if before.incomplete and not incomplete:
        events.append(Event.RECOVERY)
    week = week_of(notice.as_of)
    if Event.DIGEST in wanted and week != before.week:
        events.append(Event.DIGEST)
    after = Told(
        runs=notice.runs,
        key=notice.key,
        hashes=tuple(sorted(hashes)),
        incomplete=incomplete,
        week=week if Event.DIGEST in events else before.week,
    )
    told = msgspec.structs.replace(notice, events=tuple(event.value for event in events)) if events else None
    return Decision(told, after)


def week_of(moment: datetime) -> str:
    """Return the ISO week, for example `2026-W21`."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"
