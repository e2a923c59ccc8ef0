"""What services declare, in words for people: the same on a terminal and on a page."""

from __future__ import annotations

from typing import Final

import msgspec

from scanner.model.report import Report
from scanner.model.services import (
    AS_DOCUMENTED,
    FOR_A_PERSON,
    NO_ACCESS,
    NOT_AS_DOCUMENTED,
    NOT_JUDGED,
    NOT_PROVEN,
    RISK,
    SERVICE_VERDICTS,
    ServiceReview,
)
from scanner.render.text import count, one_line, shorten

SIGNS: Final = {
    AS_DOCUMENTED: ("✓", "good"),
    NOT_AS_DOCUMENTED: ("✗", "bad"),
    NOT_PROVEN: ("…", "open"),
    FOR_A_PERSON: ("?", "open"),
    RISK: ("!", "risk"),
    NO_ACCESS: ("–", "none"),
    NOT_JUDGED: ("–", "none"),
}
"""Verdict -> sign and tone."""
_NOTHING: Final = {
    NO_ACCESS: "nothing to look for: it is no access to a cloud",
    NOT_JUDGED: "not looked for: its cloud is not part of this scan",
}
_REASONS_SHOWN: Final = 4
_LIVE_SHOWN: Final = 6


class ServiceLine(msgspec.Struct, frozen=True):
    """One connection, ready to be shown."""

    who: str
    type: str
    declared: str
    where: str
    live: tuple[str, ...]
    nothing: str
    """What to say in place of `live` where that is empty."""
    verdict: str
    sign: str
    tone: str
    reasons: tuple[str, ...]
    more: int
    """Reasons that are not shown."""


def service_lines(report: Report) -> tuple[ServiceLine, ...]:
    """Return a line per connection, in file and line order."""
    return tuple(service_line(review) for review in report.services)


def service_line(review: ServiceReview) -> ServiceLine:
    """Return one connection's line; names come from files and clouds, so unseen characters are written out."""
    sign, tone = SIGNS.get(review.verdict, ("…", "open"))
    who = f"{review.app}/{review.service}" if review.app else review.service
    live = [one_line(text, 200) for text in review.live[:_LIVE_SHOWN]]
    hidden = len(review.live) - len(live)
    reasons = tuple(shorten(text, 500) for text in dict.fromkeys(review.reasons))
    return ServiceLine(
        who=one_line(who, 120),
        type=one_line(review.type or "unknown", 60),
        declared=one_line(review.declared, 200) or "not understood",
        where=one_line(f"{review.file} line {review.line}", 200),
        live=(*live, f"and {hidden} more") if hidden > 0 else tuple(live),
        nothing=_NOTHING.get(review.verdict, "nothing was found"),
        verdict=review.verdict,
        sign=sign,
        tone=tone,
        reasons=reasons[:_REASONS_SHOWN],
        more=max(0, len(reasons) - _REASONS_SHOWN),
    )


def service_totals(report: Report) -> str:
    """Return how many connections there are and what they came to, worst first."""
    files = len({review.file for review in report.services})
    counts = [(word, sum(r.verdict == word for r in report.services)) for word in SERVICE_VERDICTS]
    told = ", ".join(f"{number} {word}" for word, number in counts if number)
    return f"{count(len(report.services), 'connection')} in {count(files, 'file')}: {told}"
