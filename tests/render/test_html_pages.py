"""What every page of ours keeps, whatever stands on it: one frame, one policy of hashes, everything escaped."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path

import pytest
import sample_report as sample
from jinja2 import UndefinedError

from scanner.errors import RenderError
from scanner.render.html.page import Frame, environment, render_page
from scanner.resources import data_dir

TEMPLATES = data_dir("templates")
HOSTILE = [text for text in sample.HOSTILE if text]


def frame(text: str = "x", **more: str) -> Frame:
    return Frame(title=text, subtitle=text, version="0.1.0", about=text, **more)


def policy_of(raw: bytes) -> str:
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', raw.decode())
    assert found
    return html.unescape(found.group(1))


def sha(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_a_page_without_a_script_may_run_none() -> None:
    raw = render_page("base.html.j2", frame())
    assert "script-src 'none'" in policy_of(raw)
    assert b"<script" not in raw


def test_the_policy_names_every_style_and_the_script_by_its_hash() -> None:
    raw = render_page("base.html.j2", frame(print_label="a"), styles=("report/report.css",), script="report/report.js")
    policy, text = policy_of(raw), raw.decode()
    styles = re.findall(r"<style>(.*?)</style>", text, re.S)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(styles) == 3
    assert f"style-src {' '.join(sha(style) for style in styles)};" in policy
    assert f"script-src {sha(script)};" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_texts_of_the_frame_are_escaped(text: str) -> None:
    raw = render_page("base.html.j2", frame(text, tagline=text, print_label=text)).decode()
    assert raw.count("<style>") == 2
    assert "<script" not in raw
    assert "<img" not in raw
    assert not {char for char in raw if not char.isprintable()} - {"\n"}


def test_the_label_of_printed_pages_is_plain_text_and_cannot_end_its_string() -> None:
    raw = render_page("base.html.j2", frame(print_label='run 01"}*{display:none}</style>, 2026-05-30')).decode()
    assert '@page{@bottom-left{content:"run 01display:nonestyle, 2026-05-30"' in raw


def test_same_arguments_same_bytes() -> None:
    assert render_page("base.html.j2", frame()) == render_page("base.html.j2", frame())


def test_a_name_that_nobody_gave_is_an_error_and_not_a_blank() -> None:
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()


@pytest.mark.parametrize("name", ["styles", "script"])
def test_a_file_that_is_missing_is_one_line(name: str) -> None:
    asked = {"styles": ("no.css",)} if name == "styles" else {"script": "no.css"}
    with pytest.raises(RenderError, match=r"^report template `no\.css` cannot be read: No such file or directory$"):
        render_page("base.html.j2", frame(), **asked)


STYLES = sorted(TEMPLATES.rglob("*.css"))


@pytest.mark.parametrize("path", STYLES, ids=[str(path.relative_to(TEMPLATES)) for path in STYLES])
def test_no_style_fetches_anything_or_sets_a_colour_of_its_own(path: Path) -> None:
    """Colours come from the palette, which is checked for contrast in light and dark."""
    text = path.read_text()
    assert not re.search(r"@import|url\((?!\"data:image/svg\+xml,)|expression\(|javascript:", text)
    used = [found for found in re.findall(r"#[0-9a-fA-F]{3,8}\b", text) if path.name != "style.css"]
    assert used == []


def test_numbers_and_ticks() -> None:
    made = environment().from_string("{{ n|thousands }} {{ text|ticks }}").render(n=12_345, text="`<b>` \u202e")
    assert made == "12,345 <code>&lt;b&gt;</code> ⟨U+202E⟩"
