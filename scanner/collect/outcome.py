"""What an SDK error means for the unit that was being read; known by its name, never by its class tree."""

from __future__ import annotations

from typing import Any

import msgspec

from scanner.errors import PorterAuditError
from scanner.model.snapshot import UnitError, UnitStatus

DENIED_CODES = frozenset(
    {
        "401",
        "403",
        "Forbidden",
        "UnauthorizedOperation",
        "UnauthorizedAccess",
        "UnauthorizedException",
        "NotAuthorized",
        "NotAuthorizedException",
        "AuthorizationError",
        "AuthorizationErrorException",
    }
)
THROTTLED_CODES = frozenset(
    {
        "429",
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
TIMEOUT_CODES = frozenset({"408", "504", "RequestTimeout", "RequestTimeoutException", "GatewayTimeout"})
GONE_CODES = frozenset({"NoSuchEntity", "NoSuchEntityException", "ResourceNotFoundException", "NotFoundException"})
"""What was listed a moment ago is gone: the account changed while it was read."""
LOST_CONNECTION = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "EndpointConnectionError",
        "HTTPClientError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
        "SSLError",
    }
)
"""Names of SDK errors that say nobody answered, or not to the end."""


class Meaning(msgspec.Struct, frozen=True):
    """How the unit ends, and why."""

    status: UnitStatus
    error: UnitError


class UnitStop(PorterAuditError):
    """Reading a unit ends here: the deadline, an answer that cannot be the whole one, an error of known meaning."""

    def __init__(
        self,
        status: UnitStatus,
        code: str,
        message: str,
        *,
        http_status: int | None = None,
        response: dict[str, Any] | None = None,
    ) -> None:
        """`response` holds `ResponseMetadata` as botocore's errors do, where an answer came."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.http_status = http_status
        self.response = response


def meaning_of(error: BaseException) -> Meaning:
    """Return what an error means. An unknown error is `error`, never "nothing there"."""
    if isinstance(error, UnitStop):
        return Meaning(error.status, UnitError(error.code, str(error), error.http_status))
    response = getattr(error, "response", None)
    if not isinstance(response, dict) or "Error" not in response:
        name = type(error).__name__
        status = UnitStatus.TIMEOUT if name in LOST_CONNECTION else UnitStatus.ERROR
        return Meaning(status, UnitError(name, str(error)))
    code = str(response["Error"].get("Code") or "Unknown")
    http_status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    message = str(response["Error"].get("Message") or "")
    return Meaning(_status_of(code, http_status), UnitError(code, message, http_status))


def _status_of(code: str, http_status: int | None) -> UnitStatus:
    # EC2 puts `Client.` in front of some codes.
    plain = code.removeprefix("Client.")
    if plain.startswith("AccessDenied") or plain in DENIED_CODES:
        return UnitStatus.DENIED
    if plain.startswith("Throttl") or plain in THROTTLED_CODES or http_status == 429:
        return UnitStatus.THROTTLED
    if plain in TIMEOUT_CODES:
        return UnitStatus.TIMEOUT
    if plain in GONE_CODES:
        return UnitStatus.UNSTABLE
    return UnitStatus.ERROR
