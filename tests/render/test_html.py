"""The HTML report as a file: self-contained, escaped, complete, accessible in its colours, small and fast."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.model.finding import Reference, Result
from scanner.model.report import Report
from scanner.render.html.findings import LEAN_ABOVE
from scanner.render.html.report import render_html, render_html_files
from scanner.resources import data_dir

TEMPLATES = data_dir("templates")
STYLE = (TEMPLATES / "style.css").read_text()
# fmt: off
TAGS = {
    "html", "head", "meta", "title", "link", "style", "body", "a", "header", "div", "svg", "rect", "circle",
    "span", "section", "h1", "h2", "h3", "h4", "ul", "ol", "li", "p", "strong", "b", "nav", "main", "dl", "dt",
    "dd", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "code", "pre", "small",
    "ins", "del", "form", "label", "input", "select", "option", "button", "meter", "footer", "script", "br",
    "time", "figure", "figcaption", "g", "path", "text",
}
# fmt: on


class Page(HTMLParser):
    """Every element with its attributes, the text of scripts and styles, and ids."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self._inside = ""
        self.visible: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in self.raw else ""
        if self._inside:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside][-1] += data
        else:
            self.visible.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.visible).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.elements if "id" in attrs]


def page(report: Report) -> Page:
    return Page(render_html(report).decode())


@pytest.fixture(scope="module", params=list(sample.SAMPLES))
def any_page(request: pytest.FixtureRequest) -> Page:
    return page(sample.SAMPLES[request.param]())


@pytest.fixture(scope="module")
def drifted() -> Page:
    return page(sample.drifted())


def policy_of(made: Page) -> str:
    metas = [m for m in made.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert len(metas) == 1
    return metas[0]["content"] or ""


def sha(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_policy_allows_exactly_the_script_and_the_styles_of_the_file(any_page: Page) -> None:
    policy = policy_of(any_page)
    styles = " ".join(sha(style) for style in any_page.raw["style"])
    index, script = any_page.raw["script"]
    assert policy == (
        f"default-src 'none'; script-src {sha(script)}; style-src {styles}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert json.loads(index)["findings"] is not None


def test_nothing_is_fetched_and_no_attribute_acts(any_page: Page) -> None:
    for tag, attrs in any_page.elements:
        for name, text in attrs.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in {"style", "srcset", "action", "formaction", "background", "ping"}, (tag, name)
            assert name != "src", (tag, name)
            if name == "href":
                allowed = ("data:image/svg+xml,",) if tag == "link" else ("#", "https://")
                assert (text or "").startswith(allowed), (tag, text)
                assert tag in {"a", "link"}
    assert {tag for tag, _ in any_page.elements} <= TAGS


def test_outside_links_exist_only_to_public_https_pages_of_the_rules(drifted: Page) -> None:
    outside = {a["href"] for a in drifted.all("a") if not (a["href"] or "").startswith("#")}
    assert outside == {
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/",
        "https://docs.porter.run/security-and-compliance/aws-permissions",
    }


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "http://a.example", "https://a.example/\"onmouseover='x'", "data:text/html,x", "//a", ""],
)
def test_any_other_reference_is_text(url: str) -> None:
    report = sample.small()
    finding = replace(report.findings[0], references=(Reference("the page", url),))
    made = page(replace(report, findings=(finding,)))
    assert all((a["href"] or "").startswith(("#", "https://docs.")) for a in made.all("a"))
    assert "the page" in made.text


def test_every_inner_link_leads_somewhere(any_page: Page) -> None:
    ids = set(any_page.ids)
    missing = {a["href"] for a in any_page.all("a") if (a["href"] or "").startswith("#") and a["href"][1:] not in ids}
    assert missing == set()


def test_ids_are_unique(any_page: Page) -> None:
    assert len(any_page.ids) == len(set(any_page.ids))


def test_hostile_names_add_no_element_and_no_unseen_character() -> None:
    raw = render_html(sample.hostile()).decode()
    made = Page(raw)
    assert len(made.raw["script"]) == 2
    assert len(made.raw["style"]) == 3
    assert not made.all("img")
    unseen = {c for c in raw if not c.isprintable()} - {"\n"}
    assert unseen == set()
    assert "</script><script>document.title='PWNED'</script>" in made.text
    assert "⟨U+202E⟩" in made.text


def test_long_values_are_cut_and_say_so() -> None:
    raw = render_html(sample.hostile()).decode()
    assert "x" * 10_000 not in raw
    assert "more bytes; the whole value is in report.json" in raw


def test_order_of_the_page(drifted: Page) -> None:
    order = [
        "verdict", "summary", "act", "identities", "differences", "graph", "findings", "evidence", "controls",
        "completeness", "rules", "method", "glossary",
    ]  # fmt: skip
    places = [drifted.ids.index(name) for name in order]
    assert places == sorted(places)


def test_incomplete_stands_above_the_verdict() -> None:
    made = page(sample.incomplete())
    assert made.ids.index("incomplete") < made.ids.index("verdict")
    assert made.text.index("INCOMPLETE") < made.text.index("As documented:")
    assert "Pod Identity associations of us-east-1 (throttled)" in made.text


def test_complete_report_has_no_banner(drifted: Page) -> None:
    assert "incomplete" not in drifted.ids


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clean", "As documented: Yes All 813 actions on 10 identities are documented"),
        ("drifted", "As documented: No 9 actions on 5 identities"),
        ("incomplete", "As documented: Not proven 9 of 10 identities"),
    ],
)
def test_verdict_lines(name: str, words: str) -> None:
    made = page(sample.SAMPLES[name]())
    assert words in made.text
    assert "What the documented access allows: Administrator of the account through" in made.text


