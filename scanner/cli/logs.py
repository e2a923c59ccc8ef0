"""The options `--log-format` and `--log-level`, which every command knows."""

from __future__ import annotations

import time
from collections.abc import Callable

from scanner import __version__
from scanner.app.logs import LEVELS, Log, LogFormat, event, start
from scanner.errors import UsageError

_FORMAT, _LEVEL = "--log-format", "--log-level"
OPTIONS = (_FORMAT, _LEVEL)


def wanted(argv: list[str]) -> bool:
    """Return whether logs are asked for."""
    return any(argument.partition("=")[0] in OPTIONS for argument in argv)


def logged(argv: list[str], main: Callable[[list[str]], int]) -> int:
    """Run a command with logs, the last of which says how it ended."""
    began = time.monotonic()
    code: int | None = None
    try:
        arguments = take_options(argv) if wanted(argv) else argv
        event("start", command=" ".join(arguments[:2]), version=__version__)
        code = main(arguments)
        return code
    finally:
        event("end", exit_code=code, duration_s=round(time.monotonic() - began, 3))


def take_options(argv: list[str]) -> list[str]:
    """Return the arguments without the options of logs, and start logging as they say; raises `UsageError`."""
    rest, given = _split(argv)
    formats = [form.value for form in LogFormat]
    form = _one_of(given.get(_FORMAT, LogFormat.TEXT.value), formats, _FORMAT)
    level = _one_of(given.get(_LEVEL, "info"), list(LEVELS), _LEVEL)
    start(Log(LogFormat(form), level, _session()))
    return rest


def _split(argv: list[str]) -> tuple[list[str], dict[str, str]]:
    rest: list[str] = []
    given: dict[str, str] = {}
    at = 0
    while at < len(argv):
        name, equals, value = argv[at].partition("=")
        if name not in OPTIONS:
            rest.append(argv[at])
        elif equals:
            given[name] = value
        elif at + 1 < len(argv):
            at += 1
            given[name] = argv[at]
        else:
            raise UsageError(f"option `{name}` requires an argument")
        at += 1
    return rest, given


def _one_of(value: str, known: list[str], name: str) -> str:
    if value.lower() not in known:
        raise UsageError(f"`{value[:40]}` is no `{name}`", advice=f"known: {', '.join(known)}")
    return value.lower()


def _session() -> str:
    """Return what lines of one process have in common, also before there is a run's id."""
    import secrets

    return secrets.token_hex(4)
