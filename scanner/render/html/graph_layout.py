"""Where the boxes and lines of the trust graph stand: three columns, each box near those it is tied to."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scanner.render.html.graph_ways import RANK, End, Way

_WIDTH = 1080
_BOX = 260
_COLUMNS = (0, 410, 820)
_TALL, _SHORT = 42, 28
_GAP, _NARROW_GAP = 10, 5
_TOP = 34
_LABEL_CHARS = 31
_DETAIL_CHARS = 38
MANY = 24
"""Above this many identities their boxes have one line each."""


class Box(msgspec.Struct, frozen=True):
    """One box with its texts, cut to fit; `full` is all of it."""

    x: int
    y: int
    height: int
    label: str
    detail: str
    full: str
    tone: str
    link: str


class Curve(msgspec.Struct, frozen=True):
    """One line."""

    path: str
    tone: str
    full: str


class Figure(msgspec.Struct, frozen=True):
    """A drawing in its own units."""

    width: int
    height: int
    box_width: int
    heads: tuple[tuple[int, str], ...]
    curves: tuple[Curve, ...]
    boxes: tuple[Box, ...]


def layout(middle: Sequence[End], ways: Sequence[Way], links: dict[End, str]) -> Figure:
    """Return the drawing of `ways` around the identities of `middle`; same arguments, same drawing."""
    inner = set(middle)
    incoming = [way for way in ways if way.end in inner]
    outgoing = [way for way in ways if way.start in inner and way.end not in inner]
    height, step = (_SHORT, _SHORT + _NARROW_GAP) if len(middle) > MANY else (_TALL, _TALL + _GAP)
    order = _by_source(middle, incoming)
    rows = {end: float(_TOP + height // 2 + number * step) for number, end in enumerate(order)}
    last = max(rows.values(), default=0.0)
    left = _beside([(way.start, rows[way.end]) for way in incoming if way.start not in inner], last)
    right = _beside([(way.end, rows[way.start]) for way in outgoing], last)
    columns = [{end: round(at) for end, at in column.items()} for column in (left, rows, right)]
    curves = [_curve(way, columns[0], columns[1], 0) for way in incoming if way.start in left]
    curves += [_curve(way, columns[1], columns[2], 1) for way in outgoing]
    boxes = [
        _box(end, number, at, height if number == 1 else _TALL, _tone(end, ways, number == 0), links.get(end, ""))
        for number, column in enumerate(columns)
        for end, at in column.items()
    ]
    heads = ("Who can come in", "Identity", "What it reaches")
    return Figure(
        width=_WIDTH,
        height=max((box.y + box.height for box in boxes), default=_TOP) + 4,
        box_width=_BOX,
        heads=tuple(zip(_COLUMNS, heads, strict=True)),
        curves=tuple(sorted(curves, key=lambda c: RANK[c.tone])),
        boxes=tuple(boxes),
    )


def _by_source(middle: Sequence[End], incoming: Sequence[Way]) -> list[End]:
    """Return identities with those together that the same source reaches; the given order decides between equals."""
    place = {end: number for number, end in enumerate(middle)}
    first: dict[End, int] = {}
    sources: dict[End, int] = {}
    for way in sorted(incoming, key=lambda w: place[w.end]):
        number = sources.setdefault(way.start, len(sources))
        first[way.end] = min(first.get(way.end, number), number)
    return sorted(middle, key=lambda end: (first.get(end, len(sources)), place[end]))


def _beside(ties: Sequence[tuple[End, float]], last: float) -> dict[End, float]:
    """Return a height for each end of `ties`, amid those it is tied to; none overlap or leave the picture."""
    tied: dict[End, list[float]] = {}
    for end, at in ties:
        tied.setdefault(end, []).append(at)
    wanted = sorted(((sum(found) / len(found), end) for end, found in tied.items()), key=lambda pair: pair[0])
    step, top = float(_TALL + _GAP), float(_TOP + _TALL // 2)
    placed = [at for at, _ in wanted]
    for number in range(len(placed)):
        placed[number] = max(placed[number], placed[number - 1] + step if number else top)
    # What was pushed below the last row moves up again as far as there is room.
    below = max(last, top + step * (len(placed) - 1))
    for number in range(len(placed) - 1, -1, -1):
        placed[number] = min(placed[number], below)
        below = placed[number] - step
    return {end: placed[number] for number, (_, end) in enumerate(wanted)}


def _curve(way: Way, starts: dict[End, int], ends: dict[End, int], column: int) -> Curve:
    x1, x2 = _COLUMNS[column] + _BOX, _COLUMNS[column + 1]
    y1, y2 = starts[way.start], ends[way.end]
    bend = (x1 + x2) // 2
    return Curve(
        path=f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}",
        tone=way.tone,
        full=f"{way.start.label} → {way.end.label}: {way.how}",
    )


def _tone(end: End, ways: Sequence[Way], source: bool) -> str:
    """Return the tone of a box: the worst of its lines; of a source the best, for others are not its fault."""
    tones = [way.tone for way in ways if end in (way.start, way.end)]
    choose = min if source else max
    return choose(tones, key=lambda tone: RANK[tone], default="documented")


def _box(end: End, column: int, middle: int, height: int, tone: str, link: str) -> Box:
    return Box(
        x=_COLUMNS[column],
        y=middle - height // 2,
        height=height,
        label=_cut(end.label, _LABEL_CHARS),
        detail=_cut(end.detail, _DETAIL_CHARS) if height == _TALL else "",
        full=f"{end.label} ({end.detail})" if end.detail else end.label,
        tone=tone,
        link=link,
    )


def _cut(text: str, limit: int) -> str:
    """Return `text` with its middle left out where it is too long: both ends of a name tell it apart."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[-tail:]}"
