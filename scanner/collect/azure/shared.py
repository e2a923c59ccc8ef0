"""What subscriptions of one tenant share in a fleet run: each list of the tenant is read once, and kept for a while.

Only whole lists are kept, and only if they were read to their end: whoever meets a failure says so, and the next asks
for itself. Every taker has pages and ledger lines of its own. Its lines tell when the request was really sent and with
which id, and that it was not sent for this taker: `attempts` is 0.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

import msgspec

from scanner.collect.azure.session import AzureSession
from scanner.collect.outcome import UnitStop
from scanner.collect.unit import TOKEN_PAGING, Client, Paging, UnitReader
from scanner.model.common import JsonObject
from scanner.model.snapshot import ApiCall, UnitStatus

MAX_AGE = timedelta(seconds=900)
"""How old a list may be that is taken: as old as a list may be that one target reads for itself, by default."""


class Kept(msgspec.Struct, frozen=True):
    """One list that was read to its end."""

    pages: tuple[bytes, ...]
    """JSON: takers remove traces of secrets in place, each from pages of its own."""
    calls: tuple[ApiCall, ...]
    items: int


class TenantAnswers:
    """The lists that one reader had of one tenant in one run. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._turns: dict[str, Lock] = {}
        self._kept: dict[str, Kept] = {}

    @contextmanager
    def turn(self, key: str, left_s: float) -> Iterator[None]:
        """Hold one list: nobody else reads it meanwhile. Raises `UnitStop` if the time is over before it is free."""
        with self._lock:
            turn = self._turns.setdefault(key, Lock())
        if not turn.acquire(timeout=max(0.0, left_s)):
            message = "the time allowed was over while another target of the run was reading the same of the tenant"
            raise UnitStop(UnitStatus.TIMEOUT, "DeadlineExceeded", message)
        try:
            yield
        finally:
            turn.release()

    def kept(self, key: str, now: datetime) -> Kept | None:
        """Return a list that was read not too long ago."""
        with self._lock:
            found = self._kept.get(key)
        return found if found is not None and now - found.calls[0].started <= MAX_AGE else None

    def keep(self, key: str, read: Kept) -> None:
        """Keep a list, in place of an older one."""
        with self._lock:
            self._kept[key] = read


class _Runs:
    """The answers of the run that this process works for; those of a run before are let go."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._run_id = ""
        self._tenants: dict[tuple[str, ...], TenantAnswers] = {}

    def of(self, run_id: str, who: tuple[str, ...]) -> TenantAnswers:
        with self._lock:
            if run_id != self._run_id:
                self._run_id, self._tenants = run_id, {}
            return self._tenants.setdefault(who, TenantAnswers())


_RUNS = _Runs()


def answers_for(session: AzureSession) -> TenantAnswers | None:
    """Return what subscriptions share whose tenant, reader and run are the same; None where one is not known."""
    run_id, claims = session.options.fleet_run_id, session.claims
    reader = claims.get("oid") or claims.get("appid")
    if run_id is None or "tid" not in claims or reader is None:
        return None
    return _RUNS.of(run_id, (session.endpoints.graph, claims["tid"], reader, claims.get("idtyp", "")))


class SharedReader(UnitReader):
    """Reads a unit of the tenant; a list that was read for another target of the run is taken from there."""

    def __init__(self, clock: Callable[[], datetime], answers: TenantAnswers, left_s: Callable[[], float]) -> None:
        super().__init__(clock)
        self._answers = answers
        self._left_s = left_s

    def pages_of(
        self,
        client: Client,
        operation: str,
        params: JsonObject | None = None,
        paging: Paging = TOKEN_PAGING,
        *,
        absent: tuple[str, str] | None = None,
    ) -> Iterator[JsonObject]:
        """Yield all pages, as `UnitReader.pages_of` does and raising what it raises."""
        key = json.dumps([client.service, operation, params or {}, absent], sort_keys=True)
        first, failure = len(self.pages), None
        with self._answers.turn(key, self._left_s()):
            kept = self._answers.kept(key, self._clock())
            if kept is not None:
                self._take(kept)
            else:
                failure = self._read(key, super().pages_of(client, operation, params, paging, absent=absent))
        yield from tuple(self.pages[first:])
        if failure is not None:
            raise failure

    def _read(self, key: str, pages: Iterator[JsonObject]) -> UnitStop | ValueError | None:
        """Read a list to its end and keep it; return what it failed with."""
        first_page, first_call, items = len(self.pages), len(self.calls), self.items
        try:
            for _ in pages:
                continue
        except (UnitStop, ValueError) as error:
            return error
        calls = tuple(msgspec.structs.replace(call, attempts=0) for call in self.calls[first_call:])
        made = tuple(msgspec.json.encode(page) for page in self.pages[first_page:])
        self._answers.keep(key, Kept(made, calls, self.items - items))
        return None

    def _take(self, kept: Kept) -> None:
        self.pages += [msgspec.json.decode(page) for page in kept.pages]
        self.calls += kept.calls
        self.items += kept.items
