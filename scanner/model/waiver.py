"""Waivers: what somebody accepted, why, until when and how far; and what came of each tonight."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec

from scanner.model.common import JsonObject, Whole, check_moments


class WaiverKind(str, Enum):
    """What the waiver says of what it matches."""

    ACCEPT = "accept"
    """The deviation is real and borne for a while."""
    FALSE_POSITIVE = "false_positive"
    """The owner says that it is none."""
    ACK = "ack"
    """A gap of collection is known; it stays a gap."""


class WaiverMatch(msgspec.Struct, frozen=True):
    """What a waiver is about: a fingerprint, a rule with a subject, or a collection unit."""

    fingerprint: str | None = None
    rule_id: str | None = None
    subject: str | None = None
    """Pattern for the subject's key: `*` is any text, `?` any one character."""
    unit: str | None = None
    """Pattern for the unit's id."""
    scope: str | None = None
    """Id of the account, project or subscription; None: any."""


class AllowedDeviation(msgspec.Struct, frozen=True):
    """One piece of access that may be in excess. A live piece is within it if each part is among those listed."""

    kind: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    conditions: JsonObject = {}
    principals: JsonObject = {}


class Ceiling(msgspec.Struct, frozen=True):
    """How far a waiver goes. Anything beyond breaks it."""

    content_hashes: tuple[str, ...] = ()
    deviations: tuple[AllowedDeviation, ...] = ()
    statuses: tuple[str, ...] = ()
    """For a collection gap: how reading may end, for example `denied`."""


class Waiver(msgspec.Struct, frozen=True):
    """One entry of waivers.yaml, checked."""

    id: str
    kind: WaiverKind
    match: WaiverMatch
    ceiling: Ceiling
    reason: str
    owner: str
    approved_by: str
    ticket: str
    created: datetime
    ends: datetime
    """First moment at which it is no longer in force."""
    expires: str
    """As written in the file; a date means the end of that day, UTC."""
    days: Whole
    """From `created` to `expires`."""

    def __post_init__(self) -> None:
        check_moments(self.created, self.ends)


class WaiverState(str, Enum):
    """How a waiver stands tonight."""

    IN_FORCE = "in_force"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    """Created later than the clock of the run."""


class WaiverRow(msgspec.Struct, frozen=True):
    """One line of the register: every waiver that was given to a run, and what it did."""

    id: str
    kind: WaiverKind
    state: WaiverState
    owner: str
    approved_by: str
    ticket: str
    reason: str
    created: datetime
    expires: str
    matched: tuple[str, ...] = ()
    """Finding ids it covers."""
    beyond: tuple[str, ...] = ()
    """Finding ids it is about but does not cover: beyond the ceiling, or over the limit for their severity."""
    units: tuple[str, ...] = ()
    """Collection units whose gap it acknowledges."""
    notes: tuple[str, ...] = ()
    """What is wrong with it, in words."""
