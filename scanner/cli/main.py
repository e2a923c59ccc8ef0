"""The outermost frame: answers the first help page at once, and turns every failure into one line and an exit code."""

from __future__ import annotations

import os
import sys


def run() -> int:
    """Run the command line on `sys.argv` and return the exit code."""
    if "--debug" in sys.argv:
        os.environ["PORTER_AUDIT_DEBUG"] = "1"
    debug = bool(os.environ.get("PORTER_AUDIT_DEBUG"))
    argv = [argument for argument in sys.argv[1:] if argument != "--debug"]
    quick = _quick_answer(argv)
    if quick is not None:
        sys.stdout.write(quick)
        return 0
    try:
        return _run(argv)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from scanner.cli.failures import explain

        return explain(error, debug=debug)


def _run(argv: list[str]) -> int:
    from scanner.cli.root import main

    if not any(argument.startswith("--log-") for argument in argv):
        return main(argv)
    from scanner.cli.logs import logged

    return logged(argv, main)


def _quick_answer(argv: list[str]) -> str | None:
    """Return what can be said without loading anything, or None."""
    if argv in (["--help"], ["-h"], ["help"]):
        from scanner.cli.front import help_text

        return help_text()
    if argv in (["--version"], ["version"]):
        from scanner import __version__

        return f"porter-audit {__version__}\n"
    return None
