"""Values in a configuration that look like secrets: named by place, never repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from scanner.app.config.shape import Place, Problem

_ADVICE: Final = "looks like a secret; write env:NAME or @FILE and put the value there"
_MAX_LOOKED_AT = 20_000

# Forms that the issuers document, or that are a password inside an address; each is refused wherever it stands.
_FORMS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}",
        r"-----BEGIN [A-Z ]*PRIVATE KEY",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.",
        r"\bgh[oprsu]_[A-Za-z0-9]{16,}|\bgithub_pat_[A-Za-z0-9_]{16,}",
        r"\bxox[abeprs]-[A-Za-z0-9-]{8,}",
        r"://hooks\.slack\.com/(?:services|workflows|triggers)/",
        r"://[^/\s]*\.webhook\.office\.com/|://[^/\s]*\.logic\.azure\.com[:/]",
        r"\bAIza[A-Za-z0-9_-]{30,}",
        r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{30,}",
        r"://[^/\s:@]*:[^/\s@]+@",
        r"[?&](?:sig|token|key|password|secret)=[^&\s]{6,}",
    )
)
# Forty characters of base64 with both cases and digits, and nothing of a path or an ARN before them.
_FORTY: Final = re.compile(r"(?<![A-Za-z0-9/+=:.@-])(?=[^\s]*[a-z])(?=[^\s]*[A-Z])(?=[^\s]*[0-9])[A-Za-z0-9/+]{40}\Z")
_SECRET_NAME: Final = re.compile(r"(?i)external_?id|secret|token|passw|private|credential|api_?key")


def secret_problems(value: Any, place: Place) -> Iterator[Problem]:
    """Yield every text below `value` that looks like a secret, and every parameter that must be a reference."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from secret_problems(item, place.at(key))
            if key == "parameters" and isinstance(item, dict):
                yield from _parameters(item, place.at(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from secret_problems(item, place.at(number))
    elif isinstance(value, str) and not is_reference(value) and looks_secret(value):
        yield place.problem(_ADVICE)


def looks_secret(text: str) -> bool:
    """Return whether a text has the form of a key, token, password in an address, or webhook address."""
    part = text[:_MAX_LOOKED_AT]
    return any(form.search(part) for form in _FORMS) or bool(_FORTY.match(part.strip()))


def is_reference(text: str) -> bool:
    """Return whether a text says where a value is found, not what it is."""
    return text.startswith(("env:", "@"))


def _parameters(values: dict[str, Any], place: Place) -> Iterator[Problem]:
    for name, value in values.items():
        if _SECRET_NAME.search(name) and isinstance(value, str) and not is_reference(value):
            yield place.at(name).problem("is sensitive and is not taken from this file; write env:NAME or @FILE")
