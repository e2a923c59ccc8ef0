"""`demo`: ends with the two verdict lines and the path of the HTML report."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Porter = Callable[..., Any]


@pytest.mark.parametrize(
    ("scenario", "options", "code", "answer"),
    [
        ("documented", [], 0, "yes"),
        ("drifted", [], 1, "no"),
        ("drifted", ["--fail-on", "none"], 0, "no"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_scenario(
    porter: Porter,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    scenario: str,
    options: list[str],
    code: int,
    answer: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_PROFILE", "somebody-elses")
    done = porter("demo", "--scenario", scenario, *options)
    assert done.code == code, done.err
    documented, allows, path = done.out.splitlines()[-3:]
    assert documented.startswith(f"As documented: {answer}. ")
    assert allows.startswith("What the documented access allows: ")
    html = tmp_path / "porter-audit-demo" / "report.html"
    assert path == f"Report: {html}"
    assert html.read_text().startswith("<!")
    report = json.loads((html.parent / "report.json").read_text())
    assert report["verdict"]["as_documented"] == answer
    assert os.environ["AWS_PROFILE"] == "somebody-elses"
    assert "AWS_ENDPOINT_URL" not in os.environ
