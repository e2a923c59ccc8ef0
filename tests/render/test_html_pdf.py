"""The printed report: what stands on paper, and how a Chromium that is missing, old, slow or broken is told of."""

from __future__ import annotations

import html
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import browser
import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.app.files import write_all
from scanner.app.outputs import Format, OutputPlan, prepare
from scanner.errors import RenderError, UsageError
from scanner.render.html.print import print_html
from scanner.render.pdf import MIN_VERSION, find_chromium, print_pages, render_pdf

Program = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Writes a shell script that stands for Chromium."""

    def write(body: str) -> str:
        path = tmp_path / "chromium"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return write


@pytest.fixture(scope="module")
def chromium() -> str:
    executable = browser.find()
    if executable is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is needed where CI=true")
        pytest.skip("Chromium is not installed")
    return executable


@pytest.mark.browser
@pytest.mark.parametrize("name", ["drifted", "hostile"])
def test_pdf_is_whole_and_gives_nothing_of_the_machine_away(chromium: str, name: str) -> None:
    made = render_pdf(sample.SAMPLES[name](), chromium)
    assert made.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", made)) > 3
    assert b"file:/" not in made
    assert b"/JavaScript" not in made
    assert set(re.findall(rb"/CreationDate \(D:(\d{14})", made)) == {b"20260530020008"}


@pytest.mark.browser
def test_same_report_same_pdf(chromium: str) -> None:
    assert render_pdf(sample.small(), chromium) == render_pdf(sample.small(), chromium)


def test_every_page_carries_run_id_utc_time_and_page_number() -> None:
    raw = print_html(sample.drifted()).decode()
    assert '@page{@bottom-left{content:"porter-audit, run 01JWGK4V8Q3M7T5Y2N6P9R0ABC, 2026-05-30 02:00:08 UTC"' in raw
    assert re.search(r'@bottom-right \{ content: counter\(page\) " / " counter\(pages\)', raw)


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_printed_page_has_nothing_to_click_and_nothing_that_acts(name: str) -> None:
    raw = print_html(sample.SAMPLES[name]()).decode()
    assert "script-src 'none'" in html.unescape(raw[:1_000])
    assert "<script" not in raw
    assert 'href=""' not in raw
    ids = set(re.findall(r'\sid="([^"]+)"', raw))
    assert set(re.findall(r'href="#([^"]+)"', raw)) <= ids


def test_what_passed_is_a_table_and_everything_else_is_in_full() -> None:
    report = sample.drifted()
    raw = print_html(report).decode()
    printed = raw.count('<details class="finding')
    assert printed == sum(f.result.value not in {"PASS", "NOT_APPLICABLE"} for f in report.findings) > 0
    assert "40 PASS" in raw or "PASS</td>" in raw


def test_findings_beyond_the_limit_are_lines_and_their_number_is_told() -> None:
    report = sample.drifted()
    wanted = sum(f.result.value not in {"PASS", "NOT_APPLICABLE"} for f in report.findings)
    raw = print_html(report, in_full=5, as_lines=10).decode()
    assert raw.count('<details class="finding') == 5
    assert f"5 of {wanted} results that did not pass are printed in full" in raw
    assert f"{wanted - 15} more results are in report.html" in raw


def test_incomplete_stands_above_the_verdict_on_paper() -> None:
    raw = print_html(sample.incomplete()).decode()
    assert raw.index('id="incomplete"') < raw.index('id="verdict"')


def test_without_a_browser_nothing_is_printed_and_the_advice_names_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium() is None
    with pytest.raises(RenderError, match=r"^cannot make report\.pdf: no Chromium was found$") as caught:
        render_pdf(sample.small())
    assert "apt-get install chromium" in (caught.value.advice or "")
    with pytest.raises(UsageError, match=r"^format `pdf` needs Chromium, which was not found$"):
        prepare(OutputPlan(terminal=False, files=(Format.PDF,), directory=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("echo Chromium 99.0.1.2", f"is version 99, {MIN_VERSION} or newer is needed"),
        ("[ $1 = --version ] && echo Chromium 150.0.0.0 || exit 7", "ended with 7 and no PDF"),
        ("[ $1 = --version ] && echo Chromium 150.0.0.0; exit 0", "ended with 0 and no PDF"),
        (
            'for a; do case $a in --print-to-pdf=*) echo "%PDF-1.4 cut" >"${a#*=}";; esac; done',
            "ended with 0 and no PDF",
        ),
    ],
)
def test_a_browser_that_does_not_print_is_one_line(program: Program, body: str, message: str) -> None:
    with pytest.raises(RenderError) as caught:
        render_pdf(sample.small(), program(body))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_browser_that_begins_to_count_elsewhere_makes_the_same_pdf(program: Program) -> None:
    """Of several that print at once one gives its first element another number than the next."""
    made = []
    for first in (7, 8, 41):
        ids = " ".join(f"/ID (node{number:08})" for number in (first, first + 2, first + 11))
        body = f"for a; do case $a in --print-to-pdf=*) echo '%PDF-1.4 {ids} %%EOF' >\"${{a#*=}}\";; esac; done"
        made.append(render_pdf(sample.small(), program(body)))
    assert made[0] == made[1] == made[2] == b"%PDF-1.4 /ID (node00000001) /ID (node00000003) /ID (node00000012) %%EOF\n"


def test_a_page_that_fails_ends_the_printing_of_those_that_wait(program: Program, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    body = f"[ $1 = --version ] && echo Chromium 150.0.0.0 && exit; echo x >>{calls}; sleep 0.1; exit 7"
    with pytest.raises(RenderError, match="ended with 7 and no PDF"):
        print_pages({f"{number}.pdf": b"" for number in range(60)}, sample.small().run.ended, program(body))
    assert 0 < len(calls.read_text().split()) < 60


def test_a_browser_that_cannot_start_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"no such file or directory$"):
        render_pdf(sample.small(), str(tmp_path / "nothing"))


def test_the_browser_gets_no_credentials_and_no_network(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was called with stands in the PDF that the script makes up."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "planted")
    made = render_pdf(
        sample.small(),
        program(
            'for a; do case $a in --print-to-pdf=*) out="${a#*=}";; esac; done\n'
            '[ -n "$out" ] && { echo "%PDF-1.4"; env; echo "$@"; echo "%%EOF"; } >"$out"; exit 0'
        ),
    ).decode()
    assert "planted" not in made
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in made
    assert "--proxy-server=127.0.0.1:9" in made


def test_a_failure_leaves_an_older_report_as_it_was(program: Program, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(b"before")
    with pytest.raises(RenderError):
        write_all({tmp_path / "report.pdf": render_pdf(replace(sample.small()), program("exit 1"))})
    assert (tmp_path / "report.pdf").read_bytes() == b"before"