def test_every_finding_and_role_has_its_deep_link(drifted: Page) -> None:
    report = sample.drifted()
    for finding in report.findings:
        assert finding.finding_id.lower() in drifted.ids
    for role in (*sample.ROLES, "porter-debug"):
        assert f"role-{role}" in drifted.ids


@pytest.mark.parametrize(
    "words",
    [
        "EXCESS No documented statement allows it.",
        "WIDENED Documented, but on fewer resources.",
        "CONDITION LOST Documented, but only under a condition that is not here.",
        "EXCESS PRINCIPAL Not a documented principal.",
        "DOCUMENTED, NOT GRANTED Not more access",
        "Independent of Porter.",
        "aws iam get-account-authorization-details --region us-east-1 --filter Role LocalManagedPolicy",
        "SHA-256 of the sorted keys",
        "service control policies: not evaluated",
        "iam:GetAccountSummary Roles",
        "Example request, evaluated twice",
    ],
)
def test_page_says(drifted: Page, words: str) -> None:
    assert words in drifted.text


def test_widened_shows_the_documented_resource_beside_the_live_one(drifted: Page) -> None:
    assert "InstanceProfiles, row 3 Actions iam:AddRoleToInstanceProfile iam:CreateInstanceProfile Resources " in (
        drifted.text
    )


def test_lost_condition_and_excess_action_are_marked_in_the_statements() -> None:
    raw = render_html(sample.drifted()).decode()
    deleted = " ".join(re.findall(r"<del>(.*?)</del>", raw, re.S))
    inserted = " ".join(re.findall(r"<ins>(.*?)</ins>", raw, re.S))
    assert "cloudtrail.amazonaws.com" in deleted
    assert "role/CAPIManagement" in deleted
    assert "s3:ListAllMyBuckets" in inserted
    assert "108458755588:root" in inserted


def test_undecided_identity_never_reads_as_the_same() -> None:
    report = sample.incomplete()
    only = replace(report, reviews=tuple(r for r in report.reviews if r.verdict == "undecided"), findings=())
    made = page(only)
    assert "NOT PROVEN" in made.text
    assert "No difference was found" not in made.text
    bare = replace(only.reviews[0], diff=sample.Diff())
    assert "sameness is not proven. This is not a pass." in page(replace(only, reviews=(bare,))).text


def test_absent_and_undocumented_identities_say_so() -> None:
    absent = sample.review("porter-karpenter", present=False, verdict="absent", trust_verdict="absent", arn=None)
    made = page(replace(sample.clean(), reviews=(absent, sample.undocumented_review())))
    assert "This identity is not there, so there is nothing to compare." in made.text
    assert "The documented version does not name this identity: all of its access is undocumented." in made.text


def test_tables_have_captions_and_scopes(drifted: Page) -> None:
    tags = [tag for tag, _ in drifted.elements]
    assert tags.count("table") == tags.count("caption") > 5
    assert all(attrs.get("scope") in {"row", "col", "rowgroup"} for attrs in drifted.all("th"))


def test_page_has_language_title_landmarks_and_a_skip_link(drifted: Page) -> None:
    tags = [tag for tag, _ in drifted.elements]
    assert drifted.all("html")[0]["lang"] == "en"
    assert drifted.raw["title"][0] == "As documented: no – acme-production"
    assert {"header", "nav", "main", "footer"} <= set(tags)
    assert next(a for a in drifted.all("a") if a.get("class") == "skip")["href"] == "#main"
    assert tags.count("h1") == 1


