"""Small vocabulary used by all other records: JSON, outcomes of reading, evidence pointers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec

JsonObject: TypeAlias = dict[str, Any]
"""A provider's JSON object as received; treat as immutable."""

Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
"""A count as files hold it: more than any number of runs or findings, and a number to every reader and store."""

Grade: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^(critical|high|medium|low|info)\Z")]
"""A severity as files hold it."""

Sha256: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""A SHA-256 in lower-case hex as files hold it."""

T = TypeVar("T")


def check_moments(*moments: datetime | None) -> None:
    """Raise `ValueError` on a time without zone, or so near the edge of the calendar that reckoning with it leaves it.

    For `__post_init__` of records that are read from files: a reader then names the record that is wrong.
    """
    for moment in moments:
        if moment is not None and moment.tzinfo is None:
            raise ValueError("a time without zone")
        if moment is not None and not 99 < moment.year < 9900:
            raise ValueError("a time that is none of this program")


class EvidencePointer(msgspec.Struct, frozen=True):
    """Where in the snapshot a value was seen: `unit_id` plus a JSON pointer (RFC 6901) into the unit's `pages`."""

    unit_id: str
    pointer: str = ""


class Observed(msgspec.Struct, Generic[T], frozen=True, tag="observed"):
    """A value that was read."""

    value: T


class NotObserved(msgspec.Struct, frozen=True, tag="not_observed"):
    """Why there is no value. Never to be read as "there is none"."""

    reason: str
