"""Turn Markdown and MDX into plain lines, one for one: headings, emphasis, links, code marks, tags and entities."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from scanner.baseline.page.records import Line

_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(?P<text>.*?)(?:\s+#+)?\s*\Z")
_HEADING_ANCHOR = re.compile(r"\s*\{#[\w-]+\}\s*\Z|\s*\[#[\w-]+\]\s*\Z")
_MODULE_LINE = re.compile(r"\s*(?:import|export)\s+[\w{*]")
# What stands between two marks is bounded: a line of marks without ends must not cost the square of its length.
_COMMENT = re.compile(r"\{/\*.{0,500}?\*/\}|<!--.{0,500}?-->")
_CODE = re.compile(r"(?P<marks>`+)(?P<code>.+?)(?P=marks)")
_LINK = re.compile(r"!?\[(?P<text>[^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_BOLD = re.compile(r"(?P<marks>\*\*|__)(?P<text>[^\s*](?:.{0,300}?[^\s])?)(?P=marks)")
_JSX_TEXT = re.compile(r"\{\s*([\"'])(?P<text>.{0,300}?)\1\s*\}")
_ESCAPE = re.compile(r"\\([*_<>{}\[\]()#.!~-])")
# A component, or an element of HTML: `<account-id>` and `<hash>` are placeholders, not tags.
_TAG = re.compile(
    r"</?(?P<name>[A-Z]\w*|a|b|code|details|div|em|h[1-6]|i|img|li|ol|p|pre|section|span|strong|summary|sub|sup|u|ul)"
    r"(?P<attributes>(?:\s+[\w-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{[^{}]*\}))?)*)\s*/?>"
)
_TITLE = re.compile(r"\btitle=(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)')")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_FENCE = re.compile(r"\s*(?:```|~~~)")


def markdown_lines(texts: Iterable[str]) -> list[Line]:
    """Return one plain line per line; breaks inside table cells stay as `<br/>`, code fences as they are."""
    return [Line(number, text) for number, text in enumerate(_plain(texts), 1)]


def _plain(texts: Iterable[str]) -> Iterator[str]:
    fenced, depth = False, 0
    for text in texts:
        if depth:
            depth += _opened(text)
            yield text
        elif _FENCE.match(text):
            fenced = not fenced
            yield ""
        elif fenced:
            yield text
        elif _MODULE_LINE.match(text):
            _, _, value = text.partition("=")
            depth = max(0, _opened(value))
            yield value
        else:
            yield plain_line(text)


def _opened(text: str) -> int:
    """Return how many braces a line of an exported object opens beyond those it closes."""
    code = _QUOTED.sub("", text)
    return code.count("{") - code.count("}")


def plain_line(text: str) -> str:
    """Return one line without its marks; what stands in backticks is taken as it is."""
    heading = _HEADING.match(text)
    if heading is not None:
        text = _HEADING_ANCHOR.sub("", heading["text"])
    pieces: list[str] = []
    at = 0
    for code in _CODE.finditer(text):
        pieces += [_inline(text[at : code.start()]), code["code"].strip() if len(code["marks"]) > 1 else code["code"]]
        at = code.end()
    return "".join([*pieces, _inline(text[at:])])


def _inline(text: str) -> str:
    text = _COMMENT.sub("", text)
    text = _TAG.sub(_title, text)
    text = _JSX_TEXT.sub(lambda match: match["text"], text)
    text = _LINK.sub(lambda match: match["text"], text)
    text = _BOLD.sub(lambda match: match["text"], text)
    return html.unescape(_ESCAPE.sub(r"\1", text))


def _title(match: re.Match[str]) -> str:
    """Return the title of a component that has one: an accordion's title is its heading."""
    found = _TITLE.search(match["attributes"])
    return (found["double"] or found["single"] or "") if found else ""
