"""`--format` and `--out`: what goes where, and what has nowhere to go."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scanner.app.outputs import FILE_NAMES, Format, OutputPlan, documents, plan_outputs, render, write_files
from scanner.errors import UsageError
from scanner.model.report import Report, Run, Summary, Verdict
from scanner.model.snapshot import SourceKind

T0 = datetime(2026, 5, 30, tzinfo=UTC)


def empty_report() -> Report:
    run = Run("run", T0, T0, T0, T0, "0.1.0", SourceKind.LIVE, "porter@2026-05", "d", "r", "c", (), ())
    return Report(
        schema="porter-audit/report/v1",
        schema_version="1.0",
        run=run,
        verdict=Verdict("not proven", "not proven. Nothing was read.", ""),
        summary=Summary({}, {}, {}, {}, 0, 2),
        scopes=(), units=(), calls=(), populations=(), tie_outs=(), reviews=(), findings=(), baseline_documents=(),
    )  # fmt: skip


WITHOUT_BROWSER = [chosen for chosen in FILE_NAMES if chosen is not Format.PDF]
"""tests/render/test_html_pdf.py makes the one that needs Chromium."""

PLANS = {
    (None, None): OutputPlan(terminal=True),
    ("terminal", None): OutputPlan(terminal=True),
    (None, "d"): OutputPlan(terminal=True, files=(Format.HTML, Format.JSON), directory=Path("d")),
    ("json", "d"): OutputPlan(terminal=False, files=(Format.JSON,), directory=Path("d")),
    ("JSON, json,terminal", "d"): OutputPlan(terminal=True, files=(Format.JSON,), directory=Path("d")),
    ("json", "-"): OutputPlan(terminal=False, stdout=Format.JSON),
    (None, "-"): OutputPlan(terminal=False, stdout=Format.JSON),
    ("terminal", "-"): OutputPlan(terminal=True),
    ("sarif", "-"): OutputPlan(terminal=False, stdout=Format.SARIF),
    ("csv,junit", "d"): OutputPlan(terminal=False, files=(Format.CSV, Format.JUNIT), directory=Path("d")),
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
        ("csv", "-", "`--out -` prints one format"),
        ("sarif", None, "format `sarif` has nowhere to go"),
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


def test_no_two_formats_write_the_same_file() -> None:
    report = empty_report()
    names = [name for chosen in WITHOUT_BROWSER for name in documents(report, chosen)]
    assert len(names) == len(set(names))
    assert {FILE_NAMES[chosen] for chosen in WITHOUT_BROWSER} <= set(names)
    assert FILE_NAMES[Format.PDF] not in names


@pytest.mark.parametrize("chosen", WITHOUT_BROWSER, ids=[f.value for f in WITHOUT_BROWSER])
def test_every_format_is_written(tmp_path: Path, chosen: Format) -> None:
    report = empty_report()
    plan = OutputPlan(terminal=False, files=(chosen,), directory=tmp_path)
    written = write_files(report, plan)
    assert {path.name: path.read_bytes() for path in written} == documents(report, chosen)
    assert FILE_NAMES[chosen] in {path.name for path in written}
    assert documents(report, chosen)[FILE_NAMES[chosen]] == render(report, chosen)
