"""One line for people out of any exception, and the exit code that goes with it."""

from __future__ import annotations

import click

from scanner.app.exit_codes import INTERNAL, INTERRUPTED, USAGE
from scanner.cli.console import say
from scanner.cli.exit_codes import code_for
from scanner.cli.front import PROGRAM
from scanner.errors import PorterAuditError

_MOST = 900
_ENDS = 400


def explain(error: Exception, *, debug: bool) -> int:
    """Print what went wrong to stderr and return the exit code. The traceback is printed only if `debug`."""
    if debug:
        _print_traceback(error)
    if isinstance(error, click.Abort):
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, PorterAuditError):
        say(f"{PROGRAM}: error: {_brief(str(error))}")
        if error.advice:
            say(f"hint: {error.advice}")
        return code_for(error)
    say(f"{PROGRAM}: internal error: {type(error).__name__}: {error}")
    if not debug:
        say("hint: this is our fault; run again with --debug and send us the traceback")
    return INTERNAL


def _brief(text: str) -> str:
    """Return a message without the middle of what is too long to read; its ends say where and what."""
    return text if len(text) < _MOST else f"{text[:_ENDS]} [...] {text[-_ENDS:]}"


def _usage(error: click.ClickException) -> int:
    text = error.format_message().rstrip(".")
    say(f"{PROGRAM}: error: {_brief(text[:1].lower() + text[1:])}")
    context = error.ctx if isinstance(error, click.UsageError) else None
    say(f"hint: {context.command_path if context else PROGRAM} --help")
    return USAGE


def _print_traceback(error: Exception) -> None:
    from scanner.cli.console import say_trace

    say_trace(error)
