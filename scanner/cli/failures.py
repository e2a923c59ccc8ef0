"""One line for people out of any exception, and the exit code that goes with it."""

from __future__ import annotations

import sys

import click

from scanner.app.exit_codes import INTERNAL, INTERRUPTED, USAGE
from scanner.cli.exit_codes import code_for
from scanner.cli.front import PROGRAM
from scanner.errors import PorterAuditError

_MAX_CHARS = 2_000


def explain(error: Exception, *, debug: bool) -> int:
    """Print what went wrong to stderr and return the exit code. The traceback is printed only if `debug`."""
    if debug:
        _print_traceback(error)
    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, PorterAuditError):
        _say(f"error: {error}")
        if error.advice:
            _say(f"hint: {error.advice}", program=False)
        return code_for(error)
    _say(f"internal error: {type(error).__name__}: {error}")
    if not debug:
        _say("hint: this is our fault; run again with --debug and send us the traceback", program=False)
    return INTERNAL


def _usage(error: click.ClickException) -> int:
    text = error.format_message().rstrip(".")
    _say(f"error: {text[:1].lower()}{text[1:]}")
    context = error.ctx if isinstance(error, click.UsageError) else None
    _say(f"hint: {context.command_path if context else PROGRAM} --help", program=False)
    return USAGE


def _say(text: str, *, program: bool = True) -> None:
    """Print one line; whatever was put into the message can neither break the line nor steer the terminal."""
    flat = " ".join(text.split())
    clean = "".join(c if c.isprintable() else "?" for c in flat)[:_MAX_CHARS]
    line = f"{PROGRAM}: {clean}" if program else clean
    sys.stderr.write(line.encode("utf-8", "replace").decode("utf-8") + "\n")


def _print_traceback(error: Exception) -> None:
    import traceback

    traceback.print_exception(error)
