"""Teams' form of a message: an adaptive card for a workflow's webhook.

Of a card's elements only `TextBlock` and `Fact` read Markdown, and none reads HTML (read 2026-11-22:
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format). Text runs show what they
hold.
"""

from __future__ import annotations

import json
from typing import Any

from scanner.notify.message import Line, Mark, Message, Part

_CARD = "application/vnd.microsoft.card.adaptive"


def teams_body(message: Message) -> bytes:
    """Return the body of the request, as UTF-8 JSON."""
    title = Line((Part(message.subject, Mark.STRONG),))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [_block(line) for line in (title, *message.lines)],
    }
    body = {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}
    return json.dumps(body, sort_keys=True, ensure_ascii=True).encode()


def _block(line: Line) -> dict[str, Any]:
    bullet = (Part("• "),) if line.item else ()
    return {"type": "RichTextBlock", "inlines": [_run(part) for part in (*bullet, *line.parts)]}


def _run(part: Part) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "TextRun", "text": part.text}
    match part.mark:
        case Mark.STRONG:
            run["weight"] = "Bolder"
        case Mark.CODE:
            run["fontType"] = "Monospace"
        case Mark.PLAIN:
            pass
    return run
