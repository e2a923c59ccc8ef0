"""axe-core in a real browser: no report breaks a rule of WCAG 2.2 AA or of good practice, in light and in dark."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import browser
import pytest
import sample_report as sample

from scanner.model.report import Report
from scanner.render.html.findings import LEAN_ABOVE
from scanner.render.html.report import render_html, render_html_files

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / ".venv" / "axe-core-4.14.1.min.js"
"""`make axe-core` fetches it by name and version."""
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
REPORTS = ("clean", "drifted", "incomplete", "hostile", "empty", "large", "part")
RUN = """axe.run(document, %s).then(found => found.violations.map(
  one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 160)).join(' | ')))"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    executable = browser.find()
    if executable is None or not AXE.is_file():
        missing = "Chromium" if executable is None else "axe-core (`make axe-core`)"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing} is needed where CI=true")
        pytest.skip(f"{missing} is not installed")
    with browser.Browser(executable) as running:
        yield running


def report(name: str) -> Report:
    return sample.large(LEAN_ABOVE + 1) if name == "large" else sample.SAMPLES[name]()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    made = {name: folder / f"{name}.html" for name in REPORTS}
    for name, path in made.items():
        if name == "part":
            path.write_bytes(render_html_files(sample.drifted(), limit=40)["report-2.html"])
        else:
            path.write_bytes(render_html(report(name)))
    return made


def violations(running: browser.Browser, path: Path, scheme: str, opened: bool, **only: Any) -> list[str]:
    # Of a large report the filter shows a part, as to a reader: the checker takes half a minute for all of it.
    tab = running.open(path, "role=porter-karpenter" if path.stem == "large" else "", scheme=scheme)
    if opened:
        tab.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    tab.run(f"{AXE.read_text()};0")
    found: list[str] = tab.run(RUN % json.dumps({"resultTypes": ["violations"], "runOnly": only}))
    tab.close()
    return found


@pytest.mark.parametrize("name", REPORTS)
def test_no_report_breaks_a_rule(chromium: browser.Browser, files: dict[str, Path], name: str) -> None:
    assert violations(chromium, files[name], "light", name != "large", type="tag", values=TAGS) == []


@pytest.mark.parametrize("name", ["clean", "drifted", "incomplete", "hostile", "large"])
def test_dark_reports_have_enough_contrast(chromium: browser.Browser, files: dict[str, Path], name: str) -> None:
    assert violations(chromium, files[name], "dark", name != "large", type="rule", values=["color-contrast"]) == []


def test_the_checker_finds_what_is_wrong(chromium: browser.Browser, tmp_path: Path) -> None:
    """A table header without words: this test's instrument notices."""
    path = tmp_path / "bad.html"
    raw = render_html(sample.small()).replace(b'<th scope="col">Permissions</th>', b'<th scope="col"></th>', 1)
    path.write_bytes(raw)
    found = violations(chromium, path, "light", False, type="tag", values=TAGS)
    assert any(line.startswith("empty-table-header") for line in found)
