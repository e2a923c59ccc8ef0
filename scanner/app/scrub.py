"""Nothing secret in what is printed or logged: forms that issuers document, and values that were read as secrets."""

from __future__ import annotations

import re
from typing import Final

_GONE: Final = "***"
# A value shorter than this is in every text.
_MIN_VALUE: Final = 6
_MAX_LOOKED_AT: Final = 200_000

_SECRET_NAME: Final = (
    r"(?:aws_)?(?:secret(?:_access)?_?key|session_?token|client_?secret|api_?key|password|passwd|external_?id)"
)
_QUERY: Final = r"sig|token|key|password|secret|x-amz-signature|x-amz-security-token"
_FORTY: Final = r"(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[0-9])[A-Za-z0-9/+]{40}"

# Keys of AWS (the last four characters of an id stay), private keys, tokens, webhook addresses, passwords in addresses,
# what stands after a name that says it is secret, and forty characters as of an AWS secret key.
_FORMS: Final = tuple(
    (re.compile(pattern, re.DOTALL), instead)
    for pattern, instead in (
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}([A-Z0-9]{4})\b", r"****\1"),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", _GONE),
        (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.?[A-Za-z0-9_-]*", _GONE),
        (r"\b(?:gh[oprsu]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|xox[abeprs]-[A-Za-z0-9-]{8,})", _GONE),
        (r"\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{10,}", _GONE),
        (r"\b[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{30,}", _GONE),
        (r"(https?://hooks\.slack\.com/)[^\s'\"]+", rf"\1{_GONE}"),
        (r"(https?://[^\s/'\"]*\.(?:webhook\.office|logic\.azure)\.com[^\s/'\"]*/)[^\s'\"]+", rf"\1{_GONE}"),
        (r"(://)[^\s/:@'\"]*:[^\s/@'\"]+@", rf"\1{_GONE}@"),
        (r"(?i:\b(bearer|basic))\s+[A-Za-z0-9._~+/=-]{12,}", rf"\1 {_GONE}"),
        (rf"(?i:([?&](?:{_QUERY})=))[^&\s'\"]+", rf"\1{_GONE}"),
        (rf"(?i:\b({_SECRET_NAME}))(['\"]?\s*[=:]\s*['\"]?)(?!env:|@)[^\s'\",;&}}]{{4,}}", rf"\1\2{_GONE}"),
        (rf"(?<![A-Za-z0-9/+=:.@_-]){_FORTY}(?![A-Za-z0-9/+=_-])", _GONE),
    )
)

_values: set[str] = set()


def hide(value: str) -> None:
    """Remember a value that was read as a secret, so that `scrub` finds it in any text of this process."""
    if len(value) >= _MIN_VALUE:
        _values.add(value)


def scrub(text: str) -> str:
    """Return text without what looks like a secret, and without any value given to `hide`."""
    text = text[:_MAX_LOOKED_AT]
    for value in sorted(_values, key=len, reverse=True):
        text = text.replace(value, _GONE)
    for form, instead in _FORMS:
        text = form.sub(instead, text)
    return text
