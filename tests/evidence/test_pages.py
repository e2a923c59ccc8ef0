"""Raw answers as files: hashes are those of the bytes, and pointers lead to the values they name."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from scanner.model.common import EvidencePointer
from scanner.model.pages import MAX_EXCERPT_CHARS, excerpts, page_bytes, page_files, page_number
from scanner.model.snapshot import Unit, UnitStatus

U = "aws/111122223333/global/x"


def unit(*pages: dict[str, Any], unit_id: str = U) -> Unit:
    return Unit(unit_id, "x", "aws", "111122223333", "global", True, UnitStatus.COMPLETE, (), pages)


def test_a_page_file_is_described_by_its_bytes() -> None:
    first, second = page_files([unit({"b": 1, "a": "é"}, {})])
    assert page_bytes({"b": 1, "a": "é"}) == '{"b":1,"a":"é"}\n'.encode()
    assert first.sha256 == hashlib.sha256('{"b":1,"a":"é"}\n'.encode()).hexdigest()
    assert (first.number, first.bytes, second.number) == (1, 17, 2)
    assert first.path == f"evidence/{U}/page-0001.json"


def test_half_a_surrogate_pair_does_not_stop_a_scan() -> None:
    assert json.loads(page_bytes({"a": "x\ud800y"})) == {"a": "x�y"}
    (found,) = excerpts([unit({"a": "x\ud800y"})], [EvidencePointer(U, "/0/a")])
    assert found.text == '"x�y"'


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        ("/0/R/1", '{"n":"b"}'),
        ("/0/R/1/n", '"b"'),
        ("/1/x~1y/~0", "7"),
        ("/0/R/9", None),
        ("/0/none", None),
        ("/0/R/x", None),
        ("/0/R/1/n/0/0", None),
        ("/0", None),
        ("", None),
        ("/5/R", None),
    ],
)
def test_a_pointer_leads_to_its_value(pointer: str, text: str | None) -> None:
    pages = ({"R": [{"n": "a"}, {"n": "b"}]}, {"x/y": {"~": 7}})
    found = excerpts([unit(*pages)], [EvidencePointer(U, pointer)])
    assert [e.text for e in found] == ([text] if text is not None else [])


def test_each_value_stands_once_in_order_and_is_cut_with_its_length_told() -> None:
    pages = ({"b": "x" * 20_000, "a": 1},)
    asked = [EvidencePointer(U, p) for p in ("/0/b", "/0/a", "/0/b")] + [EvidencePointer("none", "/0/a")]
    first, second = excerpts([unit(*pages)], asked)
    assert (first.pointer, first.text, first.chars) == ("/0/a", "1", 1)
    assert (second.pointer, len(second.text), second.chars) == ("/0/b", MAX_EXCERPT_CHARS, 20_002)


def test_what_was_redacted_is_named() -> None:
    value = {"id": "xid-" + "0a" * 12, "key": "****" + "ABCD", "other": "xid-short"}
    asked = [EvidencePointer(U, f"/0/{name}") for name in ("id", "key", "other")]
    assert [e.redactions for e in excerpts([unit(value)], asked)] == [("external_id",), ("access_key_id",), ()]


@pytest.mark.parametrize(("pointer", "number"), [("/0/a", 1), ("/12", 13), ("", None), ("/a", None), ("/٣/a", None)])
def test_the_first_part_of_a_pointer_counts_pages(pointer: str, number: int | None) -> None:
    assert page_number(pointer) == number
