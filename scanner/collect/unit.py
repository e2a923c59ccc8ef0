"""Reading one collection unit: call after call, each in the ledger, every page kept, every ending named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

import msgspec

from scanner.collect.ledger import Answer, Sender, api_call
from scanner.collect.outcome import Meaning, UnitStop, meaning_of
from scanner.model.common import JsonObject
from scanner.model.kinds import CALL
from scanner.model.snapshot import ApiCall, UnitError, UnitStatus


class Listed(Protocol):
    """What the list of calls says of an operation's answer; see `allowlist.ReadOnlyCall`."""

    @property
    def counts(self) -> tuple[str, ...]:
        """Return the keys whose lists are the items of a page."""
        ...

    @property
    def holds(self) -> str:
        """Return the key that every answer without lists has."""
        ...


class Client(Sender, Protocol):
    """A guarded client of one service in one region."""

    def listed(self, operation: str) -> Listed:
        """Return the entry of the read-only list. Raises `ForbiddenCallError` if there is none."""
        ...

    def send(self, operation: str, params: JsonObject) -> Answer:
        """Return the answer of one call."""
        ...


class UnitResult(msgspec.Struct, frozen=True):
    """A unit as it was read, before redaction and before the account id is known."""

    kind: str
    region: str
    status: UnitStatus
    pages: tuple[JsonObject, ...] = ()
    items: int = 0
    calls: tuple[ApiCall, ...] = ()
    error: UnitError | None = None
    cause: BaseException | None = None
    """The SDK's error behind `error`."""
    started: datetime | None = None
    ended: datetime | None = None


class Paging(msgspec.Struct, frozen=True):
    """How an operation pages: the answer's key, the parameter it goes into, and the key that says there is more."""

    token: str = "NextToken"
    parameter: str = "NextToken"
    more: str | None = None
    """None: a token says by its presence that there is more."""


IAM_PAGING = Paging(token="Marker", parameter="Marker", more="IsTruncated")
EKS_PAGING = Paging(token="nextToken", parameter="nextToken")
TOKEN_PAGING = Paging()


class UnitReader:
    """What the code that reads one unit calls; it keeps pages, ledger lines and the first failure."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.pages: list[JsonObject] = []
        self.calls: list[ApiCall] = []
        self.items = 0
        self.failure: Meaning | None = None
        self.cause: BaseException | None = None
        self._clock = clock

    def call(
        self,
        client: Client,
        operation: str,
        params: JsonObject | None = None,
        *,
        page: int = 1,
        absent: tuple[str, str] | None = None,
    ) -> JsonObject | None:
        """Send one call, keep its answer as a page and return it.

        `absent` is an error code and a part of its message by which the provider says "there is none": then the
        answer is None and the call counts as answered. Any other failure is in the ledger and raised.
        """
        asked = params or {}
        started = self._clock()
        try:
            answer = client.send(operation, asked)
            items = self._count(client.listed(operation), answer.data)
        except _failures() as error:
            if absent is not None and _says(error, *absent):
                self._answered_absent(client, operation, asked, started, error)
                return None
            self._record_failure(client, operation, asked, page, started, error)
            raise
        self._record(client, operation, asked, page, items, started, answer)
        return answer.data

    def _count(self, listed: Listed, data: JsonObject) -> int:
        """Return the items of an answer. Raises `UnitStop` if it lacks what such an answer consists of.

        The SDK takes any page of HTML for an empty answer where the protocol is JSON.
        """
        if listed.counts:
            found = any(isinstance(data.get(key), list) for key in listed.counts)
        else:
            found = data.get(listed.holds) is not None
        if not found:
            missing = "`, `".join(listed.counts or (listed.holds,))
            raise UnitStop(UnitStatus.ERROR, "MalformedAnswer", f"the answer has no `{missing}`")
        return sum(len(data.get(key) or ()) for key in listed.counts) if listed.counts else 1

    def _record(
        self, client: Client, operation: str, params: JsonObject, page: int, items: int, started: datetime, got: Answer
    ) -> None:
        self.items += items
        self.pages.append({CALL: {"operation": operation, "params": params}, **got.data})
        self.calls.append(
            api_call(
                client, operation, params, started=started, ended=self._clock(), answer=got, page=page, items=items
            )
        )

    def _answered_absent(
        self, client: Client, operation: str, params: JsonObject, started: datetime, error: BaseException
    ) -> None:
        meaning = meaning_of(error)
        said = {"Code": meaning.error.code, "Message": meaning.error.message}
        self.pages.append({CALL: {"operation": operation, "params": params, "error": said}})
        self.calls.append(
            api_call(
                client,
                operation,
                params,
                started=started,
                ended=self._clock(),
                answer=_answer_behind(error),
                items=0,
                error_code=meaning.error.code,
            )
        )

    def _record_failure(
        self, client: Client, operation: str, params: JsonObject, page: int, started: datetime, error: BaseException
    ) -> None:
        meaning = meaning_of(error)
        self.calls.append(
            api_call(
                client,
                operation,
                params,
                started=started,
                ended=self._clock(),
                answer=_answer_behind(error),
                page=page,
                items=0,
                outcome=meaning.status,
                error_code=meaning.error.code,
            )
        )

    def pages_of(
        self,
        client: Client,
        operation: str,
        params: JsonObject | None = None,
        paging: Paging = TOKEN_PAGING,
        *,
        absent: tuple[str, str] | None = None,
    ) -> Iterator[JsonObject]:
        """Yield all pages of an operation; none where the provider says `absent`, as in `call`.

        Raises `UnitStop` (truncated) where the provider stops before the end.
        """
        asked = dict(params or {})
        seen: set[str] = set()
        number = 1
        while True:
            answer = self.call(client, operation, dict(asked), page=number, absent=absent)
            if answer is None:
                return
            line = len(self.calls) - 1  # whoever takes the page may send calls of its own
            yield answer
            token = self._next(operation, answer, paging, seen, line)
            if token is None:
                return
            seen.add(token)
            asked[paging.parameter] = token
            number += 1

    def _next(self, operation: str, answer: JsonObject, paging: Paging, seen: set[str], line: int) -> str | None:
        token = answer.get(paging.token) or None
        if paging.more is not None and answer.get(paging.more) is not True:
            return None
        if token is None and paging.more is None:
            return None
        if not isinstance(token, str):
            raise self._cut_off(f"{operation} says that there is more, but not where", line)
        if token in seen:
            raise self._cut_off(f"{operation} sends the same page again and again", line)
        return token

    def _cut_off(self, message: str, line: int) -> UnitStop:
        """Return the stop, and let the ledger's line of that call say so too."""
        self.calls[line] = msgspec.structs.replace(self.calls[line], outcome=UnitStatus.TRUNCATED)
        return UnitStop(UnitStatus.TRUNCATED, "Truncated", message)

    def keep_going(self, read: Callable[[], None]) -> None:
        """Run one part of a unit; a part that is refused or broken fails the unit, but not the parts after it.

        What the other parts show may already be a violation. Throttling and time-outs stop the unit at once.
        """
        try:
            read()
        except _failures() as error:
            meaning = meaning_of(error)
            if meaning.status in (UnitStatus.THROTTLED, UnitStatus.TIMEOUT):
                raise
            self.fail(meaning, error)

    def fail(self, meaning: Meaning, cause: BaseException | None = None) -> None:
        """Note why the unit is not complete; the first reason stands."""
        if self.failure is None:
            self.failure, self.cause = meaning, cause


