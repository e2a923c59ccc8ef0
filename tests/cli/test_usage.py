"""What is typed wrong: one line, a hint, exit 3, nothing on standard output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from scanner import __version__
from scanner.cli.front import COMMANDS, help_text
from scanner.cli.root import CONTEXT_SETTINGS, Root

Porter = Callable[..., Any]

USAGE = {
    "an unknown command": (["scna"], "no such command"),
    "an unknown option": (["scan", "aws", "--form", "x"], "no such option"),
    "an option without its value": (["scan", "aws", "--from"], "requires an argument"),
    "a command without its part": (["rules", "show"], "missing argument"),
    "a choice that there is not": (["scan", "aws", "--fail-on", "sometimes"], "is not one of"),
    "presence misspelt": (["scan", "aws", "--presence", "maybe"], "is not one of"),
    "a time that is none": (["scan", "aws", "--as-of", "yesterday"], "`yesterday` is not a time"),
    "a time without zone": (["scan", "aws", "--as-of", "2026-05-01T00:00:00"], "has no time zone"),
    "an ExternalId in the arguments": (["scan", "aws", "--param", "external_id=typed"], "is sensitive"),
    "an unknown parameter": (["scan", "aws", "--param", "colour=red"], "unknown parameter `colour`"),
    "a parameter of the wrong form": (["scan", "aws", "--param", "porter_account_id=12"], "is not acceptable"),
    "a format nobody reads": (["scan", "aws", "--format", "docx", "--out", "x"], "format `docx` is unknown"),
    "a format without a place": (["scan", "aws", "--format", "html"], "format `html` has nowhere to go"),
    "two files": (["scan", "aws", "--from", "one.json", "--from", "two.json"], "`--from` is given twice"),
    "two files to ask": (["can", "me", "s3:*", "*", "--from", "a.json", "--from", "b.json"], "`--from` is given twice"),
    "a file and a profile": (["scan", "aws", "--from", "f", "--profile", "p"], "`--profile` and `--from` do not go"),
    "an ExternalId without a role": (["scan", "aws", "--assume-external-id", "f"], "without `--assume-role`"),
    "no region": (["scan", "aws", "--regions", " , "], "`--regions` names no region"),
    "quiet and verbose": (["scan", "aws", "-q", "-v"], "`--quiet` and `--verbose` do not go together"),
    "an unknown documented version": (
        ["scan", "aws", "--baseline", "porter@1999-01"],
        "`porter@2026-05`, `porter@2026-08`",
    ),
    "an unknown version to show": (["baseline", "show", "porter@1999-01"], "unknown documented version"),
    "an unknown rule": (["rules", "show", "AWS-NOPE-001"], "there is no rule `AWS-NOPE-001`"),
    "an unknown scenario": (["demo", "--scenario", "perfect", "--out", "@OUT@"], "unknown scenario `perfect`"),
    "nothing to compare": (["compare", "--live", "x"], "missing option '--documented'"),
    "a snapshot without a place": (["collect", "aws"], "missing option '--out'"),
    "a parameter that collecting has no use for": (
        ["collect", "aws", "--out", "x", "--param", "porter_account_id=108458755588"],
        "has no use here",
    ),
}


@pytest.mark.parametrize(("argv", "message"), USAGE.values(), ids=USAGE)
def test_wrong_usage_is_one_line_and_exit_3(porter: Porter, tmp_path: Path, argv: list[str], message: str) -> None:
    done = porter(*(argument.replace("@OUT@", str(tmp_path / "out")) for argument in argv))
    assert done.code == 3
    assert done.out == ""
    errors = [line for line in done.lines if not line.startswith(("hint: ", "writing a loopback"))]
    assert len(errors) == 1
    assert errors[0].startswith("porter-audit: error: ")
    assert message in errors[0]
    assert "Traceback" not in done.err


def test_a_typed_external_id_is_not_repeated(porter: Porter) -> None:
    assert "typed" not in porter("scan", "aws", "--param", "external_id=typed").err


def test_hostile_text_in_the_arguments_cannot_break_the_line(porter: Porter) -> None:
    done = porter("baseline", "show", "x\x1b[2J\nporter-audit: all is well")
    assert done.code == 3
    assert "\x1b" not in done.err
    assert not any(line.startswith("porter-audit: all is well") for line in done.lines)


def test_no_command_prints_the_page_to_standard_error(porter: Porter) -> None:
    done = porter()
    assert (done.code, done.out, done.err) == (3, "", help_text())


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["help"], ["--debug", "--help"]])
def test_the_first_page(porter: Porter, argv: list[str]) -> None:
    done = porter(*argv)
    assert (done.code, done.out, done.err) == (0, help_text(), "")


@pytest.mark.parametrize("argv", [["--version"], ["version"]])
def test_the_version(porter: Porter, argv: list[str]) -> None:
    assert porter(*argv) == (0, f"porter-audit {__version__}\n", "")


def test_the_page_that_needs_no_library_is_the_one_click_would_print() -> None:
    root = Root(name="porter-audit", context_settings=CONTEXT_SETTINGS)
    assert root.get_help(click.Context(root)) == help_text().removesuffix("\n")


def every_command() -> Iterator[tuple[str, click.Command]]:
    root = Root(name="porter-audit")
    context = click.Context(root)
    for name, _, _ in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", part) for sub, part in command.commands.items())


@pytest.mark.parametrize(("path", "command"), list(every_command()), ids=lambda v: v if isinstance(v, str) else "")
def test_every_command_explains_itself_and_each_of_its_options(
    porter: Porter, path: str, command: click.Command
) -> None:
    done = porter(*path.split(), "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: porter-audit {path}")
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help or option.name in {"as_format", "cloud", "partition"}, option.name


def test_every_command_stands_on_the_first_page() -> None:
    for name, _, summary in COMMANDS:
        assert f"  {name}" in help_text()
        assert summary in help_text()
