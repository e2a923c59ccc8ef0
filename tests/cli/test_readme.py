"""What the README quotes is what the program says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.app.exit_codes import MEANINGS
from scanner.collect.aws.allowlist import READ_ONLY_CALLS

Porter = Callable[..., Any]

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
QUOTED = re.findall(r"```console\n\$ porter-audit ([^\n]*--help)\n(.*?)```", README, re.DOTALL)


def test_help_is_quoted() -> None:
    assert [command for command, _ in QUOTED] == ["--help", "scan aws --help"]


@pytest.mark.parametrize(("command", "page"), QUOTED, ids=[command for command, _ in QUOTED])
def test_quoted_help_is_the_help(porter: Porter, command: str, page: str) -> None:
    assert porter(*command.split()).out == page


def test_the_table_of_exit_codes_is_the_programs() -> None:
    rows = re.findall(r"^\| (\d) \| (.+) \|$", README, re.MULTILINE)
    assert [(int(code), meaning) for code, meaning in rows] == list(MEANINGS)


def test_the_calls_a_scan_may_send_are_all_listed() -> None:
    section = README[README.index("**Read-only.**") : README.index("**No secrets.**")]
    assert set(re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", section)) == {call.api for call in READ_ONLY_CALLS}


def test_every_command_line_of_the_readme_is_understood(porter: Porter) -> None:
    """Each example is parsed up to its help page: a renamed option or command fails here."""
    lines = re.findall(r"^porter-audit (.+?)(?:\s+#.*)?$", README, re.MULTILINE)
    lines += re.findall(r"`porter-audit ([a-z][^`]*)`", README)
    assert lines
    for line in lines:
        done = porter(*line.split(), "--help")
        assert done.code == 0, line
