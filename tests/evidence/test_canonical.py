"""Canonical JSON: the same as an independent implementation of RFC 8785, on everything we sign."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from scanner.evidence.canonical import canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEYS = st.text(st.characters(max_codepoint=0x7F))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)


@given(VALUES)
def test_the_same_bytes_as_another_implementation(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1.5, {"é": 1}, {1: 2}, 2**53, ("a",), b"x", [{"a": float("nan")}]])
def test_what_readers_could_disagree_on_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical(value)
