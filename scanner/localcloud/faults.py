"""Scripted faults of a loopback cloud: which calls go wrong, how, and how often."""

from __future__ import annotations

from enum import Enum
from threading import Lock

import msgspec


class FaultKind(str, Enum):
    """How a call goes wrong."""

    DENIED = "denied"
    SCP = "scp"
    """Denied, and the message names a service control policy."""
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    """The answer does not come before the caller gives up."""
    TRUNCATED = "truncated"
    """The answer says that there is more, and gives no way, or no end, to fetch it."""
    MALFORMED = "malformed"
    """Status 200 with a body that is not the protocol's."""
    CUT = "cut"
    """The connection ends in the middle of the body."""
    UNAVAILABLE = "unavailable"
    """Status 503, as from an overloaded service."""


class Fault(msgspec.Struct, frozen=True):
    """One scripted fault."""

    operation: str
    """As in the provider's API reference, without the service; `*` is every operation."""
    kind: FaultKind
    region: str | None = None
    """None: in every region."""
    service: str | None = None
    after: int = 0
    """Let so many matching calls pass first; the way to break page 2."""
    times: int | None = None
    """Break so many calls, then recover. None: for ever."""
    contains: str = ""
    """Only calls whose parameters or path hold this text."""


class FaultBook:
    """The faults in force, and how often each has met a call. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults: list[Fault] = []
        self._seen: list[int] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)
            self._seen.append(0)

    def clear(self) -> None:
        """Take all faults back."""
        with self._lock:
            self._faults.clear()
            self._seen.clear()

    def strike(self, service: str, operation: str, region: str, text: str) -> FaultKind | None:
        """Return how this call goes wrong, or None; the first fault that applies decides."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not _matches(fault, service, operation, region, text):
                    continue
                met = self._seen[index]
                self._seen[index] += 1
                if met >= fault.after and (fault.times is None or met < fault.after + fault.times):
                    return fault.kind
        return None


def _matches(fault: Fault, service: str, operation: str, region: str, text: str) -> bool:
    return (
        fault.operation in ("*", operation)
        and fault.region in (None, region)
        and fault.service in (None, service)
        and fault.contains in text
    )
