"""How long evidence is kept: which bundles lose their raw answers, and which are replaced by a tombstone. Pure."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from scanner.errors import UsageError

ADVISED_MONTHS = 13
"""Twelve months that an observation window may have, and one to spare."""
_AGE = re.compile(r"([1-9][0-9]{0,3})\s*([dmy])\Z")
_OLDEST_YEAR = 1970


class Holding(str, Enum):
    """What a bundle's directory holds."""

    WHOLE = "whole"
    DIGEST_ONLY = "digest-only"
    REMOVED = "removed"


class Action(str, Enum):
    """What is to be done with a bundle."""

    KEEP = "keep"
    DROP_EVIDENCE = "drop evidence"
    REMOVE = "remove"


class Age(msgspec.Struct, frozen=True):
    """A time to keep something for."""

    months: int
    days: int
    words: str


class Held(msgspec.Struct, frozen=True):
    """One bundle of a directory."""

    run_id: str
    ended: datetime
    holding: Holding
    bytes: int
    unfinished: bool = False
    """A prune was interrupted: files are left that its tombstone says are gone."""


class Retention(msgspec.Struct, frozen=True):
    """One bundle and what is to be done with it."""

    held: Held
    action: Action


def parse_age(text: str) -> Age:
    """Return what `13m`, `400d` or `2y` means; raises `UsageError`."""
    found = _AGE.match(text.strip().lower())
    if found is None:
        raise UsageError(f"`{text[:40]}` is not a time to keep", advice="give 13m (months), 400d (days) or 2y (years)")
    number, unit = int(found.group(1)), found.group(2)
    months = number * {"d": 0, "m": 1, "y": 12}[unit]
    return Age(months, number if unit == "d" else 0, f"{number}{unit}")


def before(moment: datetime, age: Age) -> datetime:
    """Return the moment an age before another, by the calendar: a month before 31 March is the end of February.

    Raises `UsageError` if that is before 1970.
    """
    months = moment.year * 12 + moment.month - 1 - age.months
    year, month = divmod(months, 12)
    if year < _OLDEST_YEAR:
        raise UsageError(f"`{age.words}` is longer than there have been bundles")
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day) - timedelta(days=age.days)


def plan(held: Sequence[Held], *, now: datetime, keep: Age, keep_evidence: Age) -> tuple[Retention, ...]:
    """Return what is to be done with each bundle, the oldest first.

    Raises `UsageError` where a clock must be wrong: a bundle of the future, or not one that would be left whole.
    """
    remove, reduce = before(now, keep), before(now, keep_evidence)
    if reduce < remove:
        raise UsageError("evidence cannot be kept longer than its bundle", advice="give --keep-evidence below --keep")
    _check_clock(held, now, remove)
    ordered = sorted(held, key=lambda h: (h.ended, h.run_id))
    return tuple(Retention(h, _action(h, remove, reduce)) for h in ordered)


def _check_clock(held: Sequence[Held], now: datetime, remove: datetime) -> None:
    newest = max(held, key=lambda h: (h.ended, h.run_id), default=None)
    if newest is None:
        return
    if newest.ended > now:
        raise UsageError(
            f"bundle of run `{newest.run_id}` ended {newest.ended:%Y-%m-%d %H:%M}Z, after the clock of this machine "
            f"({now:%Y-%m-%d %H:%M}Z)",
            advice="nothing was touched; set the clock right",
        )
    if newest.ended < remove:
        raise UsageError(
            f"every bundle is older than is kept, the newest is of {newest.ended:%Y-%m-%d}: the clock of this machine "
            f"({now:%Y-%m-%d}) may be wrong",
            advice="nothing was touched; the newest bundle is the end of the chain and always stays",
        )


def _action(held: Held, remove: datetime, reduce: datetime) -> Action:
    if held.ended < remove:
        return Action.KEEP if held.holding is Holding.REMOVED and not held.unfinished else Action.REMOVE
    if held.ended < reduce and held.holding is not Holding.REMOVED:
        return Action.KEEP if held.holding is Holding.DIGEST_ONLY and not held.unfinished else Action.DROP_EVIDENCE
    if held.unfinished:
        return Action.REMOVE if held.holding is Holding.REMOVED else Action.DROP_EVIDENCE
    return Action.KEEP
