"""`porter-audit compare`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from scanner.app.compare_documents import CLOUDS, KINDS
from scanner.cli.console import emit, use_color, width


class _SeveralFiles(click.Command):
    """Lets `--live a b` mean `--live a --live b`, as people write it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each further value, then parse."""
        return super().parse_args(ctx, list(_repeated(args, {"--live", "--documented"})))


def _repeated(args: Iterable[str], options: set[str]) -> Iterable[str]:
    current, has_value = "", False
    for arg in args:
        if arg.startswith("-") and arg != "-":
            current, has_value = (arg if arg in options else ""), False
        elif current and has_value:
            yield current
        else:
            has_value = True
        yield arg


_FILE = click.Path(path_type=Path)


@click.command(cls=_SeveralFiles)
@click.option(
    "--live",
    metavar="FILE...",
    type=_FILE,
    multiple=True,
    required=True,
    help="Documents in force; their union.",
)
@click.option(
    "--documented",
    metavar="FILE...",
    type=_FILE,
    multiple=True,
    required=True,
    help="Documents to compare with; their union.",
)
@click.option(
    "--cloud", type=click.Choice(CLOUDS), default="aws", show_default=True, help="In whose language they are written."
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="identity",
    show_default=True,
    help="AWS: what the policies are attached to: an identity, a role's trust, or a resource.",
)
@click.option("--format", "as_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--no-color", is_flag=True, help="Print without colour; NO_COLOR does the same.")
def compare(
    live: tuple[Path, ...], documented: tuple[Path, ...], cloud: str, kind: str, as_format: str, no_color: bool
) -> int:
    """Decide whether live access is inside documented access.

    Both sides are unions of files. What is not inside comes with an example request that is allowed live and
    not documented. Exit 0: equal or narrower; 1: broader or different; 2: not decided.
    """
    from scanner.app.compare_files import as_json, as_text, compare_files, exit_code_of

    result = compare_files(live, documented, cloud=cloud, kind=kind)
    emit(as_json(result) if as_format == "json" else as_text(result, width=width(), color=use_color(no_color)))
    return exit_code_of(result)
