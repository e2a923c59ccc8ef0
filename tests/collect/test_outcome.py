"""What errors mean for a unit, by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore import exceptions
from botocore.parsers import ResponseParserError

from scanner.collect.outcome import UnitStop, meaning_of
from scanner.model.snapshot import UnitStatus


def client_error(code: str, http: int = 400) -> exceptions.ClientError:
    answer = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": http}}
    return exceptions.ClientError(answer, "Operation")  # type: ignore[arg-type]


CODES = {
    UnitStatus.DENIED: [
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
    ],
    UnitStatus.THROTTLED: ["Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"],
    UnitStatus.TIMEOUT: ["RequestTimeout", "504"],
    UnitStatus.UNSTABLE: ["NoSuchEntity", "ResourceNotFoundException"],
    UnitStatus.ERROR: ["InternalFailure", "ValidationError", "ExpiredToken", "NeverHeardOf"],
}


@pytest.mark.parametrize(("status", "code"), [(status, code) for status, codes in CODES.items() for code in codes])
def test_a_providers_error_code_has_its_meaning(status: UnitStatus, code: str) -> None:
    meaning = meaning_of(client_error(code))
    assert (meaning.status, meaning.error.code, meaning.error.message) == (status, code, "why")


def test_too_many_requests_by_http_status_is_throttling() -> None:
    assert meaning_of(client_error("Odd", 429)).status is UnitStatus.THROTTLED


LOCAL = [
    (exceptions.ReadTimeoutError(endpoint_url="x"), UnitStatus.TIMEOUT),
    (exceptions.ConnectTimeoutError(endpoint_url="x"), UnitStatus.TIMEOUT),
    (exceptions.EndpointConnectionError(endpoint_url="x"), UnitStatus.TIMEOUT),
    (exceptions.ConnectionClosedError(endpoint_url="x"), UnitStatus.TIMEOUT),
    (exceptions.ProxyConnectionError(proxy_url="x"), UnitStatus.TIMEOUT),
    (exceptions.SSLError(endpoint_url="x", error=OSError("y")), UnitStatus.TIMEOUT),
    (exceptions.NoCredentialsError(), UnitStatus.ERROR),
    (exceptions.ParamValidationError(report="x"), UnitStatus.ERROR),
    (ResponseParserError("bad xml"), UnitStatus.ERROR),
    (ValueError("bad time"), UnitStatus.ERROR),
]


@pytest.mark.parametrize(("error", "status"), LOCAL, ids=lambda value: type(value).__name__)
def test_an_error_of_the_sdk_has_its_meaning_by_name(error: Exception, status: UnitStatus) -> None:
    meaning = meaning_of(error)
    assert (meaning.status, meaning.error.code) == (status, type(error).__name__)


def test_a_stop_of_our_own_says_why() -> None:
    meaning = meaning_of(UnitStop(UnitStatus.TRUNCATED, "Truncated", "no marker"))
    assert (meaning.status, meaning.error.code, meaning.error.message) == (
        UnitStatus.TRUNCATED,
        "Truncated",
        "no marker",
    )


def test_no_error_ever_means_that_all_was_read() -> None:
    errors = [client_error(code) for codes in CODES.values() for code in codes] + [error for error, _ in LOCAL]
    assert UnitStatus.COMPLETE not in {meaning_of(error).status for error in errors}


COLLECT = Path(__file__).resolve().parents[2] / "scanner" / "collect"
SOURCES = {str(file.relative_to(COLLECT)): file.read_text() for file in COLLECT.rglob("*.py")}


def test_nothing_in_the_collector_catches_everything() -> None:
    assert [name for name, text in SOURCES.items() if "except Exception" in text or "except:" in text] == []


def test_clients_are_made_in_one_place_where_the_guard_is() -> None:
    made = [name for name, text in SOURCES.items() for _ in range(text.count("_session.client("))]
    assert made.count("aws/session.py") == 1
    assert [name for name, text in SOURCES.items() if "boto3.client(" in text or "boto3.resource(" in text] == []
