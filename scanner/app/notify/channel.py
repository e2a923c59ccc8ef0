"""One channel from options of the command line, as strictly as from a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from scanner.errors import UsageError
from scanner.model.config import Channel

_NEEDS = {
    "slack": ("secret",),
    "teams": ("secret",),
    "webhook": ("url", "secret"),
    "email": ("server", "sender", "to"),
    "sns": ("topic",),
    "github": ("repository", "secret"),
}
_MAY = {"email": ("username", "secret"), "github": ("api",)}


def one_channel(kind: str, given: Mapping[str, Any]) -> Channel:
    """Return a channel; raises `UsageError` naming the option that is missing, of no use, or not valid."""
    given = dict(given)
    if kind in ("slack", "teams") and "secret" not in given and "url" in given:
        given["secret"] = given.pop("url")  # the address is the secret, and people look for --url
    missing = next((name for name in _NEEDS[kind] if name not in given), None)
    if missing is not None:
        raise UsageError(f"channel {kind}: `--{missing}` is missing")
    known = (*_NEEDS[kind], *_MAY.get(kind, ()))
    surplus = next((name for name in given if name not in known), None)
    if surplus is not None:
        raise UsageError(f"channel {kind}: `--{surplus}` is of no use")
    try:
        channel: Channel = msgspec.convert({"kind": kind, "name": kind, **given}, Channel)
    except msgspec.ValidationError as error:
        advice = "a secret is given as env:NAME or @FILE"
        raise UsageError(f"channel {kind}: {_named(str(error))}", advice=advice) from None
    return channel


def _named(error: str) -> str:
    """Return which option is wrong; never its value, which may be a secret typed in the wrong place."""
    _, _, where = error.partition("$.")
    name = where.split("`")[0].split("[")[0]
    return f"`--{name}` is not of the right form" if name else "not of the right form"
