"""What an error of Google's libraries means for the unit that was being read."""

from __future__ import annotations

from scanner.collect.outcome import UnitStop
from scanner.model.snapshot import UnitStatus

CREDENTIALS_REFUSED = "CredentialsRefused"
UNREACHABLE = "Unreachable"
_MAX_MESSAGE = 500


def failures() -> tuple[type[Exception], ...]:
    """Return the errors that end a call, all named.

    ValueError is what a body that is no JSON, or no such message, ends in (protobuf's ParseError included).
    """
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from google.protobuf.json_format import Error as JsonFormatError
    from google.protobuf.message import Error as MessageError
    from requests.exceptions import RequestException

    return (GoogleAPIError, GoogleAuthError, RequestException, JsonFormatError, MessageError, ValueError)


def stop_of(error: Exception) -> UnitStop:
    """Return the stop an error stands for. An unknown error is `error`, never "nothing there"."""
    from google.api_core import exceptions as api
    from google.auth.exceptions import GoogleAuthError, TransportError
    from requests.exceptions import ConnectionError as NoConnection
    from requests.exceptions import RequestException, Timeout

    text = " ".join(str(error).split())[:_MAX_MESSAGE]
    if isinstance(error, api.GoogleAPICallError):
        return _answered(error, text)
    if isinstance(error, TransportError | NoConnection):
        timed_out = isinstance(error, Timeout)
        return UnitStop(UnitStatus.TIMEOUT, "Timeout" if timed_out else UNREACHABLE, "nobody answered")
    if isinstance(error, GoogleAuthError):
        return UnitStop(UnitStatus.DENIED, CREDENTIALS_REFUSED, text)
    if isinstance(error, Timeout):
        return UnitStop(UnitStatus.TIMEOUT, "Timeout", "no answer in time")
    if isinstance(error, RequestException) and not isinstance(error, ValueError):
        return UnitStop(UnitStatus.ERROR, "CutAnswer", "the answer did not come to its end")
    return UnitStop(UnitStatus.ERROR, "MalformedAnswer", "the answer is not what this API answers")


def _answered(error: Exception, text: str) -> UnitStop:
    """Return the stop of an error that the API itself sent: REST and gRPC raise the same classes.

    gRPC's 403 is a subclass of REST's; a deadline that passed in the library comes as 504.
    """
    from google.api_core import exceptions as api

    if "SERVICE_DISABLED" in text or "has not been used in project" in text:
        return UnitStop(UnitStatus.DENIED, "ApiDisabled", text)
    match error:
        case api.Forbidden():
            return UnitStop(UnitStatus.DENIED, "PermissionDenied", text)
        case api.Unauthorized():
            return UnitStop(UnitStatus.DENIED, CREDENTIALS_REFUSED, text)
        case api.TooManyRequests():
            return UnitStop(UnitStatus.THROTTLED, "QuotaExceeded", text)
        case api.ServiceUnavailable():
            return UnitStop(UnitStatus.ERROR, "Unavailable", text)
        case api.GatewayTimeout():
            return UnitStop(UnitStatus.TIMEOUT, "Timeout", text)
        case api.NotFound():
            return UnitStop(UnitStatus.UNSTABLE, "NotFound", text)
    return UnitStop(UnitStatus.ERROR, type(error).__name__, text)
