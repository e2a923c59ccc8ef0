"""One line for people out of any exception, and the exit code that goes with it."""

from __future__ import annotations

import re
from difflib import get_close_matches

import click

from scanner.app.exit_codes import INTERNAL, INTERRUPTED, USAGE
from scanner.cli.console import say
from scanner.cli.exit_codes import code_for
from scanner.cli.front import PROGRAM
from scanner.errors import PorterAuditError

_MOST = 900
_SMALL_GROUP = 6
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
    path = context.command_path if context else PROGRAM
    say(f"hint: {_meant(context, text) or f'{path} --help'}")
    return USAGE


def _meant(context: click.Context | None, text: str) -> str:
    """Return the commands that a word that is none may have meant, or all of a small group."""
    found = re.match(r"No such command '([^']{1,40})'", text)
    if not found or context is None or not isinstance(context.command, click.Group):
        return ""
    names = context.command.list_commands(context)
    near = get_close_matches(found[1], names, 3) or (names if len(names) <= _SMALL_GROUP else [])
    return f"did you mean {', '.join(f'`{context.command_path} {name}`' for name in near)}" if near else ""


def _print_traceback(error: Exception) -> None:
    from scanner.cli.console import say_trace

    say_trace(error)
