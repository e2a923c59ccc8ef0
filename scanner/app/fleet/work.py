"""What is handed to whoever reads a target, and what comes back. Both can travel to another process or machine."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from scanner.app.outputs import Format
from scanner.model.config import Thresholds
from scanner.model.fleet import FleetTarget, TargetResult
from scanner.model.history import Previous
from scanner.model.waiver import Waiver

if TYPE_CHECKING:
    from scanner.evidence.bundle import Contents


class Work(msgspec.Struct, frozen=True):
    """One target, and everything that decides what comes of it. No secret is in here, only where it is found."""

    target: FleetTarget
    fleet_run_id: str
    thresholds: Thresholds
    ends_at: datetime
    """When the whole run is over."""
    target_deadline_s: float
    key_check: str
    """Tells whether the reader has the same installation key: tokens of ExternalIds would differ with another."""
    formats: tuple[Format, ...] = ()
    bundle: str | None = None
    waivers: tuple[Waiver, ...] = ()
    with_history: bool = False
    previous: Previous | None = None
    history_lost: bool = False
    argv: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True):
    """What reading a target brought."""

    result: TargetResult
    files: dict[str, bytes]
    """Report files by name; none where not even a report of the gap could be made."""
    bundle: Contents | None = None
    """For the evidence bundle: it is signed and written where the run is led, so that no key travels."""
