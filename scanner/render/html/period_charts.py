"""Where the marks of the period report's charts stand: numbers only. The template draws them, a table repeats them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import msgspec

from scanner.model.period import DeviationLine, NightLine, NightState, ScopeNights, Span
from scanner.render.text import one_line

CELL, GAP, LABEL, HEAD = 19, 3, 78, 20
_PER_ROW = 31
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 760.0, 150.0, 44.0, 24.0, 10.0
_LIFE_ROW, _LIFE_LEFT, _LIFE_MAX = 19.0, 270.0, 30
_TICKS = 6
_MAX_CELLS = 1_500


class Cell(msgspec.Struct, frozen=True):
    """One night of the calendar."""

    x: int
    y: int
    state: str
    words: str


class Calendar(msgspec.Struct, frozen=True):
    """Nights by month, or in rows where a slot is no day."""

    width: int
    height: int
    heads: tuple[tuple[int, str], ...]
    rows: tuple[tuple[int, str], ...]
    cells: tuple[Cell, ...]
    left_out: int


def calendar(nights: Sequence[NightLine], hours: int) -> Calendar:
    """Return the calendar of one scope: a row for each month of nights, or for each 31 slots."""
    shown = nights[-_MAX_CELLS:]
    places = [_place(number, night, hours) for number, night in enumerate(shown)]
    names = list(dict.fromkeys(row for row, _ in places))
    cells = tuple(
        Cell(LABEL + column * (CELL + GAP), HEAD + names.index(row) * (CELL + GAP), night.state.value, _words(night))
        for (row, column), night in zip(places, shown, strict=True)
    )
    daily = hours == 24
    return Calendar(
        width=LABEL + _PER_ROW * (CELL + GAP),
        height=HEAD + max(1, len(names)) * (CELL + GAP),
        heads=tuple((LABEL + n * (CELL + GAP) + CELL // 2, str(n + 1)) for n in range(0, _PER_ROW, 5)) if daily else (),
        rows=tuple((HEAD + n * (CELL + GAP) + CELL - 5, name) for n, name in enumerate(names)),
        cells=cells,
        left_out=len(nights) - len(shown),
    )


def _place(number: int, night: NightLine, hours: int) -> tuple[str, int]:
    if hours == 24:
        return night.starts.strftime("%b %Y"), night.starts.day - 1
    first = night.starts - timedelta(hours=hours * (number % _PER_ROW))
    return first.strftime("%Y-%m-%d"), number % _PER_ROW


def _words(night: NightLine) -> str:
    return f"{night.starts.strftime('%Y-%m-%d %H:%M')}: {night.state.value.replace('_', ' ')}"


class Bar(msgspec.Struct, frozen=True):
    """One slot: what was open, and whether everything was seen."""

    x: float
    width: float
    y: float
    height: float
    waived_y: float
    waived_height: float
    whole: bool
    missing: bool
    words: str


class Trend(msgspec.Struct, frozen=True):
    """What was open, night by night, over all scopes."""

    width: float
    height: float
    base: float
    left: float
    top: int
    bars: tuple[Bar, ...]
    grid: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]


def trend(scopes: Sequence[ScopeNights], axis: str) -> Trend:
    """Return bars of what was open on an axis. A slot in which a scope could not tell is not whole."""
    slots = list(zip(*(scope.nights for scope in scopes), strict=True))
    slots = [slot for slot in slots if any(night.state is not NightState.NOT_DUE for night in slot)]
    values = [_open(slot, axis) for slot in slots]
    most = max((plain + waived for plain, waived in values), default=0)
    top = _round_up(most)
    base, room = _HEIGHT - _BOTTOM, _HEIGHT - _BOTTOM - _TOP
    step = (_WIDTH - _LEFT) / max(1, len(slots))
    bars = []
    for number, (slot, (plain, waived)) in enumerate(zip(slots, values, strict=True)):
        height, covered = room * plain / top, room * waived / top
        bars.append(
            Bar(
                x=_rounded(_LEFT + number * step + step * 0.12),
                width=_rounded(max(0.8, step * 0.76)),
                y=_rounded(base - height),
                height=_rounded(height),
                waived_y=_rounded(base - height - covered),
                waived_height=_rounded(covered),
                whole=all(night.state is NightState.COMPLETE for night in slot),
                missing=all(night.state is NightState.MISSING for night in slot),
                words=_bar_words(slot, plain, waived),
            )
        )
    return Trend(
        width=_WIDTH,
        height=_HEIGHT,
        base=base,
        left=_LEFT,
        top=most,
        bars=tuple(bars),
        grid=tuple((_rounded(base - room * part), f"{top * part:g}") for part in (0.0, 0.5, 1.0)),
        ticks=_ticks([slot[0].starts for slot in slots], step, _LEFT + step / 2),
    )


def _open(slot: Sequence[NightLine], axis: str) -> tuple[int, int]:
    if axis == "posture":
        return sum(night.risks for night in slot), 0
    return sum(night.deviating for night in slot), sum(night.waived for night in slot)


def _bar_words(slot: Sequence[NightLine], plain: int, waived: int) -> str:
    start = slot[0].starts.strftime("%Y-%m-%d")
    if all(night.state is NightState.MISSING for night in slot):
        return f"{start}: no run"
    whole = all(night.state is NightState.COMPLETE for night in slot)
    return f"{start}: {'' if whole else 'at least '}{plain} open" + (f", {waived} waived" if waived else "")


def _round_up(number: int) -> int:
    """Return a round number, even and not below."""
    for step in (2, 4, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000):
        if number <= step:
            return step
    return number + number % 2


def _ticks(starts: Sequence[datetime], step: float, first: float) -> tuple[tuple[float, str], ...]:
    if not starts:
        return ()
    every = max(1, round(len(starts) / _TICKS))
    return tuple(
        (_rounded(first + n * step), starts[n].strftime("%d %b").lstrip("0")) for n in range(0, len(starts), every)
        if first + n * step < _WIDTH - 18
    )


class Life(msgspec.Struct, frozen=True):
    """One episode of a deviation: drawn through where it was seen, dashed where nobody could tell."""

    x: float
    seen: float
    end: float
    fixed: bool
    """False: it goes on beyond the span."""
    began_before: bool
    """Or nobody knows when it began."""


class LifeRow(msgspec.Struct, frozen=True):
    """One deviation."""

    y: float
    label: str
    severity: str
    state: str
    lives: tuple[Life, ...]
    words: str


class Lives(msgspec.Struct, frozen=True):
    """From first seen to fixed, deviation by deviation."""

    width: float
    height: float
    left: float
    rows: tuple[LifeRow, ...]
    ticks: tuple[tuple[float, str], ...]
    left_out: int


def lives(lines: Sequence[DeviationLine], span: Span) -> Lives:
    """Return the lives of deviations that did not stay as they were: fixed, new or back in the span, first ones first.

    What was there from the first day to the last says nothing in a chart; the table has it.
    """
    start = datetime.combine(span.first, time.min, UTC)
    after = datetime.combine(span.last, time.min, UTC) + timedelta(days=1)
    moved = [line for line in lines if line.state == "fixed" or line.reappeared or _came(line, start)]
    moved.sort(key=lambda line: (line.first_seen, line.deviation.rule_id, line.deviation.subject))
    room = _WIDTH - _LIFE_LEFT - 14
    days = (span.last - span.first).days + 1
    rows = tuple(
        _life_row(line, 8.0 + number * _LIFE_ROW, start, after, room)
        for number, line in enumerate(moved[:_LIFE_MAX])
    )
    every = max(1, round(days / _TICKS))
    marks = [(n, start + timedelta(days=n)) for n in range(0, days, every)]
    return Lives(
        width=_WIDTH,
        height=8.0 + len(rows) * _LIFE_ROW + _BOTTOM,
        left=_LIFE_LEFT,
        rows=rows,
        ticks=tuple((_rounded(_LIFE_LEFT + room * n / days), t.strftime("%d %b").lstrip("0")) for n, t in marks),
        left_out=max(0, len(moved) - _LIFE_MAX),
    )


def _came(line: DeviationLine, start: datetime) -> bool:
    return line.first_seen >= start and not line.on_first_run


def _life_row(line: DeviationLine, y: float, start: datetime, after: datetime, room: float) -> LifeRow:
    def x(moment: datetime) -> float:
        part = (min(max(moment, start), after) - start) / (after - start)
        return _rounded(_LIFE_LEFT + room * part)

    made = tuple(
        Life(
            x=x(episode.opened),
            seen=x(episode.last_seen),
            end=x(episode.fixed) if episode.fixed is not None and episode.fixed < after else x(after),
            fixed=episode.fixed is not None and episode.fixed < after,
            began_before=episode.opened < start or (line.on_first_run and episode is line.episodes[0]),
        )
        for episode in line.episodes
        if episode.fixed is None or episode.fixed >= start
    )
    label = one_line(f"{line.deviation.subject} · {line.deviation.rule_id}", 42)
    return LifeRow(y, label, line.deviation.severity, line.state, made, f"{label}: {line.state.replace('_', ' ')}")


def _rounded(number: float) -> float:
    return round(number, 1)
