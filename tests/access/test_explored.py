"""What is remembered of explorations is what exploring says, whoever stopped early before."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.access.pattern import STATE_LIMIT, StateLimitError, _explore, compile_pattern, explore, tokenize

TEXTS = st.text("ab*?", min_size=1, max_size=5)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 15))
@settings(max_examples=200, deadline=None)
def test_every_exploration_says_the_same_as_the_first(texts: list[str], taken: int, prune_at: int) -> None:
    patterns = [compile_pattern(tokenize(text)) for text in texts]
    fresh = list(_explore(patterns, must=1, prune_at=prune_at, limit=STATE_LIMIT))
    assert list(islice(explore(patterns, prune_at=prune_at), taken)) == fresh[:taken]
    assert list(explore(patterns, prune_at=prune_at)) == fresh
    assert list(explore(patterns, prune_at=prune_at)) == fresh


def test_a_limit_that_was_met_is_met_again() -> None:
    patterns = [compile_pattern(tokenize("*a?????????*")), compile_pattern(tokenize("*b?????????*"))]
    for _ in range(2):
        with pytest.raises(StateLimitError):
            list(explore(patterns, limit=20))
