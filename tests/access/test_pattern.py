"""The pattern algebra against a slow reference: every pattern over `ab*?`, every word over `abx`."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.access.pattern import StateLimitError, compile_pattern, covers, disjoint, explore, matches, tokenize

PATTERNS = ["".join(t) for n in range(4) for t in itertools.product("ab*?", repeat=n)]
WORDS = ["".join(t) for n in range(7) for t in itertools.product("abx", repeat=n)]


def reference(pattern: str) -> re.Pattern[str]:
    """Return the pattern as a regular expression, written without the code under test."""
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern), re.DOTALL)


LANGUAGES = {p: frozenset(w for w in WORDS if reference(p).fullmatch(w)) for p in PATTERNS}


def test_matches_agrees_with_the_reference_on_every_short_pattern_and_word() -> None:
    for pattern, language in LANGUAGES.items():
        machine = compile_pattern(tokenize(pattern))
        assert {w for w in WORDS if matches(machine, w)} == language, pattern


def test_covers_is_inclusion_on_every_pair_of_short_patterns() -> None:
    wrong = [
        (p, q)
        for p, q in itertools.product(PATTERNS, PATTERNS)
        if covers(compile_pattern(tokenize(p)), compile_pattern(tokenize(q))) != (LANGUAGES[q] <= LANGUAGES[p])
    ]
    assert wrong == []


def test_disjoint_is_empty_intersection_on_every_pair_of_short_patterns() -> None:
    wrong = [
        (p, q)
        for p, q in itertools.product(PATTERNS, PATTERNS)
        if disjoint(compile_pattern(tokenize(p)), compile_pattern(tokenize(q))) == bool(LANGUAGES[q] & LANGUAGES[p])
    ]
    assert wrong == []


@given(st.lists(st.text("ab*?", max_size=5), min_size=2, max_size=4))
@settings(max_examples=150, deadline=None)
def test_explore_finds_every_acceptance_mask_that_some_word_has(patterns: list[str]) -> None:
    machines = [compile_pattern(tokenize(p)) for p in patterns]
    found = dict(explore(machines))
    by_words = {
        sum(1 << i for i, p in enumerate(patterns) if reference(p).fullmatch(w))
        for w in WORDS
        if reference(patterns[0]).fullmatch(w)
    }
    assert by_words <= found.keys()
    for mask, word in found.items():
        text = "".join(word)
        assert mask == sum(1 << i for i, p in enumerate(patterns) if reference(p).fullmatch(text))


def test_explore_yields_shortest_words() -> None:
    ((_, word),) = [x for x in explore([compile_pattern(tokenize("a*b?"))]) if x[0] == 1]
    assert len(word) == 3


@pytest.mark.parametrize("text", ["a[b]", "a{b}", "a\nb", "ä€😀", "a.b", "^a$", "a\\b"])
def test_characters_that_other_matchers_treat_specially_are_ordinary(text: str) -> None:
    pattern = compile_pattern(tokenize(text))
    assert matches(pattern, text)
    assert not matches(pattern, text[:-1] + "z")
    assert covers(compile_pattern(tokenize("*" + text[1:])), pattern)


def test_a_star_matches_newlines_and_letters_beyond_the_basic_plane() -> None:
    assert matches(compile_pattern(tokenize("a*z")), "a\n😀\x00z")


@pytest.mark.parametrize(
    ("pattern", "text", "crossing", "segment", "arn"),
    [
        ("arn:aws:iam::*:role/a*b", "arn:aws:iam::1:role/a:b", True, False, True),
        ("arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/a:b", True, True, True),
        ("arn:aws:iam:*", "arn:aws:iam::1:role/x", True, True, False),
        ("arn:aws:s3:::a?c", "arn:aws:s3:::a:c", True, False, True),
        ("arn:aws:*:*:1:x", "arn:aws:a:b:c:1:x", True, True, False),
    ],
)
def test_the_three_readings_of_a_wildcard_differ_at_colons_only(
    pattern: str, text: str, crossing: bool, segment: bool, arn: bool
) -> None:
    tokens = tokenize(pattern)
    assert [matches(compile_pattern(tokens, m), text) for m in ("crossing", "segment", "arn")] == [
        crossing,
        segment,
        arn,
    ]


def test_folding_ignores_case_of_literals_only_where_asked() -> None:
    folded = compile_pattern(tokenize("Ab*", fold=True), fold=True)
    assert matches(folded, "aBxyz")
    assert not matches(compile_pattern(tokenize("Ab*")), "aBxyz")


def test_a_variable_is_matched_by_itself_and_by_a_star_but_never_by_a_question_mark() -> None:
    variable = compile_pattern(tokenize("x/${aws:username}", variables=True))
    assert covers(variable, variable)
    assert covers(compile_pattern(tokenize("x/*")), variable)
    assert not covers(compile_pattern(tokenize("x/?")), variable)
    assert not covers(variable, compile_pattern(tokenize("x/*")))


def test_escaped_wildcards_are_literal_only_where_variables_are_read() -> None:
    assert matches(compile_pattern(tokenize("a${*}b", variables=True)), "a*b")
    assert not matches(compile_pattern(tokenize("a${*}b", variables=True)), "axb")
    assert matches(compile_pattern(tokenize("a${*}b")), "a${xyz}b")


def test_a_construction_that_grows_too_large_is_refused_not_answered() -> None:
    with pytest.raises(StateLimitError):
        list(
            explore([compile_pattern(tokenize("*a" + "?" * 40)), compile_pattern(tokenize("*b" + "?" * 41))], limit=500)
        )


@given(st.text("ab*?:", max_size=8), st.text("ab*?:", max_size=8), st.text("ab*?:", max_size=8))
@settings(max_examples=200, deadline=None)
def test_covers_is_reflexive_and_transitive_in_every_mode(p: str, q: str, r: str) -> None:
    for mode in ("crossing", "segment", "arn"):
        a, b, c = (compile_pattern(tokenize(x), mode) for x in (p, q, r))
        assert covers(a, a)
        if covers(a, b) and covers(b, c):
            assert covers(a, c)
