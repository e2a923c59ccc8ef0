"""A comparison reads the same for people and for machines."""

from __future__ import annotations

import json

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.access.records import Comparison, Piece, Request, Undecided
from scanner.render.comparison_text import comparison_json, render_comparison
from scanner.render.text import cells

WITNESS = Request(principal=None, action="s3:GetObject", resource="arn:aws:s3:::a/b", context={"aws:username": "x"})
PIECE = Piece(
    document="live.json",
    statement="Extra",
    index=4,
    actions=("s3:GetObject", "s3:PutObject"),
    resources=("*",),
    conditions={"Bool": {"aws:SecureTransport": ["true"]}},
    principals={},
    kind="resource",
    latent=False,
    witness=WITNESS,
)
UNDECIDED = Undecided(document="live.json", statement="3", index=7, reason="operator `Foo` is not known")


def comparison(verdict: str = "different", **parts: object) -> Comparison:
    base = Comparison(verdict=verdict, excess=(PIECE,), missing=(), undecided=(UNDECIDED,), certificate={"by": []})
    return replace(base, **parts)


def test_json_is_exactly_the_documented_shape() -> None:
    assert comparison_json(comparison()) == {
        "schema": "porter-audit/comparison/v1",
        "verdict": "different",
        "excess": [
            {
                "statement": "Extra",
                "actions": ["s3:GetObject", "s3:PutObject"],
                "resources": ["*"],
                "conditions": {"Bool": {"aws:SecureTransport": ["true"]}},
                "kind": "resource",
                "latent": False,
                "witness": {
                    "principal": None,
                    "action": "s3:GetObject",
                    "resource": "arn:aws:s3:::a/b",
                    "context": {"aws:username": "x"},
                },
            }
        ],
        "missing": [],
        "undecided": [{"statement": 7, "reason": "operator `Foo` is not known"}],
        "certificate": {"by": []},
    }


def test_statement_without_sid_is_named_by_its_index_over_all_documents() -> None:
    piece = replace(PIECE, statement="0")
    assert comparison_json(comparison(missing=(piece,)))["missing"][0]["statement"] == 4


@pytest.mark.parametrize("verdict", ["equal", "narrower", "broader", "different", "undecided"])
def test_text_says_the_verdict_first(verdict: str) -> None:
    assert f" {verdict}: " in render_comparison(comparison(verdict)).splitlines()[0]


def test_undecided_never_reads_as_a_pass() -> None:
    text = render_comparison(comparison("undecided", excess=()))
    assert "✓" not in text
    assert "This is not a pass." in " ".join(text.split())
    assert "operator `Foo` is not known" in text


def test_text_shows_piece_and_example_request() -> None:
    text = render_comparison(comparison())
    for words in ("WIDENED", "live.json, statement Extra", "s3:GetObject on arn:aws:s3:::a/b", "aws:SecureTransport"):
        assert words in text


def test_missing_piece_is_told_in_the_words_of_the_report() -> None:
    assert "DOCUMENTED, NOT GRANTED" in render_comparison(comparison("narrower", excess=(), missing=(PIECE,)))


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_hostile_names_stay_on_their_line(text: str, width: int) -> None:
    request = Request(principal=text, action=text, resource=text, context={text: [text]})
    piece = replace(PIECE, document=text, statement=text, actions=(text,), conditions={text: text}, witness=request)
    unknown = Undecided(document=text, statement=text, index=0, reason=text, witnesses=(request,))
    made = render_comparison(comparison(excess=(piece,), missing=(piece,), undecided=(unknown,)), width=width)
    assert all(cells(line) <= width for line in made.splitlines())
    assert all(char == "\n" or char.isprintable() for char in made)
    assert json.loads(json.dumps(comparison_json(comparison(excess=(piece,)))))["excess"][0]["statement"] in (text, 4)
