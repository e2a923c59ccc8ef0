"""Turn the bytes of a saved page into plain lines with the numbers of the file: encodings, styles, odd characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from scanner.baseline.page.html import html_lines
from scanner.baseline.page.markdown import markdown_lines
from scanner.baseline.page.records import Line, PageNote
from scanner.baseline.yaml_text import MAX_BYTES
from scanner.errors import BaselineError

_EXCERPT_CHARS = 60
_HTML = re.compile(r"<!doctype html|<html[\s>]|<t[dr][\s>]|<table[\s>]", re.IGNORECASE)
_MARKDOWN = re.compile(r"^\s{0,3}#{1,6}\s+\S|^\s*```|<br\s*/?>|^---\s*$", re.MULTILINE | re.IGNORECASE)
_MDX = re.compile(r"^\s*(?:import|export)\s+[\w{]|^\s*</?[A-Z]\w*[\s/>]", re.MULTILINE)
# What copying from a browser or a word processor leaves behind.
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))
_STRAIGHT = {0x201C: '"', 0x201D: '"', 0x201E: '"', 0x00A0: " ", 0x202F: " ", 0x2011: "-"}
# UTF-8 that was read as Windows-1252 and saved again starts so for every typographic sign.
_TWICE_ENCODED = "\u00e2\u20ac"


class PageText(msgspec.Struct, frozen=True):
    """A page as plain lines."""

    style: str
    """`text`, `markdown`, `mdx` or `html`."""
    lines: tuple[Line, ...]
    notices: tuple[PageNote, ...]


def read_page(data: bytes) -> PageText:
    """Return the page's lines, whatever its encoding and style, told by content.

    Raises `BaselineError` if it is empty, too large, or not text.
    """
    if len(data) > MAX_BYTES:
        raise BaselineError(f"the page is larger than {MAX_BYTES} bytes")
    texts, notices = _decoded(data)
    whole = "\n".join(texts)
    if not whole.strip():
        raise BaselineError("the page is empty")
    style = _style(whole)
    lines = html_lines(whole) if style == "html" else markdown_lines(texts) if style != "text" else _numbered(texts)
    return PageText(style, tuple(lines), tuple(notices))


def _style(text: str) -> str:
    if _HTML.search(text):
        return "html"
    if _MDX.search(text):
        return "mdx"
    return "markdown" if _MARKDOWN.search(text) else "text"


def _numbered(texts: Sequence[str]) -> list[Line]:
    return [Line(number, text) for number, text in enumerate(texts, 1)]


def _decoded(data: bytes) -> tuple[list[str], list[PageNote]]:
    """Return the lines as text; each line that is not UTF-8 is read as Windows-1252, and named."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode("utf-8")
    if b"\0" in data:
        raise BaselineError("the page is not text")
    texts: list[str] = []
    notices: list[PageNote] = []
    for number, raw in enumerate(re.split(rb"\r\n|\n|\r", data), 1):
        text, why = _line(raw)
        text = text.translate(_INVISIBLE).translate(_STRAIGHT)
        if why:
            notices.append(PageNote(number, text.strip()[:_EXCERPT_CHARS], why))
        texts.append(text)
    return texts, notices


def _line(raw: bytes) -> tuple[str, str]:
    """Return a line's text, and what was wrong with its encoding."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), "not UTF-8: read as Windows-1252"
    if _TWICE_ENCODED in text:
        try:
            return text.encode("cp1252").decode("utf-8"), "encoded twice: read as it was meant"
        except UnicodeError:
            return text, ""
    return text, ""
