"""RFC 3161: a time stamp authority's word that a manifest existed at a moment. Only the manifest's hash is sent."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from scanner.errors import InputError, RenderError, UsageError

if TYPE_CHECKING:
    from cryptography import x509
    from rfc3161_client import TimeStampResponse

    Certificate: TypeAlias = x509.Certificate

_QUERY = "application/timestamp-query"
_ANSWER = "application/timestamp-reply"
# A token with a long chain of certificates has about 10,000 bytes.
MAX_TOKEN_BYTES = 1_000_000
_SHA256_OID = "2.16.840.1.101.3.4.2.1"


class BadTimestampError(Exception):
    """Why a token says nothing of a manifest."""


def check_url(url: str) -> str:
    """Return the address of an authority. Raises `UsageError` if it is none, or carries a user or a password."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError("`--tsa-url` is not an http or https address")
    if parts.username or parts.password:
        raise UsageError("`--tsa-url` carries a user or a password", advice="authorities are open to everybody")
    return url


def require_client() -> None:
    """See that the library is there. Raises `UsageError` if it is not: before the scan, not after it."""
    try:
        import rfc3161_client  # noqa: F401
    except ImportError as error:
        advice = "install porter-audit with the extra `tsa`"
        raise UsageError("time stamps need the library rfc3161-client", advice=advice) from error


def ask(url: str, manifest: bytes, *, timeout_s: float = 20.0) -> bytes:
    """Return the authority's answer over the hash of `manifest`, checked but for its signature.

    Raises `RenderError` if there is none, or if it is about something else.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    query = TimestampRequestBuilder().data(manifest).hash_algorithm(HashAlgorithm.SHA256).build()
    host = urlsplit(url).hostname or ""
    try:
        token = _post(url, query.as_bytes(), timeout_s)
        if _answer(token, hashlib.sha256(manifest).digest()).tst_info.nonce != query.nonce:
            raise BadTimestampError("the answer is to another question")
    except urllib.error.HTTPError as error:
        raise RenderError(f"no time stamp from `{host}`: it answered {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = str(getattr(error, "reason", error)) or type(error).__name__
        raise RenderError(f"no time stamp from `{host}`: {' '.join(reason.split())[:200].lower()}") from error
    except BadTimestampError as error:
        raise RenderError(f"no time stamp from `{host}`: {error}") from error
    return token


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The hash goes to the address that was named, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(url: str, body: bytes, timeout_s: float) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": _QUERY, "Accept": _ANSWER}, method="POST")
    with urllib.request.build_opener(_NoRedirects).open(request, timeout=timeout_s) as answer:
        data: bytes = answer.read(MAX_TOKEN_BYTES + 1)
    return data


def _answer(token: bytes, digest: bytes) -> TimeStampResponse:
    """Return a token that is about `digest`; raises `BadTimestampError` otherwise. Its signature is not looked at."""
    from rfc3161_client import PKIStatus, decode_timestamp_response

    if len(token) > MAX_TOKEN_BYTES:
        raise BadTimestampError("too large for a time stamp")
    try:
        answer = decode_timestamp_response(token)
        if PKIStatus(answer.status) != PKIStatus.GRANTED:
            raise BadTimestampError("the authority refused")
        imprint = answer.tst_info.message_imprint
    except ValueError as error:
        raise BadTimestampError("not a time stamp") from error
    if imprint.hash_algorithm.dotted_string != _SHA256_OID or imprint.message != digest:
        raise BadTimestampError("is over another manifest")
    return answer


def claimed_time(token: bytes, manifest: bytes) -> datetime:
    """Return the time a token names for `manifest`, whoever made it. Raises `BadTimestampError`."""
    return _answer(token, hashlib.sha256(manifest).digest()).tst_info.gen_time


def verified_time(token: bytes, manifest: bytes, certificates: Sequence[Certificate]) -> datetime:
    """Return the time that an authority under one of `certificates` put on `manifest`. Raises `BadTimestampError`.

    A certificate that signed itself is a root; others help to build the chain. Uses no network.
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    digest = hashlib.sha256(manifest).digest()
    answer = _answer(token, digest)
    builder = VerifierBuilder()
    for certificate in certificates:
        own = certificate.issuer == certificate.subject
        add = builder.add_root_certificate if own else builder.add_intermediate_certificate
        builder = add(certificate)
    try:
        builder.build().verify(answer, digest)
    except (VerificationError, ValueError) as error:
        raise BadTimestampError(f"its signature does not hold: {_first_words(error)}") from error
    return answer.tst_info.gen_time


def _first_words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text.partition("ErrorStack")[0].rstrip(": ") or type(error).__name__)[:200]


def certificates_from_pem(pem: bytes, name: str) -> tuple[Certificate, ...]:
    """Return the certificates in a PEM file. Raises `InputError` if there is none, or no root among them."""
    from cryptography import x509

    try:
        found = tuple(dict.fromkeys(x509.load_pem_x509_certificates(pem)))
    except ValueError as error:
        raise InputError(f"certificate `{name}`: holds no certificate in PEM") from error
    if not any(certificate.issuer == certificate.subject for certificate in found):
        advice = "give the authority's root certificate, and those between in the same file"
        raise InputError(f"certificate `{name}`: holds no root certificate", advice=advice)
    return found
