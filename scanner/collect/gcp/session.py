"""From options to Google clients: credentials, deadlines, bounded retries, and errors a person can act on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from scanner.collect.gcp.allowlist import gcp_call
from scanner.collect.gcp.clients import METHODS
from scanner.collect.gcp.errors import CREDENTIALS_REFUSED, UNREACHABLE, failures, stop_of
from scanner.collect.ledger import Answer
from scanner.collect.outcome import UnitStop
from scanner.errors import CollectError
from scanner.model.common import JsonObject
from scanner.model.snapshot import UnitStatus

LOOPBACK_VARIABLE = "PORTER_AUDIT_GCP_ENDPOINT"
"""`http://127.0.0.1:PORT,127.0.0.1:PORT` (REST, gRPC): read a server on this machine, never with credentials."""
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_LOGIN_ADVICE = "sign in with `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
_RETRIED = frozenset({UnitStatus.THROTTLED})


class GcpOptions(msgspec.Struct, frozen=True):
    """Which projects to read, as whom, and how patiently. What is not given is left to the environment."""

    projects: tuple[str, ...] = ()
    folder: str | None = None
    """Number: all projects below it, one after the other."""
    organization: str | None = None
    impersonate: str | None = None
    """E-mail of a service account to read as."""
    quota_project: str | None = None
    deadline_s: float = 900
    """For the whole collection; what is not read by then is `timeout` or `not_attempted`."""
    call_timeout_s: float = 30
    max_attempts: int = 4
    """Requests per call, the first included; only throttled and unavailable ones are sent again."""
    backoff_s: float = 0.5
    """Before the second request; doubled each time."""


class GcpReading(Protocol):
    """What the collector needs of a session."""

    region: str

    @property
    def attempts(self) -> int:
        """Return how many requests the last call took."""
        ...

    def expired(self) -> bool:
        """Return whether the deadline of the whole collection has passed."""
        ...

    def send(self, operation: str, params: JsonObject) -> Answer:
        """Return the answer of one listed call; raises `UnitStop` or `ForbiddenCallError`."""
        ...

    def endpoint_of(self, operation: str) -> str | None:
        """Return the host a call is sent to."""
        ...

    def principal(self) -> str:
        """Return who reads, as far as the credentials tell."""
        ...


class GcpSession:
    """Credentials that can be loaded, and the clients made with them. For use by one thread."""

    region = "global"

    def __init__(self, options: GcpOptions, clock: Callable[[], datetime]) -> None:
        self.options = options
        self._clock = clock
        self._started = clock()
        self._loopback = _loopback(os.environ.get(LOOPBACK_VARIABLE))
        self._credentials, self.default_project = self._load()
        self._clients: dict[str, Any] = {}
        self._attempts = 0

    @property
    def attempts(self) -> int:
        """Return how many requests the last call took."""
        return self._attempts

    def expired(self) -> bool:
        """Return whether the deadline of the whole collection has passed."""
        return self._left() <= 0

    def principal(self) -> str:
        """Return who reads, as far as the credentials tell."""
        if self.options.impersonate:
            return self.options.impersonate
        named = getattr(self._credentials, "service_account_email", None) or getattr(self._credentials, "account", None)
        return str(named or "application default credentials")

    def endpoint_of(self, operation: str) -> str | None:
        """Return the host a call is sent to."""
        return urlsplit(self._loopback[0]).hostname if self._loopback else gcp_call(operation).service

    def send(self, operation: str, params: JsonObject) -> Answer:
        """Return the answer of one listed call.

        Throttled and unavailable calls are sent again, a bounded number of times and never after the deadline.
        Raises `UnitStop` naming what went wrong, `ForbiddenCallError` for a call that is not on the list.
        """
        listed = gcp_call(operation)
        self._attempts = 0
        wait = self.options.backoff_s
        while True:
            if self.expired():
                raise UnitStop(UnitStatus.TIMEOUT, "DeadlineExceeded", "the time allowed for the collection is over")
            self._attempts += 1
            try:
                return Answer(data=self._clients_send(listed.operation, params), http_status=200)
            except failures() as error:
                stop = stop_of(error)
                last = self._attempts >= self.options.max_attempts or wait >= self._left()
                if last or (stop.status not in _RETRIED and stop.code != "Unavailable"):
                    raise stop from error
            time.sleep(wait)
            wait *= 2

    def _clients_send(self, operation: str, params: JsonObject) -> JsonObject:
        timeout = max(0.1, min(self.options.call_timeout_s, self._left()))
        return METHODS[operation](self, params, timeout)

    def _left(self) -> float:
        return self.options.deadline_s - (self._clock() - self._started).total_seconds()

    def _load(self) -> tuple[Any, str | None]:
        try:
            import google.auth
            from google.auth.credentials import AnonymousCredentials
            from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
        except ModuleNotFoundError as error:
            raise CollectError(
                "the Google Cloud SDK is not installed", advice="pip install 'porter-audit[gcp]'"
            ) from error
        if self._loopback:
            return AnonymousCredentials(), None
        try:
            credentials, project = google.auth.default(scopes=[_SCOPE], quota_project_id=self.options.quota_project)
        except DefaultCredentialsError as error:
            raise CollectError("no Google credentials found", advice=_LOGIN_ADVICE) from error
        except (GoogleAuthError, ValueError) as error:
            raise CollectError("the Google credentials cannot be loaded", advice=_LOGIN_ADVICE) from error
        if self.options.impersonate:
            from google.auth import impersonated_credentials

            credentials = impersonated_credentials.Credentials(
                source_credentials=credentials,
                target_principal=self.options.impersonate,
                target_scopes=[_SCOPE],
                quota_project_id=self.options.quota_project,
            )
        return credentials, project

    def generated(self, key: str, make: Callable[[Any, tuple[str, str] | None], Any]) -> Any:
        """Return a client made once; `make` is given the credentials and, on loopback, both endpoints."""
        if key not in self._clients:
            self._clients[key] = make(self._credentials, self._loopback)
        return self._clients[key]

    def get_json(self, host: str, path: str, query: dict[str, str], timeout: float) -> JsonObject:
        """Return the JSON of a GET on an API without a generated client. Raises the transport's errors."""
        from google.api_core.exceptions import from_http_response

        base = self._loopback[0] if self._loopback else f"https://{host}"
        response = self._http().get(f"{base}{path}", params=query, timeout=timeout, allow_redirects=False)
        if response.status_code != 200:
            raise from_http_response(response)
        data = response.json()
        if not isinstance(data, dict):
            raise ValueError("the answer is not a JSON object")
        return data

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            getattr(client, "transport", client).close()
        self._clients.clear()

    def _http(self) -> Any:
        def make(credentials: Any, loopback: tuple[str, str] | None) -> Any:
            if loopback:
                import requests

                plain = requests.Session()
                plain.trust_env = False
                return plain
            from google.auth.transport.requests import AuthorizedSession

            return AuthorizedSession(credentials)

        return self.generated("http", make)


def _loopback(value: str | None) -> tuple[str, str] | None:
    """Return REST and gRPC endpoint of a server on this machine. Raises `CollectError` for any other machine."""
    if not value:
        return None
    rest, _, remote = value.partition(",")
    hosts = (urlsplit(rest).hostname, urlsplit(f"//{remote}").hostname)
    if urlsplit(rest).scheme != "http" or any(host not in _LOOPBACK_HOSTS for host in hosts):
        raise CollectError(f"{LOOPBACK_VARIABLE} names another machine: it is for loopback servers only")
    return rest, remote


def start_error(code: str | None) -> CollectError | None:
    """Return why reading cannot start at all, if that is what the first call's error means; else None."""
    if code == CREDENTIALS_REFUSED:
        return CollectError("the Google credentials are not accepted or have expired", advice=_LOGIN_ADVICE)
    if code == UNREACHABLE:
        return CollectError("Google Cloud cannot be reached", advice="check network and proxy")
    return None
