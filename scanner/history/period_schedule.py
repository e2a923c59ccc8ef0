"""When runs are expected: nights of a span, UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from scanner.errors import UsageError
from scanner.model.common import check_moments
from scanner.model.period import Schedule, Span

NIGHTLY = "nightly"
_EVERY = re.compile(r"every\s+([1-9][0-9]{0,3})\s*(h|d|hours?|days?)\Z")
# Ten years: far more than any audit looks at, and still a page that opens.
MAX_DAYS = 3_660
MAX_SLOTS = 20_000


def parse_schedule(text: str) -> Schedule:
    """Return what `nightly`, `every 12h` or `every 7d` means; raises `UsageError`."""
    words = " ".join(text.lower().split())
    if words == NIGHTLY:
        return Schedule(24, NIGHTLY)
    found = _EVERY.match(words)
    if found is None:
        raise UsageError(f"schedule `{text[:60]}` is not known", advice="give nightly, every 12h or every 7d")
    hours = int(found.group(1)) * (24 if found.group(2).startswith("d") else 1)
    return Schedule(hours, words)


def parse_day(text: str) -> date:
    """Return a date such as 2026-05-31; raises `UsageError`."""
    try:
        day = date.fromisoformat(text)
        check_moments(datetime.combine(day, time.min, UTC))
        return day
    except ValueError:
        raise UsageError(f"`{text[:40]}` is not a date such as 2026-05-31") from None


def span_of(first: date, last: date, schedule: Schedule) -> Span:
    """Return the days from `first` to `last`, both included; raises `UsageError` if there are none, or too many."""
    days = (last - first).days + 1
    if days < 1:
        raise UsageError(f"the last day, {last}, is before the first, {first}")
    if days > MAX_DAYS or days * 24 // schedule.hours > MAX_SLOTS:
        raise UsageError(f"{days:,} days of `{schedule.words}` are more than a report can show")
    return Span(first, last)


def begins(span: Span) -> datetime:
    """Return the first moment of a span."""
    return datetime.combine(span.first, time.min, UTC)


def ends(span: Span) -> datetime:
    """Return the first moment after a span."""
    return datetime.combine(span.last, time.min, UTC) + timedelta(days=1)


def slots(span: Span, schedule: Schedule) -> Iterator[tuple[datetime, datetime]]:
    """Yield begin and end of each slot; the last one may reach beyond the span, and is then cut."""
    start, last = begins(span), ends(span)
    while start < last:
        after = min(start + timedelta(hours=schedule.hours), last)
        yield start, after
        start = after
