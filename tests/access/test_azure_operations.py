"""Sets of Azure operations, with denies on both sides and a question, against every short word."""

from __future__ import annotations

import itertools
import os
import random

import pytest

from scanner.access.azure.operations import Operations, Search

SEED = os.environ.get("FUZZ_SEED", "1")
PATTERNS = ["".join(p) for n in (1, 2, 3) for p in itertools.product("ab*", repeat=n)]
WORDS = ["".join(p) for n in (1, 2, 3, 4) for p in itertools.product("abc", repeat=n)]
Set = tuple[tuple[str, ...], tuple[str, ...]]


def matches(pattern: str, word: str) -> bool:
    """Return whether a pattern matches, letter by letter."""
    if not pattern:
        return not word
    if pattern[0] == "*":
        return matches(pattern[1:], word) or (bool(word) and matches(pattern, word[1:]))
    return bool(word) and word[0] == pattern[0] and matches(pattern[1:], word[1:])


LANGUAGES = {p: frozenset(w for w in WORDS if matches(p, w)) for p in PATTERNS}


def words_of(sets: list[Set]) -> set[str]:
    """Return the words of actions without nots, all sets together."""
    found: set[str] = set()
    for actions, nots in sets:
        held = set().union(*(LANGUAGES[p] for p in actions))
        found |= held.difference(*(LANGUAGES[p] for p in nots))
    return found


def some(rng: random.Random, most: int) -> tuple[str, ...]:
    return tuple(rng.choice(PATTERNS) for _ in range(rng.randrange(most + 1)))


def sets(rng: random.Random) -> list[Set]:
    return [(some(rng, 2), some(rng, 1)) for _ in range(rng.choice((0, 1, 1, 2)))]


@pytest.mark.parametrize("part", range(8))
def test_what_is_denied_live_or_denied_in_the_documents_is_counted_exactly(part: int) -> None:
    rng, beyond_by_denies, by_one = random.Random(f"{SEED} {part}"), 0, 0
    for _ in range(150):
        piece, minus, cover, spoil, within = rng.choice(PATTERNS), sets(rng), sets(rng), sets(rng), some(rng, 1)
        search = Search(piece, *(tuple(itertools.starmap(Operations, s)) for s in (minus, cover, spoil)), within)
        live = (LANGUAGES[piece].intersection(*(LANGUAGES[p] for p in within))) - words_of(minus)
        expected = {w for w in live if w in words_of(spoil) or w not in words_of(cover)}
        assert {w for w in WORDS if search.holds(w.upper())} == expected
        found = search.find()
        assert (found is None) == (not expected), (search, sorted(expected)[:3])
        assert found is None or search.holds(found)
        beyond_by_denies += bool(expected and not live - words_of(cover))
        one = search.covered_by_one()
        if one is not None:
            by_one += 1
            whole = LANGUAGES[piece] - words_of([m for m in minus if not m[1]])
            assert not {w for w in whole if w in words_of(spoil) or w not in words_of([cover[one]])}, search
    assert beyond_by_denies
    assert by_one


def test_one_grant_covers_a_pattern_unless_something_is_taken_from_it() -> None:
    grants = (Operations(("b*",)), Operations(("a*",)))
    assert Search("a*", cover=grants).covered_by_one() == 1
    assert Search("ab", cover=grants).covered_by_one() == 1
    for denied in ("*b", "ab*", "ab"):
        assert Search("a*", cover=grants, spoil=(Operations((denied,)),)).covered_by_one() is None
        assert Search("ab", cover=grants, spoil=(Operations((denied,)),)).covered_by_one() is None
        assert Search("a*", cover=(Operations(("a*",), (denied,)),)).covered_by_one() is None
        live_too = (Operations((denied,)),)
        assert Search("a*", live_too, cover=grants, spoil=(Operations((denied,)),)).covered_by_one() == 1
        assert Search("a*", live_too, cover=(Operations(("a*",), (denied,)),)).covered_by_one() == 0
    part = (Operations(("ab*",), ("abb",)),)
    assert Search("a*", part, cover=grants, spoil=(Operations(("ab*",)),)).covered_by_one() is None
    assert Search("a*", cover=grants, spoil=(Operations(("c*",)),)).covered_by_one() == 1
