"""The binder: a sample anybody can draw again, axes apart, names that lead nowhere, and no word of compliance."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from html.parser import HTMLParser
from typing import Any

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.model.common import EvidencePointer
from scanner.model.finding import Axis, ControlLink, Finding, Result
from scanner.model.pages import Excerpt, PageFile
from scanner.model.report import Report
from scanner.render.binder import Binder, BinderFacts, make_binder, natural
from scanner.render.binder_html import render_covers, render_index
from scanner.render.binder_sample import KINDS, draw_of, kind_of
from scanner.render.binder_sample import sample as draw

FACTS = BinderFacts("SOC 2", "5eed", 2, "ab" * 32, "full")
PAGE = PageFile(sample.GAAD, 1, "evidence/aws/x/page-0001.json", "cd" * 32, 3)
SAFE = re.compile(r"[A-Za-z0-9%_.@,=+-]{1,200}(/[A-Za-z0-9%_.@,=+-]{1,200})*")


def with_pages(report: Report) -> Report:
    excerpt = Excerpt(sample.GAAD, "/0/RoleDetailList/3", '{"a":1}', 7)
    return replace(report, pages=(PAGE,), excerpts=(excerpt,))


def made(report: Report, facts: BinderFacts = FACTS) -> Binder:
    return make_binder(with_pages(report), facts, lambda page: b"{}\n")


def pages(report: Report, facts: BinderFacts = FACTS) -> dict[str, str]:
    binder = made(report, facts)
    covers = render_covers(with_pages(report), binder)
    index = render_index(with_pages(report), binder, with_pdf=False, unspoken=("CC9.9",))
    return {path: page.decode() for path, page in {**covers, "index.html": index}.items()}


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def of(number: int, result: Result = Result.PASS, axis: Axis = Axis.CONFORMANCE, **more: Any) -> Finding:
    return sample.finding(f"AWS-X-{number:03}", "Title", result, "porter-manager", "Said.", axis=axis, **more)


def test_a_sample_does_not_depend_on_the_order_of_results() -> None:
    findings = [of(n) for n in range(40)] + [of(100 + n, Result.FAIL) for n in range(7)]
    first = draw(findings, seed="s", control="CC6.3", per_kind=3)
    assert first == draw(findings[::-1], seed="s", control="CC6.3", per_kind=3)
    assert [one.finding.status for one in first] == ["FAIL"] * 3 + ["PASS"] * 3
    assert first != draw(findings, seed="t", control="CC6.3", per_kind=3)
    assert first != draw(findings, seed="s", control="CC6.1", per_kind=3)


def test_what_is_drawn_has_the_lowest_draws_of_its_kind() -> None:
    findings = [of(n) for n in range(40)]
    drawn = draw(findings, seed="s", control="C", per_kind=5)
    assert [one.draw for one in drawn] == sorted(draw_of("s", "C", f.fingerprint) for f in findings)[:5]


def test_a_draw_is_made_again_with_sha256sum() -> None:
    words = ["sh", "-c", "printf '%s\\n' 5eed CC6.3 ffff | sha256sum"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == draw_of("5eed", "CC6.3", "ffff")


def test_the_axes_are_never_one_number() -> None:
    findings = (of(1, Result.FAIL), of(2, Result.FAIL, Axis.POSTURE), of(3, Result.FAIL, Axis.HYGIENE))
    assert [kind_of(f).key for f in findings] == ["not_as_documented", "documented_risk", "fail"]
    waived = replace(of(4, Result.FAIL), status="WAIVED")
    assert kind_of(waived).key == "waived"
    assert {kind_of(of(5, result)).key for result in Result} <= {kind.key for kind in KINDS}


def test_a_folder_holds_every_result_of_its_control_and_the_sample() -> None:
    report = sample.drifted()
    binder = made(report)
    assert [c.id for c in binder.controls] == ["CC6.3"]
    results = rows(binder.files["controls/cc6.3/results.csv"])
    speaking = [f for f in report.findings if any(link.framework == "SOC 2" for link in f.controls)]
    assert {row["finding_id"] for row in results} == {f.finding_id for f in speaking}
    assert {row["framework"] for row in results} == {"SOC 2"}
    drawn = rows(binder.files["controls/cc6.3/sample.csv"])
    named = {f"controls/cc6.3/{row['file']}" for row in drawn}
    assert named == {path for path in binder.files if path.startswith("controls/cc6.3/sample/")}
    for row in drawn:
        said = json.loads(binder.files[f"controls/cc6.3/{row['file']}"])
        assert (said["drawn"]["draw"], said["status"]) == (row["draw"], row["status"])
        assert draw_of("5eed", "CC6.3", said["fingerprint"]) == row["draw"]
        assert row["raw_answer"] == PAGE.path
        assert row["raw_answer_sha256"] == PAGE.sha256
        assert said["evidence"][0]["value"] == '{"a":1}'
    assert binder.files[PAGE.path] == b"{}\n"


def test_the_index_counts_what_the_folders_hold() -> None:
    binder = made(sample.drifted())
    (row,) = rows(binder.files["index.csv"])
    total = len(rows(binder.files["controls/cc6.3/results.csv"]))
    assert int(row["results"]) == total == sum(int(row[kind.key]) for kind in KINDS)


def test_a_result_that_rests_on_an_unread_unit_names_it_and_no_answer() -> None:
    found = replace(of(1, Result.INCOMPLETE), evidence=(EvidencePointer("aws/none/x"),))
    binder = made(replace(sample.small(), findings=(found,)))
    (row,) = rows(binder.files["controls/cc6.3/sample.csv"])
    assert (row["unit_id"], row["unit_status"], row["raw_answer"]) == ("aws/none/x", "", "")
    assert not any(path.startswith("evidence/") for path in binder.files)


def test_what_was_not_read_stands_above_everything() -> None:
    page = pages(sample.incomplete())["controls/cc6.3/cover.html"]
    assert page.index("INCOMPLETE</h2>") < page.index("<h1")
    assert "INCOMPLETE</h2>" not in pages(sample.clean())["controls/cc6.3/cover.html"]


def test_populations_stand_with_counts_and_tie_outs() -> None:
    report = sample.drifted()
    binder = made(report)
    assert len(rows(binder.files["populations/tie-outs.csv"])) == len(report.tie_outs)
    assert len(rows(binder.files["controls/cc6.3/populations.csv"])) == len(report.populations)
    assert len(binder.population_files) == len(report.populations)
    page = pages(report)["index.html"]
    for _, path in binder.population_files:
        assert path in binder.files
        assert f'href="{path}"' in page


@pytest.mark.parametrize("name", ["drifted", "clean", "incomplete", "hostile"])
def test_nothing_says_that_a_control_is_met(name: str) -> None:
    for path, page in pages(controlled(sample.SAMPLES[name]())).items():
        text = re.sub(r"<[^>]*>", " ", page).lower().replace("porter-agent-compliance-manager", "")
        assert "compliant" not in text, path
        assert text.count("compliance") == text.count("not a statement of compliance"), path
        assert "evidence for" in text


HOSTILE_IDS = (
    *("../../etc/passwd", "CC6.3\n", "=cmd|' /C calc'!A0", "</script><script>alert(1)</script>", "\u202eCC", "."),
)


def controlled(report: Report) -> Report:
    """The same report with every result speaking to SOC 2."""
    link = ControlLink("SOC 2", "2017", "CC6.3", "direct", "Why. Limits: Little.")
    return replace(report, findings=tuple(replace(f, controls=(link,)) for f in report.findings))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_hostile_names_stay_text_and_make_plain_file_names() -> None:
    hostile = controlled(sample.hostile())
    links = tuple(ControlLink("SOC 2", "</style>", name, "<b>", "<img src=x onerror=alert(1)>") for name in HOSTILE_IDS)
    report = replace(hostile, findings=tuple(replace(f, controls=links) for f in hostile.findings))
    facts = replace(FACTS, seed="<script>alert(1)</script>")
    binder = made(report, facts)
    assert len(binder.controls) == len(HOSTILE_IDS)
    for path in binder.files:
        assert SAFE.fullmatch(path), path
        assert not {".", ".."} & set(path.split("/")), path
    assert len({c.folder for c in binder.controls}) == len(HOSTILE_IDS)
    for path, page in pages(report, facts).items():
        tags = Tags()
        tags.feed(page)
        assert not any(tag in {"script", "img", "iframe"} for tag, _ in tags.seen), path
        assert not any(name.startswith("on") or name == "style" for _, attrs in tags.seen for name in attrs), path
        for link in (attrs["href"] for tag, attrs in tags.seen if tag == "a"):
            assert link is not None
            assert re.fullmatch(r"#[a-z-]+|[A-Za-z0-9%_.@,=+/-]+", link), link
    for path, data in binder.files.items():
        if path.endswith(".csv"):
            for cell in (cell for row in csv.reader(io.StringIO(data.decode(), newline="")) for cell in row):
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (path, cell)
        elif path.endswith(".json") and "/sample/" in path:
            json.loads(data)


def test_the_same_report_gives_the_same_bytes() -> None:
    report = sample.drifted()
    turned = replace(report, findings=report.findings[::-1])
    assert made(report).files == made(turned).files
    assert pages(report) == pages(turned)


@pytest.mark.parametrize(
    ("first", "second"), [("A.5.9", "A.5.18"), ("AC-6", "AC-6(1)"), ("CC6.3", "CC9.2"), ("AC-2(g)", "AC-3")]
)
def test_controls_stand_in_the_order_of_their_numbers(first: str, second: str) -> None:
    assert natural(first) < natural(second)
