"""Text helpers hold for any text."""

from __future__ import annotations

import pytest
import sample_report as sample
from hypothesis import given
from hypothesis import strategies as st

from scanner.render.text import MAX_EXCERPT_BYTES, cells, count, encodable, excerpt, neutralise, one_line, wrap

anything = st.text(st.characters(codec=None), max_size=80)


@given(anything)
def test_one_line_is_one_visible_line(text: str) -> None:
    made = one_line(text)
    assert len(made.splitlines()) <= 1
    assert made.encode().decode() == made


@given(anything)
def test_neutralise_twice_is_neutralise_once(text: str) -> None:
    assert neutralise(neutralise(text)) == neutralise(text)


@given(anything, st.integers(min_value=2, max_value=40))
def test_wrap_keeps_width_and_loses_no_character(text: str, width: int) -> None:
    clean = one_line(text)
    lines = wrap(clean, width)
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == clean.replace(" ", "").replace("\u00a0", "")


@given(anything)
def test_encodable_has_a_utf8_form(text: str) -> None:
    assert encodable(text).encode().decode() == encodable(text)


@pytest.mark.parametrize(
    "char", ["\u202e", "\u2066", "\u200b", "\ufeff", "\x1b", "\x00", "\x9b", "\ud800", "\U000e0041"]
)
def test_unseen_characters_are_written_out(char: str) -> None:
    assert neutralise(f"a{char}b") == f"a⟨U+{ord(char):04X}⟩b"


def test_excerpt_is_capped_and_says_how_much_is_missing() -> None:
    made = excerpt("é" * 10_000)
    body, note = made.rsplit("\n", 1)
    assert len(body.encode()) <= MAX_EXCERPT_BYTES
    assert note == f"… {20_000 - len(body.encode()):,} more bytes; the whole value is in report.json"


def test_short_text_is_not_cut() -> None:
    assert excerpt("é" * 4_096) == "é" * 4_096


@pytest.mark.parametrize(("number", "expected"), [(0, "0 roles"), (1, "1 role"), (1234, "1,234 roles")])
def test_count(number: int, expected: str) -> None:
    assert count(number, "role") == expected


def test_hostile_corpus_has_what_it_says() -> None:
    joined = "".join(sample.HOSTILE)
    for part in ("</script>", "\x1b[31m", "\u202e", "\ud800", "{{", "\r\n", "javascript:"):
        assert part in joined
    assert max(len(text) for text in sample.HOSTILE) == 100_000
