"""The ledger: one line per call that was sent, whatever became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from scanner.model.common import JsonObject
from scanner.model.snapshot import ApiCall, UnitStatus


class Sender(Protocol):
    """What the ledger notes of the client that sent a call."""

    service: str
    region: str
    endpoint_host: str | None

    @property
    def attempts(self) -> int:
        """Return how many HTTP requests the last call took."""
        ...


class Answer(msgspec.Struct, frozen=True):
    """One answer: the data as JSON, and what the transport said of it."""

    data: JsonObject
    request_id: str | None = None
    http_status: int | None = None
    server_date: str | None = None

    @classmethod
    def of(cls, response: dict[str, Any]) -> Answer:
        """Return an SDK's response (or an SDK error's) as plain JSON with its metadata apart."""
        metadata = response.get("ResponseMetadata", {})
        headers = metadata.get("HTTPHeaders", {})
        data = {key: as_json(value) for key, value in response.items() if key != "ResponseMetadata"}
        return cls(
            data=data,
            request_id=metadata.get("RequestId"),
            http_status=metadata.get("HTTPStatusCode"),
            server_date=headers.get("date"),
        )


def as_json(value: Any) -> Any:
    """Return an SDK's value as JSON: times in RFC 3339 UTC, text as valid Unicode."""
    if isinstance(value, dict):
        return {as_json(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    return value


def api_call(
    client: Sender,
    operation: str,
    params: JsonObject,
    *,
    started: datetime,
    ended: datetime,
    answer: Answer,
    page: int = 1,
    items: int = 1,
    outcome: UnitStatus = UnitStatus.COMPLETE,
    error_code: str | None = None,
) -> ApiCall:
    """Return the ledger's line; `unit_id` is filled in when the account is known."""
    return ApiCall(
        unit_id="",
        service=client.service,
        operation=operation,
        region=client.region,
        params=params,
        page=page,
        items=items,
        outcome=outcome,
        started=started,
        ended=ended,
        attempts=client.attempts,
        request_id=answer.request_id,
        http_status=answer.http_status,
        error_code=error_code,
        endpoint_host=client.endpoint_host,
        server_date=answer.server_date,
    )
