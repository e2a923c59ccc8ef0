"""The click group: finds a command's module when it is asked for, and not before."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import click

from scanner.app.exit_codes import CLEAN, USAGE
from scanner.cli.front import COMMANDS, PROGRAM, help_text
from scanner.errors import RenderError

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 110, "terminal_width": 110}
"""A fixed width: help is quoted in the README, and the same page for everybody is easier to talk about."""


class Root(click.Group):
    """A group whose commands are modules named in `front.COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help page."""
        return [name for name, _, _ in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None if there is none of this name."""
        found = next((target for name, target, _ in COMMANDS if name == cmd_name), None)
        if found is None:
            return None
        module, _, attribute = found.partition(":")
        return cast("click.Command", getattr(import_module(module), attribute))

    def get_help(self, ctx: click.Context) -> str:
        """Return the page that does not need click either."""
        return help_text().removesuffix("\n")


def main(argv: list[str]) -> int:
    """Run one command and return its exit code; raises click's and our own errors."""
    if not argv:
        click.echo(help_text(), err=True, nl=False)
        return USAGE
    root = Root(name=PROGRAM, context_settings=CONTEXT_SETTINGS)
    try:
        code = root.main(args=argv, prog_name=PROGRAM, standalone_mode=False)
    except SystemExit as closed:
        # click leaves so when a pipe's reader is gone, with 1: that would read as "findings".
        raise RenderError("standard output was closed before everything was written") from closed
    return code if isinstance(code, int) else CLEAN
