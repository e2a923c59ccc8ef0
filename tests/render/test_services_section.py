"""Declared connections in what people and machines are shown: declared, live and verdict of each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from scanner.model.report import Report
from scanner.model.services import NOT_AS_DOCUMENTED, SERVICE_VERDICTS, ServiceReview
from scanner.render.html.report import render_html
from scanner.render.json_read import read_report
from scanner.render.json_report import render_json
from scanner.render.service_words import SIGNS, service_totals
from scanner.render.terminal import render_terminal

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sample_report as sample


def review(**changes: Any) -> ServiceReview:
    made = ServiceReview(
        file="porter.yaml",
        line=12,
        app="orders",
        service="api",
        type="awsRole",
        cloud="aws",
        declared="orders-api",
        scope_id=sample.ACCOUNT,
        live=("arn:aws:iam::123456789012:role/orders-api", "prod: default/orders-api"),
        verdict=NOT_AS_DOCUMENTED,
        reasons=("`AWS 999900001111` may do more.",),
        findings=(),
    )
    return replace(made, **changes)


def report(*reviews: ServiceReview) -> Report:
    return replace(sample.small(), services=reviews)


def test_a_report_without_files_has_no_section() -> None:
    plain = sample.small()
    assert "Services" not in render_terminal(plain)
    assert b'id="services"' not in render_html(plain)
    assert json.loads(render_json(plain))["services"] == []


def test_terminal_shows_declared_live_and_verdict_of_each_connection() -> None:
    text = render_terminal(report(review(), review(service="job", line=20, verdict="as documented", reasons=())))
    assert "Services  2 connections in 1 file: 1 not as documented, 1 as documented" in text
    assert "✗ orders/api awsRole  not as documented" in text
    assert "✓ orders/job awsRole  as documented" in text
    assert "Declared            orders-api (porter.yaml line 12)" in text
    assert "Live                arn:aws:iam::123456789012:role/orders-api" in text
    assert "prod: default/orders-api" in text
    assert "Because             `AWS 999900001111` may do more." in text


def test_html_shows_the_same_and_leads_to_the_findings() -> None:
    base = sample.drifted()
    named = base.findings[0]
    page = render_html(replace(base, services=(review(findings=(named.finding_id,)),))).decode()
    section = page[page.index('<section id="services"') :]
    section = section[: section.index("</section>")]
    assert "<code>orders-api</code>" in section
    assert "porter.yaml line 12" in section
    assert "not as documented" in section
    assert f">{named.rule_id}</a>" in section
    assert 'href="#services"' in page


def test_every_verdict_has_a_sign_and_counts() -> None:
    assert set(SIGNS) == set(SERVICE_VERDICTS)
    every = report(*(review(line=n, verdict=verdict) for n, verdict in enumerate(SERVICE_VERDICTS)))
    assert all(f"1 {verdict}" in service_totals(every) for verdict in SERVICE_VERDICTS)
    assert "nothing to look for" in render_terminal(report(review(verdict="grants no access", live=())))
    assert "not part of this scan" in render_terminal(report(review(verdict="not in this scan", live=())))
    assert "nothing was found" in render_terminal(report(review(live=())))


def test_json_keeps_them_and_reads_them_back() -> None:
    made = report(review(), review(app=None, scope_id=None, live=(), cloud="none", verdict="grants no access"))
    raw = render_json(made)
    assert [s["verdict"] for s in json.loads(raw)["services"]] == ["not as documented", "grants no access"]
    assert read_report(raw, "report.json").services == made.services


def test_long_lists_are_cut_and_counted() -> None:
    made = report(review(live=tuple(f"pod {n}" for n in range(9)), reasons=tuple(f"reason {n}" for n in range(7))))
    text = render_terminal(made)
    assert "and 3 more" in text
    assert "pod 5" in text
    assert "pod 6" not in text
    assert "reason 4" not in text


@pytest.mark.parametrize("field", ["file", "app", "service", "type", "declared"])
def test_hostile_names_are_written_out(field: str) -> None:
    made = report(review(**{field: "x\n\u202e\x1b[31m</script><b>`y`"}))
    text = render_terminal(made)
    assert "\x1b" not in text
    assert "\u202e" not in text
    page = render_html(made).decode()
    assert "<b>`y`" not in page
    assert "\u202e" not in page