def test_headings_do_not_skip_a_level(any_page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in any_page.elements if re.fullmatch(r"h[1-6]", tag)]
    start = levels.index(1)
    assert all(after <= before + 1 for before, after in zip(levels[start:], levels[start + 1 :], strict=False))


def test_form_fields_have_labels(drifted: Page) -> None:
    fields = [a for tag in ("input", "select") for a in drifted.all(tag)]
    assert len(fields) == 6 == len(drifted.all("label"))


def test_templates_never_switch_escaping_off() -> None:
    for template in (path for path in TEMPLATES.rglob("*.j2")):
        text = template.read_text()
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", text), template
        assert not re.search(r"\sstyle=|\son[a-z]+=", text), template


def test_script_is_short_and_writes_no_markup() -> None:
    script = (TEMPLATES / "report" / "report.js").read_text()
    assert len(script.splitlines()) < 150
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|fetch\(|XMLHttp|\.style\b", script
    )


def test_same_report_same_bytes() -> None:
    assert render_html(sample.drifted()) == render_html(sample.drifted())


def test_empty_report_says_there_is_nothing(tmp_path: Path) -> None:
    made = page(sample.empty())
    assert "There are no findings: no rule had a subject in this input." in made.text
    assert "No Porter access found in this account." in made.text


def test_five_thousand_findings_are_small_and_all_in_one_file() -> None:
    (raw,) = render_html_files(sample.large()).values()
    assert len(raw) < 6_000_000
    assert raw.count(b'<details class="finding') == 5_000


def test_large_report_tells_what_findings_share_once_and_loses_nothing() -> None:
    made = page(sample.large(LEAN_ABOVE + 1))
    report = sample.large(LEAN_ABOVE + 1)
    for finding in report.findings[:10]:
        assert f"f-{finding.fingerprint[:12]}" in made.ids
        assert finding.message in made.text
        assert finding.rule_title in made.text
    assert "NIST 800-53 r5 AC-6 (supporting)" in made.text
    assert "Ask Porter which release added it." in made.text
    assert "rule-aws-perm-001" in made.ids


def test_waived_finding_is_shown_as_waived_with_its_reason() -> None:
    report = sample.small()
    waiver = {"owner": "security@acme", "expires": "2026-12-31", "reason": "agreed until the migration"}
    waived = replace(report.findings[0], status="WAIVED", waiver=waiver, delta="new", first_seen=sample.T0)
    made = page(replace(report, findings=(waived,)))
    assert "waived by security@acme until 2026-12-31: agreed until the migration" in made.text
    assert "g-waived" in made.ids


@pytest.mark.parametrize("result", list(Result))
def test_every_result_has_a_group_and_an_icon(result: Result) -> None:
    report = sample.small()
    finding = replace(report.findings[0], result=result, status=result.value)
    raw = render_html(replace(report, findings=(finding,))).decode()
    icon = re.search(r'<b class="st i-([a-z-]+)">', raw)
    assert icon is not None
    assert f".i-{icon.group(1)} {{" in STYLE


# --- colours ---------------------------------------------------------------------------------------------------------


def palette(dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.S)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[0]))
    if dark:
        colours |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[1]))
    return colours


def luminance(colour: str) -> float:
    def linear(part: str) -> float:
        share = int(part, 16) / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[i : i + 2]) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TONES = ("bad", "risk", "open", "good", "none")
PAIRS = [
    *((ink, ground) for ink in ("ink", "muted", "accent") for ground in ("bg", "surface", "sunken")),
    *((tone, ground) for tone in TONES for ground in (f"{tone}-soft", "surface", "bg", "sunken")),
    *(("ink", f"{tone}-soft") for tone in TONES),
    *(("muted", f"{tone}-soft") for tone in ("bad", "risk", "open", "none")),
    ("on-bad-strong", "bad-strong"),
    ("on-banner", "banner"),
    ("ink", "accent-soft"),
    ("muted", "accent-soft"),
    ("accent", "accent-soft"),
    ("surface", "accent"),
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_contrast_is_at_least_wcag_aa(ink: str, ground: str, dark: bool) -> None:
    colours = palette(dark)
    assert contrast(colours[ink], colours[ground]) >= 4.5


def test_dark_palette_sets_every_colour_of_the_light_one() -> None:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.S)
    light, dark = (set(re.findall(r"--([a-z-]+): #", block)) for block in blocks[:2])
    assert light == dark


def test_contrast_of_black_on_white_is_known() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
