"""`scan --waivers` and `waivers lint`: what people are told, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.history.waiver_text import ENTRY, entry, text

from .conftest import gaad, role

Porter = Callable[..., Any]

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::108458755588:root"}, "Action": "sts:AssumeRole"}
    ],
}
AS_OF = ("--as-of", "2026-05-10T00:00:00Z")


@pytest.fixture
def undocumented(tmp_path: Path) -> Path:
    """A role that admits Porter's account, of which no document tells."""
    path = tmp_path / "gaad.json"
    path.write_text(json.dumps(gaad(role("ops-bridge", trust=TRUST))))
    return path


@pytest.fixture
def scanned(porter: Porter, undocumented: Path, tmp_path: Path) -> Callable[..., Any]:
    """Scan the export at a fixed time and return how it ended with what report.json says."""

    def run(*options: str | Path) -> Any:
        out = tmp_path / "out"
        done = porter("scan", "aws", "--from", undocumented, *AS_OF, "--out", out, *options)
        return done, json.loads((out / "report.json").read_text())

    return run


def waiver_for(report: dict[str, Any], number: int, finding: dict[str, Any]) -> dict[str, Any]:
    return entry(
        id=f"W-{number}",
        match={"fingerprint": finding["fingerprint"]},
        ceiling={"content_hash": finding["content_hash"]},
        expires="2026-06-30",
    )


def write(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_bytes(text(*entries))
    return path


def test_a_scan_with_waivers_for_everything_ends_with_0_and_hides_nothing(
    scanned: Callable[..., Any], tmp_path: Path
) -> None:
    done, report = scanned()
    assert done.code == 1
    failures = [f for f in report["findings"] if f["result"] == "FAIL"]
    entries = [waiver_for(report, number, f) for number, f in enumerate(failures)]
    done, after = scanned("--waivers", write(tmp_path / "waivers.yaml", *entries))
    assert done.code == 0
    assert "As documented: no" in done.out
    assert "Waivers  " in done.out
    assert "platform@example.com, approved by security@example.com" in done.out
    assert {f["status"] for f in after["findings"] if f["fingerprint"] in {x["fingerprint"] for x in failures}} == {
        "WAIVED"
    }
    assert len(after["waivers"]) == len(failures)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Register of waivers" in page
    assert "https://tickets.example.com/SEC-14" in page


def test_an_expired_waiver_stops_the_next_run(scanned: Callable[..., Any], tmp_path: Path) -> None:
    _, report = scanned()
    entries = [
        entry(waiver_for(report, number, f), created="2026-04-01", expires="2026-05-09")
        for number, f in enumerate(f for f in report["findings"] if f["result"] == "FAIL")
    ]
    done, after = scanned("--waivers", write(tmp_path / "waivers.yaml", *entries))
    assert done.code == 1
    assert "it expired (2026-05-09)" in done.out
    assert {f["delta"] for f in after["findings"] if f["result"] == "FAIL" and f["axis"] != "hygiene"} == {
        "waiver_expired"
    }


def test_a_waivers_file_that_is_not_valid_stops_the_scan_before_it_reads(
    porter: Porter, undocumented: Path, tmp_path: Path
) -> None:
    path = write(tmp_path / "waivers.yaml", entry(reason="legacy"))
    done = porter("scan", "aws", "--from", undocumented, "--waivers", path)
    assert (done.code, done.out) == (3, "")
    assert "waivers `waivers.yaml`: waiver `W-1`: `reason` has 6 characters" in done.err


def test_a_hostile_waiver_cannot_break_the_page(scanned: Callable[..., Any], tmp_path: Path) -> None:
    bad = "</script><script>alert(1)</script>\x1b[2J and more than twenty"
    path = write(tmp_path / "waivers.yaml", entry(id=bad, reason=bad, owner=bad))
    done, _ = scanned("--waivers", path)
    assert "\x1b" not in done.out
    assert "<script>alert" not in (tmp_path / "out" / "report.html").read_text()


LINT = {
    "all well": ([ENTRY], "2026-06-01T00:00:00Z", 0, ""),
    "expired": ([ENTRY], "2026-08-01T00:00:00Z", 1, "W-1: it expired (2026-07-30)\n"),
    "soon": ([ENTRY], "2026-07-20T00:00:00Z", 1, "W-1: it expires soon (2026-07-30)\n"),
    "no waivers": ([], "2026-06-01T00:00:00Z", 0, ""),
}


@pytest.mark.parametrize(("entries", "as_of", "code", "out"), LINT.values(), ids=LINT)
def test_lint(porter: Porter, tmp_path: Path, entries: list[dict[str, Any]], as_of: str, code: int, out: str) -> None:
    done = porter("waivers", "lint", write(tmp_path / "w.yaml", *entries), "--as-of", as_of)
    assert (done.code, done.out) == (code, out)


def test_lint_of_a_file_that_is_not_valid(porter: Porter, tmp_path: Path) -> None:
    done = porter("waivers", "lint", write(tmp_path / "w.yaml", entry(approved_by="platform@example.com")))
    assert (done.code, done.out) == (3, "")
    assert "somebody else must approve" in done.err
