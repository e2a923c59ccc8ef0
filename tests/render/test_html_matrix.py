"""The control matrix, the evidence cards and the spread over files: everything is counted once and leads somewhere."""

from __future__ import annotations

import json
import re
from collections import Counter
from urllib.parse import urldefrag

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.model.common import EvidencePointer
from scanner.model.finding import ControlLink, Finding, Result
from scanner.model.pages import Excerpt
from scanner.model.report import Report
from scanner.render.html.controls import STATUSES, family_of, frameworks
from scanner.render.html.evidence import SHOWN_CHARS_LEAN
from scanner.render.html.findings import LEAN_ABOVE
from scanner.render.html.report import render_html, render_html_files

LINK = ControlLink("SOC 2", "2017", "CC6.3", "direct", "Shows it. Limits: One night.")


def held(rule: str, result: Result, number: int, *links: ControlLink) -> Finding:
    made = sample.finding(rule, "title", result, "porter-manager", f"m{number}", discriminator=str(number))
    return replace(made, controls=links)


def report(*findings: Finding) -> Report:
    return sample.report(list(findings), [], sample.Verdict("no", "no", "nothing"), exit_code=1)


# --- controls --------------------------------------------------------------------------------------------------------


def test_results_are_counted_by_control_family_and_status() -> None:
    other = ControlLink("NIST", "5", "AC-6", "supporting", "Helps.")
    made = report(
        held("AWS-PERM-001", Result.FAIL, 1, LINK, other),
        held("AWS-PERM-002", Result.PASS, 2, LINK),
        held("AWS-TRUST-001", Result.INCOMPLETE, 3, LINK),
    )
    soc, nist = frameworks(made, {id(f): f"#{f.message}" for f in made.findings})
    assert (soc.name, soc.results, soc.statuses) == ("SOC 2", 3, ("FAIL", "INCOMPLETE", "PASS"))
    (control,) = soc.controls
    assert [cell.count for cell in control.cells] == [1, 1, 1]
    assert control.limits == ("One night.",)
    assert [(row.family, [cell.count for cell in row.cells]) for row in control.families] == [
        ("AWS-PERM", [1, 0, 1]),
        ("AWS-TRUST", [0, 1, 0]),
    ]
    assert [cell.href for cell in control.families[0].cells] == ["#m1", "", "#m2"]
    assert control.families[0].rationale == "Shows it."
    assert (nist.name, nist.results) == ("NIST", 1)


def test_every_result_stands_under_each_of_its_controls() -> None:
    for build in sample.SAMPLES.values():
        made = build()
        expected = Counter((c.framework, c.version, c.id, f.status) for f in made.findings for c in f.controls)
        for framework in frameworks(made, {}):
            for control in framework.controls:
                for cell in control.cells:
                    assert cell.count == sum(row.cells[control.cells.index(cell)].count for row in control.families)
        total = sum(c.count for f in frameworks(made, {}) for one in f.controls for c in one.cells)
        assert total == sum(expected.values())


def test_a_waived_result_is_counted_as_waived_and_not_as_failed() -> None:
    made = report(replace(held("AWS-PERM-001", Result.FAIL, 1, LINK), status="WAIVED"))
    (framework,) = frameworks(made, {})
    assert framework.statuses == ("WAIVED",)


def test_statuses_are_all_there_are() -> None:
    assert {*STATUSES} == {*(result.value for result in Result), "WAIVED"}


def test_controls_are_in_the_order_people_count() -> None:
    links = [replace(LINK, id=name) for name in ("A.5.18", "A.5.9", "AC-6(1)", "AC-6", "A.10.1")]
    (framework,) = frameworks(report(held("AWS-PERM-001", Result.PASS, 1, *links)), {})
    assert [control.id for control in framework.controls] == ["A.5.9", "A.5.18", "A.10.1", "AC-6", "AC-6(1)"]


@pytest.mark.parametrize(
    ("rule", "family"), [("AWS-PERM-001", "AWS-PERM"), ("AWS-PERM", "AWS-PERM"), ("x", "x"), ("", "(no name)")]
)
def test_family_of_a_rule(rule: str, family: str) -> None:
    assert family_of(rule) == family


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_no_report_says_that_a_control_is_met(name: str) -> None:
    raw = render_html(sample.SAMPLES[name]()).decode().lower()
    assert not re.search(r"(soc 2|iso 27001|nist|cis)[^.<]{0,40}\bcompliant\b", raw)
    assert "fully compliant" not in raw


# --- evidence --------------------------------------------------------------------------------------------------------


def test_a_finding_leads_to_its_value_and_the_value_back_to_it() -> None:
    made = sample.small()
    raw = render_html(made).decode()
    anchor = made.findings[0].finding_id.lower()
    finding = raw[raw.index(f'<dl id="{anchor}"') :].split("</details>", 1)[0]
    card = raw[raw.index('<div class="body" id="ev-1"') :].split("</details>", 1)[0]
    assert '<a href="#ev-1">' in finding
    for words in (
        f'<a href="#{anchor}">',
        "iam:GetAccountAuthorizationDetails",
        "Request id",
        "2026-05-30 02:00",
        "aws iam get-account-authorization-details",
        "evidence/aws/123456789012/global/aws.iam.authorization_details/page-0001.json",
        "&#34;RoleName&#34;: &#34;porter-access-manager&#34;",
        "external id",
    ):
        assert words in card


