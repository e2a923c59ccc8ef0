"""Three clouds in one demo, one report."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from scanner.app.demo.show import DemoOptions, demo
from scanner.app.outputs import Format, render
from scanner.model.finding import Axis, Result, Severity


@pytest.mark.parametrize("version", ["porter@2026-05", "porter@2026-08"])
def test_the_documented_project_of_each_version_is_clean(version: str) -> None:
    outcome = demo(DemoOptions(scenario="documented", baseline=version, cloud="gcp"))
    assert outcome.exit_code == 0
    assert outcome.report.verdict.as_documented == "yes"


@pytest.mark.parametrize(("scenario", "code", "answer"), [("documented", 0, "yes"), ("drifted", 1, "no")])
def test_three_clouds_are_one_report(scenario: str, code: int, answer: str) -> None:
    options = DemoOptions(scenario=scenario, baseline="porter@2026-05")
    aws, gcp, azure = (demo(replace(options, cloud=cloud)).report for cloud in ("aws", "gcp", "azure"))
    report = demo(replace(options, cloud="all")).report
    assert {s.cloud for s in report.scopes} == {"aws", "gcp", "azure"}
    assert report.summary.exit_code == code
    assert report.verdict.as_documented == answer
    assert len(report.findings) == len(aws.findings) + len(gcp.findings) + len(azure.findings)
    assert len({f.fingerprint for f in report.findings}) == len(report.findings)
    failed = [
        f
        for f in report.findings
        if f.axis is Axis.CONFORMANCE and f.result is Result.FAIL and f.severity is not Severity.INFO
    ]
    assert bool(failed) is (scenario == "drifted")
    html = render(report, Format.HTML)
    assert "porter-demo-project" in (html if isinstance(html, str) else html.decode())
