"""The readings of a wildcard, letter case and variables, against expressions written without the code under test."""

from __future__ import annotations

import itertools
import re

import pytest

from scanner.access.pattern import Pattern, compile_pattern, covers, disjoint, has_variables, matches, text_of, tokenize

PATTERNS = ["".join(t) for n in range(4) for t in itertools.product("a*?:", repeat=n)]
WORDS = ["".join(t) for n in range(6) for t in itertools.product("ab:", repeat=n)]


def reference(pattern: str, mode: str) -> re.Pattern[str]:
    """Return the pattern as each mode documents it."""
    parts = []
    for i, character in enumerate(pattern):
        last = pattern[i + 1 : i + 2] in ("", ":")
        stops = {
            "crossing": False,
            "segment": character == "?" or not last,
            "arn": pattern[:i].count(":") < 5,
        }[mode]
        one = "[^:]" if stops else "."
        parts.append({"*": one + "*", "?": one}.get(character, re.escape(character)))
    # Stars side by side are one star, and the last of them says where it stops.
    return re.compile("".join(parts), re.DOTALL)


def stars_apart(patterns: list[str]) -> list[str]:
    return [p for p in patterns if "**" not in p]


@pytest.mark.parametrize("head", ["", "::::"])
@pytest.mark.parametrize("mode", ["crossing", "segment", "arn"])
def test_each_mode_matches_what_it_documents_by_either_matcher(mode: str, head: str) -> None:
    for text in stars_apart(PATTERNS):
        pattern, expected = compile_pattern(tokenize(head + text), mode), reference(head + text, mode)
        for word in WORDS:
            wanted = expected.fullmatch(head + word) is not None
            assert matches(pattern, head + word) is wanted, (mode, head + text, word)
            assert matches(pattern, tuple(head + word)) is wanted, (mode, head + text, word)


@pytest.mark.parametrize("mode", ["segment", "arn"])
def test_inclusion_and_disjointness_are_exact_in_each_mode(mode: str) -> None:
    texts = stars_apart(PATTERNS)
    machines = {t: compile_pattern(tokenize(t), mode) for t in texts}
    languages = {t: frozenset(w for w in WORDS if reference(t, mode).fullmatch(w)) for t in texts}
    for p, q in itertools.product(texts, texts):
        assert covers(machines[p], machines[q]) == (languages[q] <= languages[p]), (p, q)
        assert disjoint(machines[p], machines[q]) == (not languages[p] & languages[q]), (p, q)


def test_many_stars_mean_what_few_do() -> None:
    for text in ("*a*b*a*", "a*a*a*a*a", "*?*a*?*b*", "*:*:*:*:*"):
        for mode in ("crossing", "segment", "arn"):
            pattern, expected = compile_pattern(tokenize(text), mode), reference(text, mode)
            for word in (*WORDS, "aabaab", "::::", "a:b:a:b:a", "aaaaaa"):
                assert matches(pattern, word) is (expected.fullmatch(word) is not None), (mode, text, word)


def test_folding_is_ignoring_case_and_nothing_else() -> None:
    words = ["".join(t) for n in range(5) for t in itertools.product("aAbB", repeat=n)]
    for text in ("".join(t) for n in range(4) for t in itertools.product("aB*?", repeat=n)):
        pattern = compile_pattern(tokenize(text, fold=True), fold=True)
        expected = re.compile(text.replace("*", ".*").replace("?", "."), re.IGNORECASE)
        for word in words:
            assert matches(pattern, word) is matches(pattern, tuple(word)) is (expected.fullmatch(word) is not None)


def variable(text: str) -> Pattern:
    return compile_pattern(tokenize(text, variables=True))


@pytest.mark.parametrize(
    ("outer", "inner", "inside"),
    [
        ("${a:b}", "${a:b}", True),
        ("${a:b}", "${a:c}", False),
        ("x${a:b}*", "x${a:b}y", True),
        ("x*y", "x${a:b}y", True),
        ("x?", "x${a:b}", False),
        ("x${a:b}", "xy", False),
        ("x${a:b}", "x*", False),
        ("*${a:b}", "x${a:b}", True),
        ("${a:b}${a:b}", "${a:b}", False),
    ],
)
def test_no_proof_rests_on_the_value_of_a_variable(outer: str, inner: str, inside: bool) -> None:
    assert covers(variable(outer), variable(inner)) is inside
    assert has_variables(variable(outer).tokens) is ("$" in outer)


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("x${a:b}", "xy", False),
        ("x${a:b}", "y*", True),
        ("x${a:b}", "x", False),
        ("${a:b}", "anything", False),
        ("xy${a:b}", "x${a:b}", False),
        ("xy${a:b}", "xz*", True),
    ],
)
def test_a_variable_may_have_any_value(one: str, other: str, apart: bool) -> None:
    assert disjoint(variable(one), variable(other)) is apart
    assert disjoint(variable(other), variable(one)) is apart


@pytest.mark.parametrize("text", ["", "a", "a*b?", "*", "??", "a**b"])
def test_the_text_of_a_pattern_is_the_pattern(text: str) -> None:
    assert matches(compile_pattern(tokenize(text)), text.replace("*", "xy").replace("?", "z"))
    assert text_of(tokenize(text)) == text.replace("**", "*")
