"""The HTML report in a real browser: hostile names do nothing, the policy stays silent, filter and links work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import browser
import pytest
import sample_report as sample

from scanner.render.html.report import render_html, render_html_files

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    executable = browser.find()
    if executable is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is needed where CI=true")
        pytest.skip("Chromium is not installed")
    with browser.Browser(executable) as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    made = {}
    for name, build in sample.SAMPLES.items():
        made[name] = folder / f"{name}.html"
        made[name].write_bytes(render_html(build()))
    return made


VISIBLE = "[...document.querySelectorAll('.finding')].filter(f => f.checkVisibility()).length"


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_no_report_makes_the_browser_complain_or_ask_for_anything(
    chromium: browser.Browser, files: dict[str, Path], name: str
) -> None:
    tab = chromium.open(files[name])
    assert tab.complaints() == []
    assert tab.requests() == []
    assert tab.run("document.documentElement.classList.contains('js')") is True


def test_complaints_are_seen_when_there_are_any(chromium: browser.Browser, tmp_path: Path) -> None:
    """The same page with a planted script: the policy stops it, and this test's instrument notices."""
    planted = render_html(sample.small()).replace(b"</footer>", b"<script>document.title='PWNED'</script></footer>")
    path = tmp_path / "planted.html"
    path.write_bytes(planted.replace(b"<h1", b"<img src=x onerror=\"document.title='PWNED'\"><h1"))
    tab = chromium.open(path)
    assert any("Content Security Policy" in text for text in tab.complaints())
    assert tab.run("document.title") == "As documented: no – acme-production"


def test_hostile_names_never_run(chromium: browser.Browser, files: dict[str, Path]) -> None:
    tab = chromium.open(files["hostile"])
    assert "PWNED" not in tab.run("document.title").replace("document.title='PWNED'", "")
    assert tab.run("document.querySelectorAll('img, iframe, object, embed').length") == 0
    tab.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    tab.run("document.querySelectorAll('*').forEach(e => e.dispatchEvent(new MouseEvent('mouseover')))")
    assert tab.run("document.title") != "1"
    assert tab.complaints() == []


def test_filter_by_hash(chromium: browser.Browser, files: dict[str, Path]) -> None:
    report = sample.drifted()
    tab = chromium.open(files["drifted"], "result=FAIL&axis=posture&severity=low")
    wanted = [f for f in report.findings if (f.status, f.axis.value, f.severity.value) == ("FAIL", "posture", "low")]
    assert tab.run(VISIBLE) == len(wanted) > 0
    assert (
        tab.run("document.getElementById('shown').textContent") == f"{len(wanted)} of {len(report.findings)} findings"
    )


def test_filter_by_role_and_text(chromium: browser.Browser, files: dict[str, Path]) -> None:
    tab = chromium.open(files["drifted"], "q=passrole%20condition&role=porter-infra-manager")
    assert tab.run(VISIBLE) == 1
    assert tab.run("document.querySelectorAll('.group:not([hidden])').length") == 1


