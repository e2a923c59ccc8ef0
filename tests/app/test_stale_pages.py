"""A directory of reports never keeps a second page that is not of the report.html beside it, nor loses a stranger's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from scanner.app import stale_pages
from scanner.app.outputs import Format, OutputPlan, write_files
from scanner.errors import RenderError
from scanner.model.report import Report
from scanner.render.html.report import render_html_files
from tests.render import sample_report as sample


def spread(report: Report) -> dict[str, bytes]:
    """Return a report in several files."""
    return render_html_files(report, limit=len(report.findings) // 3 + 1)


@pytest.fixture
def earlier(tmp_path: Path) -> Report:
    report = sample.drifted()
    files = spread(report)
    assert list(files) == ["report.html", "report-2.html", "report-3.html"]
    for name, made in files.items():
        (tmp_path / name).write_bytes(made)
    return report


def later(directory: Path, formats: tuple[Format, ...] = (Format.HTML,)) -> set[str]:
    """Write a later run of one page and return the names that are there."""
    report = sample.drifted()
    report = replace(report, run=replace(report.run, run_id="01jxlater"))
    write_files(report, OutputPlan(terminal=False, files=formats, directory=directory))
    return {path.name for path in directory.iterdir()}


@pytest.mark.usefixtures("earlier")
def test_pages_that_the_earlier_report_names_are_gone(tmp_path: Path) -> None:
    assert later(tmp_path) == {"report.html"}


@pytest.mark.usefixtures("earlier")
def test_where_no_page_is_written_the_earlier_report_stays_whole(tmp_path: Path) -> None:
    assert later(tmp_path, (Format.JSON,)) == {"report.json", "report.html", "report-2.html", "report-3.html"}


def own_words(directory: Path) -> None:
    (directory / "report-2.html").write_text("<p>my notes on report-2</p>")


def of_another_run(directory: Path) -> None:
    report = sample.drifted()
    other = spread(replace(report, run=replace(report.run, run_id="01jxother")))
    (directory / "report-2.html").write_bytes(other["report-2.html"])


def a_link(directory: Path) -> None:
    (directory / "kept").write_bytes((directory / "report-2.html").read_bytes())
    (directory / "report-2.html").unlink()
    (directory / "report-2.html").symlink_to("kept")


def a_folder(directory: Path) -> None:
    (directory / "report-2.html").unlink()
    (directory / "report-2.html").mkdir()


def an_index_of_others(directory: Path) -> None:
    (directory / "report.html").write_text('<a href="report-2.html#findings">two</a>')


def no_index(directory: Path) -> None:
    (directory / "report.html").unlink()


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize("change", [own_words, of_another_run, a_link, a_folder, an_index_of_others, no_index])
def test_what_is_not_proven_to_be_a_page_of_the_earlier_report_stays(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    change(tmp_path)
    assert "report-2.html" in later(tmp_path)


def test_a_page_that_is_written_anew_is_no_stale_one(tmp_path: Path, earlier: Report) -> None:
    files = spread(earlier)
    assert stale_pages.stale_pages(tmp_path, set(files)) == ()
    (stale,) = stale_pages.stale_pages(tmp_path, {"report.html", "report-2.html"})
    assert stale.name == "report-3.html"


def test_a_hostile_name_is_no_link_to_a_page_and_no_footer(tmp_path: Path) -> None:
    """Names of the audited cloud may spell a link or a footer; in a page they are escaped."""
    report = sample.drifted()
    first = report.findings[0]
    subject = replace(first.subject, name='<a href="report-9.html#x"> <p>porter-audit 1 · run 01jxother · x</p>')
    hostile = replace(report, findings=(replace(first, subject=subject), *report.findings[1:]))
    for name, made in spread(hostile).items():
        (tmp_path / name).write_bytes(made)
    (tmp_path / "report-9.html").write_bytes((tmp_path / "report-2.html").read_bytes())
    assert later(tmp_path) == {"report.html", "report-9.html"}


def test_a_page_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    (tmp_path / "report-2.html").mkdir()
    with pytest.raises(RenderError, match=r"^cannot remove `.*report-2\.html` of an earlier run: "):
        stale_pages.remove([tmp_path / "report-2.html"])
