"""Same report, same bytes, whatever seed the interpreter hashes with and whatever locale and time zone it runs in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sample_report as sample

from scanner.render.html.report import render_html
from scanner.render.json_report import render_json
from scanner.render.terminal import render_terminal

HERE = Path(__file__).resolve().parent
PROGRAM = """
import hashlib
import sample_report as sample
from scanner.render.html.report import render_html
from scanner.render.json_report import render_json
from scanner.render.terminal import render_terminal

for name in ("drifted", "incomplete", "hostile"):
    report = sample.SAMPLES[name]()
    parts = (render_terminal(report, verbose=True).encode(), render_json(report), render_html(report))
    for made in parts:
        print(name, hashlib.sha256(made).hexdigest())
"""


def digests(seed: str, locale: str, zone: str) -> str:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path, "LC_ALL": locale, "TZ": zone}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def test_two_seeds_locales_and_time_zones_give_the_same_bytes() -> None:
    first = digests("1", "C", "UTC")
    assert first == digests("4242", "C.UTF-8", "Asia/Kolkata")
    assert len(first.splitlines()) == 9


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_every_writer_takes_every_sample(name: str) -> None:
    report = sample.SAMPLES[name]()
    assert render_terminal(report).endswith("\n")
    assert render_json(report).endswith(b"}\n")
    assert render_html(report).endswith(b"</html>")


@pytest.mark.parametrize("text", sample.HOSTILE, ids=range(len(sample.HOSTILE)))
def test_no_writer_repeats_an_unseen_character(text: str) -> None:
    """JSON escapes or replaces; the formats for people write such characters out by name."""
    finding = sample.finding("AWS-X-001", text, sample.Result.FAIL, "porter-manager", text, reason_code=text)
    report = sample.report([finding], [], sample.Verdict("no", text, text), exit_code=1)
    for made in (render_terminal(report, verbose=True), render_html(report).decode()):
        assert {char for char in made if not char.isprintable()} <= {"\n"}
    assert b"\x1b" not in render_json(report)
    assert b"\x00" not in render_json(report)
