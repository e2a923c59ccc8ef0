"""`--format` and `--out`: what goes where, and what has nowhere to go."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.app.outputs import FILE_NAMES, Format, OutputPlan, plan_outputs
from scanner.errors import UsageError

PLANS = {
    (None, None): OutputPlan(terminal=True),
    ("terminal", None): OutputPlan(terminal=True),
    (None, "d"): OutputPlan(terminal=True, files=(Format.HTML, Format.JSON), directory=Path("d")),
    ("json", "d"): OutputPlan(terminal=False, files=(Format.JSON,), directory=Path("d")),
    ("JSON, json,terminal", "d"): OutputPlan(terminal=True, files=(Format.JSON,), directory=Path("d")),
    ("json", "-"): OutputPlan(terminal=False, stdout=Format.JSON),
    (None, "-"): OutputPlan(terminal=False, stdout=Format.JSON),
    ("terminal", "-"): OutputPlan(terminal=True),
}


@pytest.mark.parametrize(("asked", "expected"), PLANS.items(), ids=[f"{f} to {o}" for f, o in PLANS])
def test_plans(asked: tuple[str | None, str | None], expected: OutputPlan) -> None:
    assert plan_outputs(*asked) == expected


@pytest.mark.parametrize(
    ("formats", "out", "message"),
    [
        ("html", None, "format `html` has nowhere to go"),
        ("terminal,json", None, "format `json` has nowhere to go"),
        ("json,html", "-", "`--out -` prints one format"),
        ("html", "-", "`--out -` prints one format"),
        ("docx", "d", "format `docx` is unknown"),
        ("", "d", "format `` is unknown"),
        ("json,", "d", "format `` is unknown"),
    ],
)
def test_formats_without_a_place_are_usage_errors(formats: str, out: str | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_outputs(formats, out)
    assert str(caught.value) == message


def test_every_format_goes_to_a_file_or_to_the_terminal() -> None:
    assert {*FILE_NAMES, Format.TERMINAL} == set(Format)
