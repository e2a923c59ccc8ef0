"""A slip of the hand or a terminal that is not ours: one line that says what was meant, and signs that stay signs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.cli.console import _encoded

Porter = Callable[..., Any]


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (("scna", "aws"), "did you mean `porter-audit scan`"),
        (("baselines",), "did you mean `porter-audit baseline`"),
        (("scan", "asw"), "did you mean `porter-audit scan aws`"),
        (("scan", "ibm"), "did you mean `porter-audit scan all`, `porter-audit scan aws`, "),
        (("history", "list"), "did you mean `porter-audit history rebuild`, `porter-audit history show`"),
        (("qqqqqq",), "porter-audit --help"),
        (("rules", "show", "AWS-PERM-01"), "did you mean AWS-PERM-001"),
        (("rules", "show", "perm-001"), "did you mean AWS-PERM-001, GCP-PERM-001"),
        (("rules", "show", "ZZZ"), "porter-audit rules list"),
    ],
)
def test_what_was_meant_is_said(porter: Porter, argv: tuple[str, ...], hint: str) -> None:
    done = porter(*argv)
    assert (done.code, done.out) == (3, "")
    assert done.lines[-1].startswith(f"hint: {hint}"), done.err


@pytest.mark.parametrize("command", [("scan", "aws"), ("can", "porter-manager", "iam:CreateUser", "*")])
def test_a_report_where_evidence_is_wanted_is_told_by_its_name(
    porter: Porter, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "report.json").write_text(json.dumps({"schema": "porter-audit/report/v1", "findings": []}))
    done = porter(*command, "--from", tmp_path / "report.json")
    assert (done.code, done.out) == (3, "")
    assert "this program wrote it (`porter-audit/report/v1`), and it holds no answers to judge" in done.err
    assert "give the evidence bundle of that run" in done.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_signs_of_an_encoding_that_lacks_them_are_never_the_sign_for_a_person(encoding: str) -> None:
    """`?` says that a person must judge; what a terminal cannot show must not become it."""
    files = [*Path("scanner/render").glob("terminal*.py"), *Path("scanner/render").glob("*words.py")]
    signs = {sign for path in files for sign in re.findall(r"[^\x00-\x7f]", path.read_text(encoding="utf-8"))}
    assert {"✓", "✗", "…", "−"} <= signs
    for sign in signs - {"\u00a0"}:
        shown = _encoded(f"{sign} unlisted", encoding).decode(encoding)
        assert "?" not in shown, sign
        assert len(shown) == len("x unlisted")
    assert _encoded("✗ \u5f20", encoding) == b"x ?"
    assert _encoded("✗", "utf-8").decode() == "✗"
