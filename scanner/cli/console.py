"""Standard output is the report; standard error is for people."""

from __future__ import annotations

import os
import shutil
import sys

from scanner.app.logs import event, is_json
from scanner.app.scrub import scrub
from scanner.errors import RenderError

# Wider lines are harder to read than scrolling is.
_MAX_WIDTH = 140
_MAX_CHARS = 2_000
_PLAIN = str.maketrans("✓✗…–—−‼·•─━┃┏┓┗┛→≤≥⟨⟩", "vx~---!-*-=|++++><><>")


def emit(text: str | bytes) -> None:
    """Write to standard output at once; raises `RenderError` if its reader is gone or the disk behind it is full."""
    data = text if isinstance(text, bytes) else _encoded(text, sys.stdout.encoding or "utf-8")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _forget_stdout()
        raise RenderError(f"cannot write to standard output: {(error.strerror or 'closed').lower()}") from error


def _encoded(text: str, encoding: str) -> bytes:
    """Return text in an encoding. Where it lacks our signs, plain ones stand for them: `?` is a sign of its own."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "replace")


def _forget_stdout() -> None:
    """Keep the interpreter from trying the same write once more when it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def say(text: str) -> None:
    """Write one line for people to standard error; what was put into it can neither break it nor steer the terminal.

    It holds no secret. Where standard error is for machines, the line is an event.
    """
    text = scrub(text)
    if is_json():
        event("message", text=one_line(text).strip())
        return
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(_encoded(one_line(text).strip(), encoding).decode(encoding) + "\n")
    sys.stderr.flush()


def say_trace(error: Exception) -> None:
    """Write a traceback for `--debug` to standard error, without secrets."""
    import traceback

    text = scrub("".join(traceback.format_exception(error)))
    if is_json():
        event("traceback", level="error", text=text)
        return
    encoding = sys.stderr.encoding or "utf-8"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stderr.flush()


def one_line(text: str) -> str:
    """Return text on one line, every control and direction character shown as `?`, at most 2,000 characters."""
    return "".join(_shown(c) for c in text.rstrip())[:_MAX_CHARS]


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else "?"


def width() -> int:
    """Return the columns of the terminal; 100 where there is none."""
    return min(shutil.get_terminal_size((100, 24)).columns, _MAX_WIDTH)


def use_color(no_color: bool) -> bool:
    """Return whether to colour: a terminal, and neither `--no-color` nor the NO_COLOR convention asks for none."""
    return not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()
