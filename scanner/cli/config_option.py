"""`--config FILE` of `scan aws|gcp|azure`: what the file says counts where no option says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

SECRET_EXPIRY_DAYS: Final = "secret_expiry_days"
"""Where the context keeps what no option can say."""

config_option = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    expose_value=False,
    help="Take what no option says from porter-audit.yaml: its defaults, and its target if it has one of this cloud.",
)


class ConfiguredCommand(click.Command):
    """A scan that reads `--config` before its other options, wherever it stands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let the file be the default of every option, and its parameters join those that are given."""
        given: dict[str, Any] = self.make_parser(ctx).parse_args(args=list(args))[0]
        if given.get("config") is None:
            return super().parse_args(ctx, args)
        from scanner.app.config.defaults import scan_defaults
        from scanner.app.config.read import load_config

        found = scan_defaults(load_config(Path(given["config"])), str(self.name), reads=given.get("source") is None)
        ctx.default_map = {**found.options, **(ctx.default_map or {})}
        ctx.meta[SECRET_EXPIRY_DAYS] = found.secret_expiry_days
        named = {str(text).partition("=")[0] for text in given.get("params") or ()}
        more = [text for text in found.parameters if text.partition("=")[0] not in named]
        return super().parse_args(ctx, [*(part for text in more for part in ("--param", text)), *args])


def secret_expiry_days() -> tuple[int, int, int] | None:
    """Return what the configuration of the running command says; None without one."""
    found: tuple[int, int, int] | None = click.get_current_context().meta.get(SECRET_EXPIRY_DAYS)
    return found
