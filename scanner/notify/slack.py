"""Slack's form of a message: an incoming webhook's body.

Slack reads `&`, `<` and `>` as control characters, so that `<!channel>` in a role's name would call everybody:
https://api.slack.com/reference/surfaces/formatting (read 2026-11-22). Names stand in code, where nothing is formatted.
"""

from __future__ import annotations

import json

from scanner.notify.message import Line, Mark, Message, Part

# A section takes 3,000 characters, a message 50 blocks.
_MAX_SECTION = 2_900


def slack_body(message: Message) -> bytes:
    """Return the body of the request, as UTF-8 JSON."""
    text = "\n".join(_line(line) for line in message.lines)
    body = {
        "text": escaped(message.subject),
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": message.subject[:150], "emoji": False}},
            *(
                {"type": "section", "text": {"type": "mrkdwn", "text": part, "verbatim": True}}
                for part in _sections(text)
            ),
        ],
    }
    return json.dumps(body, sort_keys=True, ensure_ascii=True).encode()


def escaped(text: str) -> str:
    """Return text in which Slack finds neither mention nor link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _line(line: Line) -> str:
    return ("• " if line.item else "") + "".join(_part(part) for part in line.parts)


def _part(part: Part) -> str:
    text = escaped(part.text)
    match part.mark:
        case Mark.CODE:
            return f"`{text.replace('`', chr(0x2BC))}`"
        case Mark.STRONG:
            return f"*{_unformatted(text).strip()}*{' ' if text.endswith(' ') else ''}"
        case Mark.PLAIN:
            return _unformatted(text)


def _unformatted(text: str) -> str:
    """Return text whose signs of format look the same and mean nothing: Slack has no escape for them."""
    return text.replace("*", "∗").replace("_", "＿").replace("~", "∼").replace("`", "ʼ")


def _sections(text: str) -> list[str]:
    """Return the text in pieces that fit, broken between lines."""
    made = [""]
    for line in text.split("\n"):
        if made[-1] and len(made[-1]) + len(line) >= _MAX_SECTION:
            made.append("")
        made[-1] += ("\n" if made[-1] else "") + line[:_MAX_SECTION]
    return made
