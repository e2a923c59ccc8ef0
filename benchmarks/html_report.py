"""How long report.html takes to make, how large it is, and how long a Chromium takes to open and to filter it.

    python benchmarks/html_report.py [FINDINGS ...]      default: 500 5000 20000

Prints one row for each number of findings, of reports as the tests make them: two thirds deviate, each with a diff, an
example request, a remedy and evidence. Making is the best of three; opening is the browser's own `loadEventEnd`, the
best of three fresh tabs; a key is one character typed into the filter. Without a Chromium the last columns are empty.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "render"))

import browser
import sample_report as sample

from scanner.render.html.report import render_html_files

_HEAD = f"{'findings':>9}{'make s':>9}{'files':>7}{'MB':>7}{'largest MB':>12}{'open s':>9}{'key ms':>9}"
_OPENED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_KEY = """(() => {
  const q = document.forms.filter.elements.q;
  const press = text => { q.value = text; q.dispatchEvent(new Event('input', { bubbles: true })); };
  press('a');
  const start = performance.now();
  press('ac');
  document.body.getBoundingClientRect();
  return performance.now() - start;
})()"""


def main() -> None:
    """Measure each number of findings that was asked for."""
    numbers = [int(text) for text in sys.argv[1:]] or [500, 5_000, 20_000]
    executable = browser.find()
    print(_HEAD)
    for number in numbers:
        made_s, files = _made(number)
        opened = _opened(executable, files) if executable else ("", "")
        total, largest = sum(map(len, files.values())) / 1e6, max(map(len, files.values())) / 1e6
        print(f"{number:>9,}{made_s:>9.2f}{len(files):>7}{total:>7.1f}{largest:>12.1f}{opened[0]:>9}{opened[1]:>9}")


def _made(number: int) -> tuple[float, dict[str, bytes]]:
    report = sample.large(number)
    render_html_files(sample.small())
    best, files = float("inf"), {}
    for _ in range(3):
        start = time.perf_counter()
        files = render_html_files(report)
        best = min(best, time.perf_counter() - start)
    return best, files


def _opened(executable: str, files: dict[str, bytes]) -> tuple[str, str]:
    with tempfile.TemporaryDirectory() as folder, browser.Browser(executable) as running:
        for name, raw in files.items():
            Path(folder, name).write_bytes(raw)
        tabs = [running.open(Path(folder, "report.html")) for _ in range(3)]
        loads: list[Any] = [tab.run(_OPENED) for tab in tabs]
        return f"{min(loads) / 1000:.2f}", f"{tabs[-1].run(_KEY):.0f}"


if __name__ == "__main__":
    main()
