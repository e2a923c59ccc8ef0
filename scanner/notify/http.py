"""Requests to one address: verified TLS, no redirects, ten seconds, three tries; errors name the host and no secret."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message as Headers
from typing import IO
from urllib.parse import urlsplit

import msgspec

from scanner.errors import NotifyError

TIMEOUT_S = 10.0
TRIES = 3
_PAUSES_S = (1.0, 3.0)
_MAX_PAUSE_S = 10.0
_MAX_ANSWER_BYTES = 16_000_000
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Sleep = Callable[[float], None]


class Answer(msgspec.Struct, frozen=True):
    """What a server said."""

    status: int
    body: bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the message, and its secret address, to somebody else."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> None:
        return None


def checked_url(url: str, what: str) -> str:
    """Return an address that may be used: https, or http to this machine. Raises `NotifyError` without showing it."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
        ok = bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in HERE)) and parts.port != 0
    except ValueError:
        ok = False
    if not ok or any(c.isspace() or not c.isprintable() for c in url.strip()):
        raise NotifyError(f"{what}: its address is not an https:// address")
    return url.strip()


def send(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    what: str,
    sleep: Sleep,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Send a request and return the answer, whatever its status; tries again where that may help.

    Raises `NotifyError` naming `what` and the host if no answer came, or only ones that say "later".
    """
    host = urlsplit(url).hostname
    problem = ""
    for number in range(TRIES):
        if number:
            sleep(_PAUSES_S[number - 1])
        try:
            answer, pause = _once(method, url, body, headers, timeout_s)
        except (OSError, http.client.HTTPException) as error:
            problem = _reason(error)
            continue
        if answer.status not in _AGAIN:
            return answer
        problem = f"status {answer.status}"
        if pause and number + 1 < TRIES:
            sleep(min(pause, _MAX_PAUSE_S))
    raise NotifyError(f"{what}: no success at `{host}` in {TRIES} tries: {problem}")


def _once(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float
) -> tuple[Answer, float]:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    opener = urllib.request.build_opener(_NoRedirect())
    try:
        with opener.open(request, timeout=timeout_s) as answer:
            return Answer(answer.status, answer.read(_MAX_ANSWER_BYTES)), 0.0
    except urllib.error.HTTPError as error:
        with error:
            after = error.headers.get("Retry-After", "") if error.headers else ""
            return Answer(error.code, error.read(65_536)), float(after) if after.isdigit() else 0.0


def _reason(error: Exception) -> str:
    """Return why there was no answer; never the address, which may be the secret."""
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, TimeoutError):
        return f"no answer in {TIMEOUT_S:.0f} s"
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror.lower()
    return type(inner).__name__ if isinstance(inner, Exception) else "no connection"


def refuse(answer: Answer, what: str, *, ok: range = range(200, 300)) -> None:
    """Raise `NotifyError` if a server did not take a message."""
    if answer.status not in ok:
        raise NotifyError(f"{what}: the server answered {answer.status}")
