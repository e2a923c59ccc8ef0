"""Which formats are asked for, where they go, and writing them: all files of a run, or none."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Final, assert_never

import msgspec

from scanner.app.files import prepare_directory, write_all
from scanner.app.stale_pages import remove, stale_pages
from scanner.errors import UsageError
from scanner.model.report import Report


class Format(str, Enum):
    """What a report can be written as."""

    TERMINAL = "terminal"
    HTML = "html"
    PDF = "pdf"
    JSON = "json"
    SARIF = "sarif"
    OCSF = "ocsf"
    OSCAL = "oscal"
    CSV = "csv"
    CSV_EXCEL = "csv-excel"
    JUNIT = "junit"
    MARKDOWN = "markdown"


FILE_NAMES: Final = {
    Format.HTML: "report.html",
    Format.PDF: "report.pdf",
    Format.JSON: "report.json",
    Format.SARIF: "sarif.json",
    Format.OCSF: "ocsf.ndjson",
    Format.OSCAL: "oscal-ar.json",
    Format.CSV: "findings.csv",
    Format.CSV_EXCEL: "findings.excel.csv",
    Format.JUNIT: "junit.xml",
    Format.MARKDOWN: "summary.md",
}
"""Names in the directory of `--out`; the tables have others beside `findings`. The terminal format has no file."""

DEFAULT_FORMATS: Final = (Format.TERMINAL, Format.HTML, Format.JSON)
"""What `--out DIR` writes where `--format` says nothing."""

_ALL: Final = ", ".join(f.value for f in Format)
_NOT_FOR_STDOUT: Final = frozenset({Format.HTML, Format.PDF, Format.CSV, Format.CSV_EXCEL})
"""A page for a browser or for paper; several files."""


class OutputPlan(msgspec.Struct, frozen=True):
    """Where the formats of one run go."""

    terminal: bool
    """The terminal format is printed on standard output."""
    files: tuple[Format, ...] = ()
    directory: Path | None = None
    stdout: Format | None = None
    """The one machine format that is printed instead of a report for people."""


def plan_outputs(formats: str | None, out: str | None) -> OutputPlan:
    """Return the plan for `--format` (comma-separated; None: the usual ones) and `--out` (directory, `-` or None).

    Raises `UsageError` if a format is unknown or has nowhere to go.
    """
    asked = _parse_formats(formats) if formats is not None else None
    if out == "-":
        return _to_stdout(asked)
    if out is None:
        homeless = [f.value for f in asked or () if f in FILE_NAMES]
        if homeless:
            advice = "give --out DIR, or --out - for one machine format on standard output"
            raise UsageError(f"format `{homeless[0]}` has nowhere to go", advice=advice)
        return OutputPlan(terminal=True)
    chosen = asked if asked is not None else DEFAULT_FORMATS
    files = tuple(f for f in chosen if f in FILE_NAMES)
    return OutputPlan(terminal=Format.TERMINAL in chosen, files=files, directory=Path(out))


def _parse_formats(text: str) -> tuple[Format, ...]:
    names = [name.strip().lower() for name in text.split(",")]
    for name in names:
        if name not in {f.value for f in Format}:
            raise UsageError(f"format `{name[:40]}` is unknown", advice=f"known formats: {_ALL}")
    return tuple(dict.fromkeys(Format(name) for name in names))


def _to_stdout(asked: tuple[Format, ...] | None) -> OutputPlan:
    chosen = asked or (Format.JSON,)
    if len(chosen) != 1 or chosen[0] in _NOT_FOR_STDOUT:
        raise UsageError("`--out -` prints one format", advice="give --format json --out -")
    return OutputPlan(terminal=chosen[0] is Format.TERMINAL, stdout=None if chosen[0] is Format.TERMINAL else chosen[0])


def prepare(plan: OutputPlan) -> None:
    """See before the scan that its reports will have a place, and that they can be made; raises `UsageError`."""
    if Format.PDF in plan.files:
        from scanner.render.pdf import ADVICE, find_chromium

        if find_chromium() is None:
            raise UsageError("format `pdf` needs Chromium, which was not found", advice=ADVICE)
    if plan.directory is not None:
        prepare_directory(plan.directory)


def write_files(report: Report, plan: OutputPlan) -> tuple[Path, ...]:
    """Render and write the files of a plan and return their paths; raises `RenderError`, and then writes none.

    Further pages of the report that was there before, and is replaced, are removed.
    """
    if plan.directory is None:
        return ()
    files = {plan.directory / name: made for f in plan.files for name, made in documents(report, f).items()}
    stale = stale_pages(plan.directory, {path.name for path in files})
    write_all(files)
    remove(stale)
    return tuple(files)


def terminal_text(report: Report, *, width: int = 100, color: bool = False, verbose: bool = False) -> str:
    """Return a report for a terminal of `width` columns."""
    from scanner.render.terminal import render_terminal

    return render_terminal(report, width=width, color=color, verbose=verbose)


def verdict_text(report: Report) -> str:
    """Return the two lines that answer the question, safe to print."""
    from scanner.render.text import one_line
    from scanner.render.words import leads, verdict_lines

    documented, allows = verdict_lines(report.verdict)
    answer = one_line(report.verdict.as_documented, 40)
    lead, allows_lead = leads(report)
    return f"{lead} {answer}. {documented}\n{allows_lead} {allows}"


def documents(report: Report, chosen: Format) -> dict[str, bytes]:
    """Return the files of one format by name: one; for tables three; for HTML more where findings are very many."""
    match chosen:
        case Format.CSV:
            return _tables(report, bom=False, suffix=".csv")
        case Format.CSV_EXCEL:
            return _tables(report, bom=True, suffix=".excel.csv")
        case Format.HTML:
            from scanner.render.html.report import render_html_files

            return render_html_files(report)
        case _:
            return {FILE_NAMES[chosen]: render(report, chosen)}


def _tables(report: Report, *, bom: bool, suffix: str) -> dict[str, bytes]:
    from scanner.render.csv_report import render_controls_csv, render_findings_csv, render_populations_csv

    return {
        f"findings{suffix}": render_findings_csv(report, bom=bom),
        f"controls{suffix}": render_controls_csv(report, bom=bom),
        f"populations{suffix}": render_populations_csv(report, bom=bom),
    }


def render(report: Report, chosen: Format) -> bytes:
    """Return a report in one format, as bytes in UTF-8; of the tables, the one of findings."""
    match chosen:
        case Format.TERMINAL:
            return terminal_text(report).encode()
        case Format.HTML:
            from scanner.render.html.report import render_html

            return _utf8(render_html(report))
        case Format.PDF:
            from scanner.render.pdf import render_pdf

            return render_pdf(report)
        case Format.JSON:
            from scanner.render.json_report import render_json

            return _utf8(render_json(report))
        case Format.SARIF:
            from scanner.render.sarif import render_sarif

            return render_sarif(report)
        case Format.OCSF:
            from scanner.render.ocsf import render_ocsf

            return render_ocsf(report)
        case Format.OSCAL:
            from scanner.render.oscal import render_oscal

            return render_oscal(report)
        case Format.CSV | Format.CSV_EXCEL:
            from scanner.render.csv_report import render_findings_csv

            return render_findings_csv(report, bom=chosen is Format.CSV_EXCEL)
        case Format.JUNIT:
            from scanner.render.junit import render_junit

            return render_junit(report)
        case Format.MARKDOWN:
            from scanner.render.markdown import render_markdown

            return render_markdown(report)
        case _ as never:
            assert_never(never)


def _utf8(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
