"""Small vocabulary used by all other records: JSON, outcomes of reading, evidence pointers."""

from __future__ import annotations

from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

JsonObject: TypeAlias = dict[str, Any]
"""A provider's JSON object as received; treat as immutable."""

T = TypeVar("T")


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
