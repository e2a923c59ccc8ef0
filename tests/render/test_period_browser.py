"""The period report in a real browser: hostile names do nothing, the policy stays silent, charts are there."""

from __future__ import annotations

import os
from pathlib import Path

import browser
import pytest

from scanner.render.html.period import render_period_html

from .test_period import HOSTILE, sample

pytestmark = pytest.mark.browser


def test_a_page_with_hostile_names_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    executable = browser.find()
    if executable is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is needed where CI=true")
        pytest.skip("Chromium is not installed")
    path = tmp_path / "period-report.html"
    path.write_bytes(render_period_html(sample(HOSTILE)))
    with browser.Browser(executable) as running:
        tab = running.open(path)
        assert (tab.complaints(), tab.requests()) == ([], [])
        assert tab.run("document.title") == "Period report 2026-06-01 to 2026-06-14"
        assert tab.run("document.querySelectorAll('main script, img, iframe').length") == 0
        boxes = "[...document.querySelectorAll('.chart svg')].every(s => s.getBoundingClientRect().height > 40)"
        assert tab.run(boxes) is True
        assert tab.run("document.querySelectorAll('.chart use').length") == 14
        # No label of a chart is cut off at the right.
        cut = (
            "[...document.querySelectorAll('.chart svg')].some(s => [...s.querySelectorAll('text')].some("
            "t => t.getBoundingClientRect().right > s.getBoundingClientRect().right + 1))"
        )
        assert tab.run(cut) is False