def test_a_value_that_was_cut_says_how_much_is_missing() -> None:
    excerpt = Excerpt(sample.GAAD, "/0/RoleDetailList/3", '{"RoleName": "x', 9_015)
    raw = render_html(replace(sample.small(), excerpts=(excerpt,))).decode()
    assert "Left out here: 9,000 more characters of the value, in the bundle." in raw


def test_without_excerpts_there_is_no_section_and_no_dangling_link() -> None:
    raw = render_html(replace(sample.small(), excerpts=())).decode()
    assert 'id="evidence"' not in raw
    assert 'href="#ev-' not in raw


def test_a_full_page_names_the_file_instead_of_the_value_and_keeps_the_worst_findings_values() -> None:
    base = sample.large(LEAN_ABOVE + 1)
    text = json.dumps("x" * 7_000)
    excerpts = tuple(Excerpt(sample.GAAD, f"/0/RoleDetailList/{n:03}", text, len(text)) for n in range(100))
    worst = replace(base.findings[1], evidence=(EvidencePointer(sample.GAAD, "/0/RoleDetailList/099"),))
    made = replace(base, findings=(worst, *base.findings), excerpts=excerpts)
    raw = render_html(made).decode()
    cards = raw[raw.index('id="evidence"') :].split('<details class="card unit evidence">')[1:]
    cards[-1] = cards[-1].split("</section>")[0]
    shown = [n for n, card in enumerate(cards) if "x" * 7_000 in card]
    assert len(cards) == 100
    assert 99 in shown
    assert len(shown) == SHOWN_CHARS_LEAN // len(text) + 1
    assert all("the page is full" in card for n, card in enumerate(cards) if n not in shown)


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spread() -> dict[str, str]:
    return {name: raw.decode() for name, raw in render_html_files(sample.drifted(), limit=20).items()}


def test_findings_are_spread_over_files_and_none_is_lost_or_twice(spread: dict[str, str]) -> None:
    made = sample.drifted()
    assert list(spread) == ["report.html", "report-2.html", "report-3.html", "report-4.html"]
    found = [anchor for raw in spread.values() for anchor in re.findall(r'<dl id="(f-[0-9a-f]+)"', raw)]
    assert sorted(found) == sorted(f.finding_id.lower() for f in made.findings)
    assert [raw.count('<details class="finding') for raw in spread.values()] == [20, 20, 20, len(made.findings) - 60]


def test_every_file_says_what_it_holds_and_names_all_others(spread: dict[str, str]) -> None:
    total = len(sample.drifted().findings)
    for number, (name, raw) in enumerate(spread.items()):
        first, last = number * 20 + 1, min(number * 20 + 20, total)
        assert f"{name} holds findings {first} to {last} of {total}." in raw
        assert all(f'<a href="{other}#findings">' in raw for other in spread if other != name)


def test_every_link_between_the_files_leads_somewhere(spread: dict[str, str]) -> None:
    ids = {name: set(re.findall(r'\sid="([^"]+)"', raw)) for name, raw in spread.items()}
    for name, raw in spread.items():
        for href in re.findall(r'<a [^>]*href="([^"]*)"', raw):
            if not href.startswith("https://"):
                file, anchor = urldefrag(href)
                assert (file or name) in spread, href
                assert not anchor or anchor in ids[file or name], (name, href)


def test_every_file_is_self_contained_and_carries_the_banner() -> None:
    for raw in render_html_files(sample.incomplete(), limit=10).values():
        assert raw.count(b"Content-Security-Policy") == 1
        assert b"INCOMPLETE" in raw
        assert b"As documented:" in raw


def test_the_script_of_a_file_knows_the_findings_of_that_file_only(spread: dict[str, str]) -> None:
    for raw in spread.values():
        island = json.loads(raw.split('id="index">', 1)[1].split("</script>", 1)[0])
        assert [row[0] for row in island["findings"]] == re.findall(r'<dl id="(f-[0-9a-f]+)"', raw)


def test_files_that_would_be_too_large_hold_fewer_findings() -> None:
    whole = render_html_files(sample.drifted())
    assert list(whole) == ["report.html"]
    base = len(render_html_files(replace(sample.drifted(), findings=()))["report.html"])
    smaller = render_html_files(sample.drifted(), max_bytes=(len(whole["report.html"]) + base) // 2)
    assert len(smaller) > 1
    assert sum(raw.count(b'<details class="finding') for raw in smaller.values()) == len(sample.drifted().findings)


def test_a_page_that_is_large_without_findings_is_not_spread_for_ever() -> None:
    assert len(render_html_files(sample.drifted(), max_bytes=10)) <= len(sample.drifted().findings)