def _failures() -> tuple[type[Exception], ...]:
    """Return the errors that end a call, all named; an SDK that was never loaded raised nothing.

    ValueError is what botocore's parser raises on times that are none; ResponseParserError is outside its tree.
    The clients of other clouds turn their SDK's errors into `UnitStop` where they enter.
    """
    if "botocore" not in sys.modules:
        return (UnitStop, ValueError)
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return (BotoCoreError, ClientError, ResponseParserError, UnitStop, ValueError)


def _says(error: BaseException, code: str, part: str) -> bool:
    found = meaning_of(error).error
    return found.code == code and part in found.message


def _answer_behind(error: BaseException) -> Answer:
    response = getattr(error, "response", None)
    return Answer.of(response) if isinstance(response, dict) else Answer(data={})


def read_unit(
    kind: str,
    region: str,
    read: Callable[[UnitReader], None],
    *,
    clock: Callable[[], datetime],
    expired: Callable[[], bool],
    reader: UnitReader | None = None,
) -> UnitResult:
    """Return how reading a unit ended, with everything that was read before it ended.

    After the deadline nothing is sent: the unit is `not_attempted`. `ForbiddenCallError` is never caught here.
    What was sent earlier, for another target, makes the unit begin earlier.
    """
    started = clock()
    if expired():
        late = UnitError("DeadlineExceeded", "the time allowed for the whole collection was over before this unit")
        return UnitResult(kind, region, UnitStatus.NOT_ATTEMPTED, error=late, started=started, ended=started)
    reader = reader or UnitReader(clock)
    try:
        read(reader)
    except _failures() as error:
        reader.fail(meaning_of(error), error)
    failure = reader.failure
    return UnitResult(
        kind=kind,
        region=region,
        status=failure.status if failure else UnitStatus.COMPLETE,
        pages=tuple(reader.pages),
        items=reader.items,
        calls=tuple(reader.calls),
        error=failure.error if failure else None,
        cause=reader.cause,
        started=min([started, *(call.started for call in reader.calls)]),
        ended=_ended(reader.calls, clock),
    )


def _ended(calls: list[ApiCall], clock: Callable[[], datetime]) -> datetime:
    """Return when reading ended; before now, where nothing was sent because it all had been sent before."""
    before = bool(calls) and not any(call.attempts for call in calls)
    return max(call.ended for call in calls) if before else clock()
