"""Where the values of a report come from: calls, raw answers and what is known of the identities, ready to look up."""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from scanner.model.common import EvidencePointer
from scanner.model.pages import Excerpt, PageFile, page_number
from scanner.model.report import Report, RoleReview
from scanner.model.snapshot import ApiCall
from scanner.render.calls import Ledger


class Sources:
    """What evidence leads to, by unit and pointer; identities by ARN."""

    def __init__(self, report: Report) -> None:
        self.ledger = Ledger(report)
        self._pages: dict[str, list[PageFile]] = {}
        for page in report.pages:
            self._pages.setdefault(page.unit_id, []).append(page)
        self._excerpts = {(e.unit_id, e.pointer): e for e in report.excerpts}
        self._reviews = {review.arn: review for review in report.reviews if review.arn}

    def pages(self, unit_id: str) -> list[PageFile]:
        """Return a unit's raw answers as files, in order."""
        return self._pages.get(unit_id, [])

    def page(self, pointer: EvidencePointer) -> PageFile | None:
        """Return the file a pointer leads into; None where it names the unit as a whole, or there is no such file."""
        number = page_number(pointer.pointer)
        pages = self.pages(pointer.unit_id)
        return pages[number - 1] if number is not None and number <= len(pages) else None

    def files(self, pointer: EvidencePointer) -> list[PageFile]:
        """Return the file a pointer leads into; where it names the unit as a whole, all of the unit's files."""
        if page_number(pointer.pointer) is None:
            return self.pages(pointer.unit_id)
        page = self.page(pointer)
        return [page] if page is not None else []

    def excerpt(self, pointer: EvidencePointer) -> Excerpt | None:
        """Return the value a pointer leads to, where it names one."""
        return self._excerpts.get((pointer.unit_id, pointer.pointer))

    def review(self, key: str) -> RoleReview | None:
        """Return the review of the identity with this ARN."""
        return self._reviews.get(key)


def arn_path(key: str) -> str | None:
    """Return the path in the ARN of an IAM role, user or group, `/` if it has none; None for any other key."""
    parts = key.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] != "iam" or "/" not in parts[5]:
        return None
    return f"/{parts[5].partition('/')[2].rpartition('/')[0]}/".replace("//", "/")


def clock_skew_s(calls: Iterable[ApiCall]) -> int | None:
    """Return this machine's clock less the provider's in whole seconds, where they differ most.

    None where no answer told the time. The provider's clock has whole seconds, so that 1 means nothing.
    """
    found = (_skew_s(call) for call in calls)
    return max((skew for skew in found if skew is not None), key=lambda skew: (abs(skew), skew), default=None)


def _skew_s(call: ApiCall) -> int | None:
    if call.server_date is None:
        return None
    try:
        server = parsedate_to_datetime(call.server_date)
    except (TypeError, ValueError, IndexError):
        return None
    # "-0000" says that the zone is not known (RFC 5322, section 3.3).
    return None if server.tzinfo is None else round((call.ended - server).total_seconds())