def test_typing_filters_and_the_address_remembers(chromium: browser.Browser, files: dict[str, Path]) -> None:
    tab = chromium.open(files["drifted"])
    tab.run(
        "(() => { const q = document.forms.filter.elements.q; q.value = 'frobnicate';"
        " q.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert tab.run(VISIBLE) == 1
    assert tab.run("location.hash") == "#q=frobnicate"
    tab.run("document.querySelector('button[type=reset]').click()")
    tab.run("new Promise(done => setTimeout(done, 20))")
    assert tab.run(VISIBLE) == len(sample.drifted().findings)


def test_a_filter_that_matches_nothing_shows_nothing(chromium: browser.Browser, files: dict[str, Path]) -> None:
    tab = chromium.open(files["drifted"], "q=no-such-thing-anywhere")
    assert tab.run(VISIBLE) == 0
    assert tab.run("document.getElementById('shown').textContent").startswith("0 of ")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_deep_link_opens_its_details(chromium: browser.Browser, files: dict[str, Path], script: bool) -> None:
    finding = next(f for f in sample.drifted().findings if f.porter_role == "porter-manager")
    tab = chromium.open(files["drifted"], finding.finding_id.lower(), script=script)
    anchor = finding.finding_id.lower()
    inside = f"document.getElementById('{anchor}')"
    assert tab.run(f"{inside}.parentElement.open") is True
    assert tab.run(f"(b => b.top < innerHeight && b.bottom > 0)({inside}.getBoundingClientRect())") is True


def test_deep_link_shows_the_line_of_its_finding_below_the_filter(
    chromium: browser.Browser, files: dict[str, Path]
) -> None:
    anchor = sample.drifted().findings[0].finding_id.lower()
    tab = chromium.open(files["drifted"], anchor)
    line = f"document.getElementById('{anchor}').parentElement.firstElementChild.getBoundingClientRect()"
    assert tab.run(f"{line}.top >= document.forms.filter.getBoundingClientRect().bottom - 2") is True


def test_link_to_a_filtered_finding_clears_the_filter(chromium: browser.Browser, files: dict[str, Path]) -> None:
    anchor = sample.drifted().findings[0].finding_id.lower()
    tab = chromium.open(files["drifted"], "result=PASS")
    tab.run(f"location.hash = '{anchor}'")
    tab.run("new Promise(done => setTimeout(done, 50))")
    assert tab.run(f"document.getElementById('{anchor}').checkVisibility()") is True


def test_link_to_a_role_opens_it(chromium: browser.Browser, files: dict[str, Path]) -> None:
    tab = chromium.open(files["clean"], "role-porter-karpenter")
    assert tab.run("document.getElementById('role-porter-karpenter').closest('details').open") is True


@pytest.mark.parametrize("name", ["drifted", "incomplete"])
def test_readable_without_script(chromium: browser.Browser, files: dict[str, Path], name: str) -> None:
    tab = chromium.open(files[name], script=False)
    text = tab.text()
    assert "As documented:" in text
    assert tab.run("document.documentElement.classList.contains('js')") is False
    assert tab.run("document.forms.filter.checkVisibility()") is False
    for finding in sample.SAMPLES[name]().findings:
        assert finding.message in text


def test_slash_moves_to_the_filter_and_every_summary_is_reachable_by_keyboard(
    chromium: browser.Browser, files: dict[str, Path]
) -> None:
    tab = chromium.open(files["drifted"])
    tab.run("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true, cancelable: true}))")
    assert tab.run("document.activeElement.name") == "q"
    assert tab.run("[...document.querySelectorAll('summary')].every(s => s.tabIndex === 0)") is True


@pytest.mark.parametrize("width", [360, 400, 768, 1280, 1920])
@pytest.mark.parametrize("name", ["drifted", "hostile"])
def test_page_never_scrolls_sideways(chromium: browser.Browser, files: dict[str, Path], name: str, width: int) -> None:
    tab = chromium.open(files[name], width=width)
    tab.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert tab.run("document.documentElement.scrollWidth") <= width


def test_dark_scheme_is_dark(chromium: browser.Browser, files: dict[str, Path]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    assert chromium.open(files["clean"], scheme="dark").run(ground) == "rgb(14, 17, 23)"
    assert chromium.open(files["clean"]).run(ground) == "rgb(245, 246, 249)"


def test_prints_to_pdf(chromium: browser.Browser, files: dict[str, Path]) -> None:
    printed = chromium.open(files["drifted"]).pdf()
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") > 3


def test_five_thousand_findings_open_and_filter(chromium: browser.Browser, tmp_path: Path) -> None:
    path = tmp_path / "large.html"
    path.write_bytes(render_html(sample.large()))
    tab = chromium.open(path, "severity=critical")
    assert tab.run(VISIBLE) == sum(f.severity.value == "critical" for f in sample.large().findings)
    assert tab.complaints() == []


def test_a_number_of_the_control_matrix_shows_what_it_counts(chromium: browser.Browser, files: dict[str, Path]) -> None:
    tab = chromium.open(files["drifted"])
    cell = "document.querySelector('#controls a[data-filter]')"
    counted = int(tab.run(f"{cell}.textContent"))
    asked = dict(pair.split("=", 1) for pair in tab.run(f"{cell}.dataset.filter").split("&"))
    tab.run(f"{cell}.click()")
    tab.run("new Promise(done => setTimeout(done, 50))")
    report = sample.drifted()
    wanted = [f for f in report.findings if f.status == asked["result"] and f.rule_id.startswith(asked["family"] + "-")]
    assert tab.run(VISIBLE) == counted == len(wanted) > 0


def test_without_script_a_number_of_the_control_matrix_leads_to_a_finding(
    chromium: browser.Browser, files: dict[str, Path]
) -> None:
    tab = chromium.open(files["drifted"], script=False)
    target = tab.run("document.querySelector('#controls a[data-filter]').hash.slice(1)")
    assert target in {f.finding_id.lower() for f in sample.drifted().findings}


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_finding_leads_to_the_value_it_rests_on(
    chromium: browser.Browser, files: dict[str, Path], script: bool
) -> None:
    tab = chromium.open(files["small"], "ev-1", script=script)
    card = "document.getElementById('ev-1')"
    assert tab.run(f"{card}.closest('details').open") is True
    assert tab.run(f"{card}.querySelector('pre').checkVisibility()") is True
    assert "porter-access-manager" in tab.run(f"{card}.querySelector('pre').textContent")


def test_the_trust_graph_is_drawn_and_its_boxes_lead_to_identities(
    chromium: browser.Browser, files: dict[str, Path]
) -> None:
    tab = chromium.open(files["drifted"])
    assert tab.run("document.querySelectorAll('.graph path.edge').length") > 20
    links = "[...document.querySelectorAll('.graph svg a')].map(a => a.getAttribute('href'))"
    assert tab.run(f"{links}.length > 5 && {links}.every(href => document.querySelector(href))") is True
    inside = "[...document.querySelectorAll('.graph svg text')].every(t => t.getBoundingClientRect().width <= 262)"
    assert tab.run(inside) is True


def test_files_of_a_spread_report_work_alone_and_lead_to_one_another(
    chromium: browser.Browser, tmp_path: Path
) -> None:
    for name, raw in render_html_files(sample.drifted(), limit=20).items():
        (tmp_path / name).write_bytes(raw)
    tab = chromium.open(tmp_path / "report-2.html", "result=FAIL")
    assert tab.complaints() == []
    assert 0 < tab.run(VISIBLE) < 20
    assert tab.run("document.getElementById('shown').textContent").endswith(" of 20 findings")
    link = tab.run("document.querySelector('a[href^=\"report.html#role-\"]').getAttribute('href')")
    there = chromium.open(tmp_path / "report.html", link.partition("#")[2])
    assert there.run("document.querySelector(':target').closest('details').open") is True
