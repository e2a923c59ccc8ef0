"""The shipped services part against the pages it was taken from (seeds 002 and 004)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scanner.baseline.links import sources_in
from scanner.baseline.load import find, load_services

SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "seeds"
PAGES = {"S002": SEEDS / "002_f4d15bec8596c040.txt", "S004": SEEDS / "004_2e8eecaacf001be3.txt"}
BASELINE = load_services(find("porter@2026-05"))


def line(document: str, number: int | None) -> str:
    assert number is not None
    return PAGES[document].read_text(encoding="utf-8").split("\n")[number - 1]


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_the_seed_byte_for_byte_and_every_line_is_there(name: str) -> None:
    (document,) = [one for one in BASELINE.documents if one.name == name]
    assert document.sha256 == hashlib.sha256(PAGES[name].read_bytes()).hexdigest()
    places = [source for source in sources_in(BASELINE) if source.document == name]
    assert places
    assert [source for source in places if not line(name, source.line).strip()] == []


def test_every_connection_and_field_stands_on_its_line() -> None:
    for connection in BASELINE.connections:
        assert connection.key in line(connection.source.document, connection.source.line)
        for field in connection.fields:
            if field.source.document == "S004":
                assert line("S004", field.source.line).startswith(f"{field.name}")


def test_the_trust_of_the_page_is_the_documented_one() -> None:
    assert f'"{BASELINE.aws.principal}"' in line("S002", BASELINE.aws.source.line)
    actions = ", ".join(f'"{action}"' for action in BASELINE.aws.actions)
    assert f'"Action": [{actions}]' in line("S002", (BASELINE.aws.source.line or 0) + 1)


def test_each_piece_of_advice_is_on_its_line() -> None:
    words = {
        "aws-least-privilege": "avoid wildcard actions",
        "aws-dedicated": "dedicated role per service",
        "azure-least-privilege": "rather than resource groups or subscriptions",
        "azure-owner": "subscription-level Owner",
        "azure-dedicated": "dedicated UAMI per service",
        "gcp-least-privilege": "over broad roles like `roles/editor`",
        "gcp-dedicated": "dedicated service account per Porter service",
        "gcp-no-keys": "no service account key files",
    }
    assert {item.key for item in BASELINE.advice} == set(words)
    for item in BASELINE.advice:
        assert words[item.key] in line(item.source.document, item.source.line)
