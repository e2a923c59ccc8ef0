"""Hostile text through every writer: it stays text, is bounded, and steers nothing that opens the file."""

from __future__ import annotations

import csv
import email
import io
import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.hostile.writers import WRITERS, Files
from tests.render.sample_report import HOSTILE

MARKUP = (
    "</script></style></title><script>document.title='PWNED'</script><img src=x onerror=alert(1)>",
    "\"'><a href=javascript:alert(1) onclick=alert(1) style=x>",
    "{{7*7}}{% raw %}${7*7}<!--]]>",
    "<!channel> <@U1> @everyone **b** [x](https://evil.example) ![i](https://evil.example/p.png) `c` | p",
)
SIGNS = ("\x1b[2J\x1b]0;PWNED\x07\x9b31m\x08\x7f", "\u202egpj.exe\u2066\u200b\u200f\ufeff\U000e0041",
         "nul\x00nul\x85\u2028\u2029", "half \ud800 and \udfff")  # fmt: skip
TEXTS = {
    "markup": "".join(MARKUP),
    "signs": " ".join(SIGNS),
    "formula": "=cmd|' /C calc'!A0",
    "at": "@SUM(1)+1-2",
    "tab": "\t=1+1",
    "line": "\r\n=1+1\r\nBcc: mallory@example.com\r\n\r\nbody",
    "wide": "＝1+1",
    "long": "x" * 100_000,
    "long words": "<b> & \" ' " * 9_000,
    "nothing": "",
}
MAX_BYTES = 12_000_000
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def unseen(text: str) -> set[str]:
    """Return the characters that change what is seen around them."""
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t"}


class Elements(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.odd: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.odd += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        for name, value in attrs:
            link = re.sub(r"\s", "", value or "").lower()
            if name in ("href", "src", "action") and link.startswith(("javascript:", "vbscript:", "data:", "//")):
                self.odd.append(f"{tag} {name}={link[:40]}")


def check_html(page: str, plain: str) -> None:
    mine, theirs = Elements(page), Elements(plain)
    assert set(mine.odd) <= set(theirs.odd)
    assert set(mine.tags) <= set(theirs.tags)
    pages = theirs.tags.count("html")
    for once in ("script", "style", "title", "meta", "head", "body"):
        assert mine.tags.count(once) * pages == theirs.tags.count(once), once
    assert unseen(page) == set()


def check_csv(text: str, _: str) -> None:
    table = io.StringIO(text.removeprefix("\ufeff"), newline="")
    for cell in (cell for row in csv.reader(table) for cell in row):
        assert not cell.startswith(_STARTS), cell[:60]
        assert unseen(cell) == set()
        assert len(cell) <= 32_767


def check_json(text: str, _: str) -> None:
    for line in text.splitlines() if text.startswith("{") and text.count("\n{") else [text]:
        json.loads(line)
    # What JSON must escape; machines read it, and C1 controls may stand in a string.
    assert not {c for c in text if (c < " " and c not in "\n\t\r") or unicodedata.category(c) == "Cs"}


def check_xml(text: str, plain: str) -> None:
    assert {e.tag for e in ElementTree.fromstring(text).iter()} <= {e.tag for e in ElementTree.fromstring(plain).iter()}
    assert unseen(text) == set()


def check_lines(text: str, _: str) -> None:
    assert unseen(text) == set()
    assert "<script" not in text.lower() or not text.startswith("#")


def check_mail(text: str, plain: str) -> None:
    mine, theirs = (email.message_from_string(one, policy=default) for one in (text, plain))
    assert mine.keys() == theirs.keys()
    assert all(len(line) <= 998 for line in text.splitlines())
    for part in mine.walk():
        if part.get_content_maintype() == "text":
            body = part.get_content()
            assert unseen(body) - {"\r"} == set()
            assert part.get_content_subtype() != "html" or Elements(body).odd == []


CHECKS: dict[str, Any] = {
    "html": check_html, "csv": check_csv, "json": check_json, "sarif": check_json, "xml": check_xml,
    "txt": check_lines, "md": check_lines, "eml": check_mail, "ndjson": check_json, "jsonl": check_json,
}  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> dict[str, Files]:
    return {name: write("porter-manager") for name, write in WRITERS.items()}


@pytest.mark.parametrize("what", TEXTS)
@pytest.mark.parametrize("writer", WRITERS)
def test_a_hostile_text_stays_a_text(plain: dict[str, Files], writer: str, what: str) -> None:
    made = WRITERS[writer](TEXTS[what])
    assert sum(map(len, made.values())) < MAX_BYTES
    alike: dict[str, bytes] = {}
    for name, data in plain[writer].items():
        kind = name.rpartition(".")[2]
        # A file that is named for the text has no namesake: all pages of a writer are then what it is held against.
        alike[kind] = alike.get(kind, b"") + data if kind == "html" else data
    for name, data in made.items():
        assert re.fullmatch(r"[A-Za-z0-9%_.@,=+-]{1,200}(/[A-Za-z0-9%_.@,=+-]{1,200})*", name), name[:300]
        kind = name.rpartition(".")[2]
        beside = plain[writer].get(name, alike[kind]) if kind in alike else b""
        CHECKS.get(kind, check_lines)(data.decode(), beside.decode())


def test_the_same_text_gives_the_same_bytes() -> None:
    for name, write in WRITERS.items():
        first, second = ({k: v for k, v in write(TEXTS["markup"]).items() if k != "mail.eml"} for _ in range(2))
        assert first == second, name


def test_what_is_written_here_holds_all_that_reports_are_held_against() -> None:
    signs = ("\x1b", "\u202e", "\x00", "\ud800", "=cmd", "</script>", "<!channel>", "\U000e0041", "{{7*7}}")
    for held in ("".join(TEXTS.values()), "".join(HOSTILE)):
        assert all(sign in held for sign in signs)
