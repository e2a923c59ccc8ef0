"""One connection that a service declares: what stands behind it live, and what came of judging it."""

from __future__ import annotations

from typing import Final

import msgspec

AS_DOCUMENTED: Final = "as documented"
NOT_AS_DOCUMENTED: Final = "not as documented"
NOT_PROVEN: Final = "not proven"
FOR_A_PERSON: Final = "for a person"
RISK: Final = "documented, at risk"
NOT_JUDGED: Final = "not in this scan"
NO_ACCESS: Final = "grants no access"
SERVICE_VERDICTS: Final = (NOT_AS_DOCUMENTED, NOT_PROVEN, FOR_A_PERSON, RISK, AS_DOCUMENTED, NO_ACCESS, NOT_JUDGED)
"""Worst first; the last two say that there is nothing to judge."""


class ServiceReview(msgspec.Struct, frozen=True):
    """One declared connection."""

    file: str
    line: int
    app: str | None
    service: str
    type: str
    cloud: str
    """aws, azure, gcp, or none."""
    declared: str
    """What the connection names."""
    scope_id: str | None
    """Account, project or subscription that answers for it; None: none that was read."""
    live: tuple[str, ...]
    """What stands behind it: the identity, then who in which cluster gets it."""
    verdict: str
    """One of `SERVICE_VERDICTS`."""
    reasons: tuple[str, ...]
    """Why it is not simply as documented, worst first."""
    findings: tuple[str, ...]
    """Ids of the findings it rests on."""
