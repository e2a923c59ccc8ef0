"""Reading one GCP collection unit: call after call, each in the ledger, every page kept, every ending named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from scanner.collect.gcp.allowlist import gcp_call
from scanner.collect.gcp.session import GcpReading
from scanner.collect.ledger import Answer, api_call
from scanner.collect.outcome import Meaning, UnitStop, meaning_of
from scanner.collect.unit import UnitResult
from scanner.model.common import JsonObject
from scanner.model.kinds import CALL
from scanner.model.snapshot import ApiCall, UnitError, UnitStatus


class _Line(msgspec.Struct):
    """What the ledger notes of where a call went."""

    service: str
    region: str
    endpoint_host: str | None
    attempts: int


class GcpReader:
    """What the code that reads one unit calls; it keeps pages, ledger lines and the first failure."""

    def __init__(self, session: GcpReading, clock: Callable[[], datetime]) -> None:
        self.pages: list[JsonObject] = []
        self.calls: list[ApiCall] = []
        self.items = 0
        self.failure: Meaning | None = None
        self._session = session
        self._clock = clock

    def call(self, operation: str, params: JsonObject, *, page: int = 1) -> JsonObject:
        """Send one call, keep its answer as a page and return it. Raises `UnitStop`, which the ledger names too."""
        listed = gcp_call(operation)
        started = self._clock()
        try:
            answer = self._session.send(operation, params)
            if listed.holds and listed.holds not in answer.data:
                raise UnitStop(UnitStatus.ERROR, "MalformedAnswer", f"the answer has no `{listed.holds}`")
        except UnitStop as stop:
            self._note(operation, params, page, 0, started, Answer(data={}), stop)
            raise
        items = len(answer.data.get(listed.counts) or ()) if listed.counts else 1
        self.items += items
        self.pages.append({CALL: {"operation": operation, "params": params}, **answer.data})
        self._note(operation, params, page, items, started, answer, None)
        return answer.data

    def pages_of(self, operation: str, params: JsonObject) -> Iterator[JsonObject]:
        """Yield all pages of a list. Raises `UnitStop` (truncated) where the provider sends a page twice."""
        seen: set[str] = set()
        asked, number = dict(params), 1
        while True:
            answer = self.call(operation, dict(asked), page=number)
            line = len(self.calls) - 1  # whoever takes the page may send calls of its own
            yield answer
            token = answer.get("nextPageToken")
            if not token:
                return
            if token in seen:
                self.calls[line] = msgspec.structs.replace(self.calls[line], outcome=UnitStatus.TRUNCATED)
                raise UnitStop(UnitStatus.TRUNCATED, "Truncated", f"{operation} sends the same page again and again")
            seen.add(token)
            asked["pageToken"] = token
            number += 1

    def keep_going(self, read: Callable[[], object]) -> None:
        """Run one part of a unit; a part that fails fails the unit, but not the parts after it.

        What the other parts show may already be a violation. Throttling and time-outs stop the unit at once.
        """
        try:
            read()
        except UnitStop as stop:
            meaning = meaning_of(stop)
            if meaning.status in (UnitStatus.THROTTLED, UnitStatus.TIMEOUT):
                raise
            self.fail(meaning)

    def try_one(self, read: Callable[[], object]) -> None:
        """Run a part that the unit is complete without; the ledger says how it ended. Time-outs stop the unit."""
        try:
            read()
        except UnitStop as stop:
            if meaning_of(stop).status not in (UnitStatus.DENIED, UnitStatus.UNSTABLE):
                raise

    def fail(self, meaning: Meaning) -> None:
        """Note why the unit is not complete; the first reason stands."""
        self.failure = self.failure or meaning

    def _note(
        self,
        operation: str,
        params: JsonObject,
        page: int,
        items: int,
        started: datetime,
        answer: Answer,
        stop: UnitStop | None,
    ) -> None:
        endpoint = self._session.endpoint_of(operation)
        line = _Line(gcp_call(operation).service, self._session.region, endpoint, self._session.attempts)
        self.calls.append(
            api_call(
                line,
                operation,
                params,
                started=started,
                ended=self._clock(),
                answer=answer,
                page=page,
                items=items,
                outcome=stop.status if stop else UnitStatus.COMPLETE,
                error_code=stop.code if stop else None,
            )
        )


def read_gcp_unit(
    kind: str, read: Callable[[GcpReader], None], session: GcpReading, clock: Callable[[], datetime]
) -> UnitResult:
    """Return how reading a unit ended, with everything that was read before it ended.

    After the deadline nothing is sent: the unit is `not_attempted`. `ForbiddenCallError` is never caught here.
    """
    started = clock()
    if session.expired():
        late = UnitError("DeadlineExceeded", "the time allowed for the whole collection was over before this unit")
        return UnitResult(kind, "global", UnitStatus.NOT_ATTEMPTED, error=late, started=started, ended=started)
    reader = GcpReader(session, clock)
    try:
        read(reader)
    except UnitStop as stop:
        reader.fail(meaning_of(stop))
    failure = reader.failure
    return UnitResult(
        kind=kind,
        region="global",
        status=failure.status if failure else UnitStatus.COMPLETE,
        pages=tuple(reader.pages),
        items=reader.items,
        calls=tuple(reader.calls),
        error=failure.error if failure else None,
        started=started,
        ended=clock(),
    )
