"""What no rule looked at stands on the first page, also where nothing was found."""

from __future__ import annotations

import html

import sample_report as sample
from msgspec.structs import replace

from scanner.assess.reviews import NEVER_READ
from scanner.model.report import Report
from scanner.render.html.report import render_html
from scanner.render.markdown import render_markdown
from scanner.render.terminal import render_terminal
from scanner.render.words import not_evaluated

UNSEEN = NEVER_READ.removeprefix("not evaluated: ")


def judged() -> Report:
    clean = sample.clean()
    return replace(clean, reviews=tuple(replace(review, layers=(NEVER_READ,)) for review in clean.reviews))


def test_the_page_under_the_verdict_names_it_once() -> None:
    page = html.unescape(render_html(judged()).decode())
    verdict = page[page.index('<section id="verdict"') :].partition("</section>")[0]
    assert verdict.count(UNSEEN) == 1


def test_the_terminal_and_markdown_name_it() -> None:
    assert UNSEEN in " ".join(render_terminal(judged()).split())
    assert "Not evaluated: session policies" in render_markdown(judged()).decode()


def test_nothing_is_said_where_no_identity_was_judged() -> None:
    page = html.unescape(render_html(replace(sample.clean(), reviews=())).decode())
    assert "Not evaluated" not in page


def test_of_several_clouds_each_says_its_own_in_full() -> None:
    report = judged()
    other = replace(report.reviews[0], cloud="gcp", layers=(f"not evaluated: {'members of groups, ' * 20}and the end",))
    told = not_evaluated(replace(report, reviews=(*report.reviews, other)))
    assert [line.partition(":")[0] for line in told] == ["AWS", "GCP"]
    assert told[1].endswith("and the end")
    assert not_evaluated(report) == (UNSEEN,)
    page = render_html(report).decode()
    assert '<div class="wide"><dt>Not evaluated</dt>' in page
