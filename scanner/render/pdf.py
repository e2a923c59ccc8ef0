"""report.pdf: the printed report, set by a Chromium that is already on the machine, without network and without script.

The page is a file of ours in a directory of its own; its policy lets nothing act and nothing be fetched, and the
browser is given a proxy that does not exist, so that not even its own services reach out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from scanner.errors import RenderError
from scanner.model.report import Report
from scanner.render.html.print import print_html

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge")
"""Commands that print a page, all of one kind."""
ADVICE = "install Chromium (Debian and Ubuntu: apt-get install chromium), or print report.html from a browser"
TIMEOUT_S = 180
_MOST_AT_ONCE = 4
# https://developer.chrome.com/blog/print-margins (read 2026-10-12): page numbers in margins came with this version.
MIN_VERSION = 131

_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--metrics-recording-only",
    # No request leaves the machine: every name fails, every address goes to a port where nobody listens.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:9",
    "--proxy-bypass-list=<-loopback>",
    "--no-pdf-header-footer",
)
_VERSION = re.compile(rb"\b(\d{2,4})\.\d+\.\d+")
_NODE = re.compile(rb"\(node(\d{8})\)")
"""What a tagged PDF calls its elements; the numbers rise in the order of the page."""
_DATE = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}([^)]*)\)")


def find_chromium() -> str | None:
    """Return the path of a browser that can print, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def render_pdf(report: Report, executable: str | None = None) -> bytes:
    """Return `report` as a PDF with run id, UTC time and page number on every page.

    `executable` is a Chromium; without it the first that is found. Raises `RenderError` if there is none, if it is too
    old, or if it does not print.
    """
    browser = executable or find_chromium()
    if browser is None:
        raise RenderError("cannot make report.pdf: no Chromium was found", advice=ADVICE)
    return print_pages({"report.pdf": print_html(report)}, report.run.ended, browser)["report.pdf"]


def print_pages(pages: Mapping[str, bytes], moment: datetime, browser: str) -> dict[str, bytes]:
    """Return pages of ours by name as PDFs that say they were made at `moment`.

    A browser prints one page and ends, and most of its time is its start: as many as there are processors run at once.
    Raises `RenderError` as `render_pdf` does.
    """

    def printed(page: bytes) -> bytes:
        with tempfile.TemporaryDirectory(prefix="porter-audit-pdf-") as folder:
            return _dated(_print(browser, page, Path(folder)), moment)

    with tempfile.TemporaryDirectory(prefix="porter-audit-pdf-") as folder:
        _check_version(browser, Path(folder))
    pool = ThreadPoolExecutor(min(_MOST_AT_ONCE, os.cpu_count() or 1))
    try:
        return dict(zip(pages, pool.map(printed, pages.values()), strict=True))
    finally:
        # One that fails, or CTRL-C, ends it: the pages that wait are not printed first.
        pool.shutdown(cancel_futures=True)


def _check_version(browser: str, folder: Path) -> None:
    """Raise `RenderError` where the browser would leave out page numbers; one that does not tell is tried."""
    done = _run([browser, "--version"], folder, 30)
    found = _VERSION.search(done.stdout)
    if found and int(found.group(1)) < MIN_VERSION:
        problem = f"`{browser}` is version {int(found.group(1))}, {MIN_VERSION} or newer is needed"
        raise RenderError(f"cannot make report.pdf: {problem}", advice=ADVICE)


def _print(browser: str, page: bytes, folder: Path) -> bytes:
    source, target = folder / "report.html", folder / "report.pdf"
    source.write_bytes(page)
    # As root the browser refuses its own sandbox; what it opens is our file, in which nothing can run.
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [browser, *_FLAGS, *sandbox, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}"]
    done = _run([*command, source.as_uri()], folder, TIMEOUT_S)
    made = target.read_bytes() if target.is_file() else b""
    if done.returncode or not made.startswith(b"%PDF-") or not made.rstrip().endswith(b"%%EOF"):
        raise RenderError(f"cannot make report.pdf: `{browser}` ended with {done.returncode} and no PDF", advice=ADVICE)
    return made


def _run(command: list[str], folder: Path, timeout_s: int) -> subprocess.CompletedProcess[bytes]:
    # Only what a program needs to start: no credentials of the cloud reach the browser.
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    environment |= {"HOME": str(folder), "TMPDIR": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    try:
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RenderError(
            f"cannot make report.pdf: `{command[0]}` did not end within {timeout_s} s", advice=ADVICE
        ) from error
    except OSError as error:
        reason = (error.strerror or "cannot be started").lower()
        raise RenderError(f"cannot make report.pdf: `{command[0]}`: {reason}", advice=ADVICE) from error


def _dated(made: bytes, moment: datetime) -> bytes:
    """Return the PDF with the run's end as its own time; the length stays, so the file's table of places does too."""
    stamp = moment.astimezone(UTC).strftime("%Y%m%d%H%M%S").encode()
    dated = _DATE.sub(lambda found: b"/" + found.group(1) + b" (D:" + stamp + found.group(2) + b")", made)
    return _numbered(dated)


def _numbered(made: bytes) -> bytes:
    """Return the PDF with its nodes counted from 1: where a busy browser begins to count differs by a few."""
    numbers = [int(found) for found in _NODE.findall(made)]
    first = min(numbers, default=1) - 1
    return _NODE.sub(lambda found: b"(node%08d)" % (int(found.group(1)) - first), made)
