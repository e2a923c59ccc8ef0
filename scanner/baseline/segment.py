"""Split text whose line breaks were lost: run-together actions and ARNs become lists again."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache

import msgspec

from scanner.access.catalogue import Catalogue

_SEPARATOR = re.compile(r"(?:\s|,|;|<br\s*/?>)+", re.IGNORECASE)
_SERVICE_END = re.compile(r"[a-z0-9-]+\Z")
_NAME = re.compile(r"[A-Za-z0-9*?]+\Z")
_ARN_START = re.compile(r"(?=arn:(?:aws(?:-[a-z]+)*|\*|<[a-z-]+>|\{[a-z_]+\}):[a-z0-9*-]+:)")


class Segmentation(msgspec.Struct, frozen=True):
    """Actions in page order, those no catalogue knows, and whether another split is just as good."""

    actions: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    """Pieces that match no published action. A misprint, or newer than the catalogue."""
    ambiguous: bool = False
    """Another split has as few unknown pieces."""
    rejected: tuple[str, ...] = ()
    """Text that cannot be an action at all."""


class _Path(msgspec.Struct, frozen=True):
    """The best split that ends where the next piece starts: its cost, its last cut, how many splits cost as little."""

    cost: int
    previous: int
    ways: int


def segment_actions(text: str, catalogue: Catalogue) -> Segmentation:
    """Split a cell into actions so that as few pieces as possible are unknown to the catalogue.

    Exact: all splits are considered (dynamic programming over the possible starts of each service prefix).
    A piece with `*` or `?` is known when it matches at least one published action.
    """
    actions: list[str] = []
    unknown: list[str] = []
    rejected: list[str] = []
    ambiguous = False
    for chunk in filter(None, _SEPARATOR.split(text)):
        if chunk == "*":
            actions.append(chunk)
            continue
        pieces, ways = _best_split(chunk, catalogue)
        if not pieces:
            rejected.append(chunk)
        ambiguous = ambiguous or ways > 1
        actions.extend(pieces)
        unknown.extend(piece for piece in pieces if not is_known(piece, catalogue))
    return Segmentation(tuple(actions), tuple(unknown), ambiguous, tuple(rejected))


def is_known(action: str, catalogue: Catalogue) -> bool:
    """Return whether an action is published, or as a pattern matches at least one published action."""
    service, _, name = action.partition(":")
    if not set("*?") & set(name):
        return catalogue.is_published(action)
    pattern = name.lower()
    return any(fnmatchcase(published.lower(), pattern) for published in catalogue.actions(service.lower()))


def split_resources(text: str) -> tuple[str, ...]:
    """Split a cell of run-together ARNs before each `arn:partition:service:`; `*` stays as it is."""
    chunks = filter(None, _SEPARATOR.split(text))
    return tuple(piece for chunk in chunks for piece in _ARN_START.split(chunk) if piece)


def _best_split(chunk: str, catalogue: Catalogue) -> tuple[tuple[str, ...], int]:
    """Return the split with the fewest unknown pieces and how many splits are as good; no pieces: none exists."""
    colons = [i for i, char in enumerate(chunk) if char == ":"]
    if not colons or not _SERVICE_END.fullmatch(chunk[: colons[0]]):
        return (), 0
    cost = _piece_cost(chunk, catalogue)
    steps: list[dict[int, _Path]] = [{0: _Path(0, 0, 1)}]
    for number, colon in enumerate(colons):
        last = number + 1 == len(colons)
        ends = (len(chunk),) if last else _starts(chunk, colon, colons[number + 1])
        steps.append(_advance(steps[-1], colon, ends, cost))
    return _walk_back(chunk, steps), steps[-1][len(chunk)].ways if len(chunk) in steps[-1] else 0


def _starts(chunk: str, colon: int, next_colon: int) -> tuple[int, ...]:
    """Return where the service prefix before `next_colon` may start: at a letter, leaving the earlier action a name."""
    run = _SERVICE_END.search(chunk, colon + 1, next_colon)
    if run is None:
        return ()
    first = max(run.start(), colon + 2)
    return tuple(i for i in range(first, next_colon) if chunk[i].isalpha())


def _advance(paths: dict[int, _Path], colon: int, ends: tuple[int, ...], cost: _Cost) -> dict[int, _Path]:
    """Extend every path by the piece around `colon`, keeping the cheapest way to each end."""
    best: dict[int, _Path] = {}
    for end in ends:
        for start, path in paths.items():
            price = cost(start, colon, end)
            if price is None:
                continue
            total = path.cost + price
            seen = best.get(end)
            if seen is None or total < seen.cost:
                best[end] = _Path(total, start, path.ways)
            elif total == seen.cost:
                best[end] = _Path(total, seen.previous, seen.ways + path.ways)
    return best


class _Cost:
    """Price of one piece: 0 known, 1 unknown, None when it cannot be an action."""

    def __init__(self, chunk: str, catalogue: Catalogue) -> None:
        self._chunk = chunk
        self._known = lru_cache(maxsize=None)(lambda piece: is_known(piece, catalogue))

    def __call__(self, start: int, colon: int, end: int) -> int | None:
        if not _NAME.match(self._chunk, colon + 1, end):
            return None
        return 0 if self._known(self._chunk[start:end]) else 1


def _piece_cost(chunk: str, catalogue: Catalogue) -> _Cost:
    return _Cost(chunk, catalogue)


def _walk_back(chunk: str, steps: list[dict[int, _Path]]) -> tuple[str, ...]:
    """Read the pieces of the cheapest path from its end."""
    end = len(chunk)
    pieces: list[str] = []
    for paths in reversed(steps[1:]):
        if end not in paths:
            return ()
        start = paths[end].previous
        pieces.append(chunk[start:end])
        end = start
    return tuple(reversed(pieces))
