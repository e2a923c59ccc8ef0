"""Metrics of a run: the text format as Prometheus reads it, what stays from before, and nothing that names anybody."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.model.finding import Result
from scanner.model.report import Report
from scanner.model.snapshot import UnitStatus
from scanner.render.prometheus import COMPLETE, EXIT_CODE, HELP, Sample, failed_text, parsed, prometheus_text

# https://prometheus.io/docs/instrumenting/exposition_formats/ (text-based format), strictly.
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf'({_NAME})(?:\{{(({_NAME}="(?:[^"\\\n]|\\["\\n])*",?)*)\}})? ([-+]?[0-9]+(?:\.[0-9]+)?)\Z')


def read(data: bytes) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Read the format as a scraper does: HELP and TYPE once and before the samples, no sample twice."""
    assert data.endswith(b"\n")
    made: dict[str, list[tuple[dict[str, str], float]]] = {}
    kinds: dict[str, str] = {}
    for line in data.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds
            assert name not in made
            assert kind in ("gauge", "counter")
            kinds[name] = kind
            continue
        if line.startswith("# HELP "):
            assert "\\" not in line
            continue
        found = _SAMPLE.match(line)
        assert found, line
        name, labels = found.group(1), found.group(2) or ""
        assert name in kinds
        pairs = dict(re.findall(rf'({_NAME})="((?:[^"\\]|\\.)*)"', labels))
        assert pairs not in [one for one, _ in made.get(name, [])], line
        made.setdefault(name, []).append((pairs, float(found.group(4))))
    return made


def value(metrics: dict[str, Any], name: str) -> float:
    ((_, number),) = metrics[name]
    return float(number)


def test_a_deviation_does_not_make_a_run_complete_that_could_not_read_all() -> None:
    """Exit 1 beats 2, and a rule that saw enough to fail has no open result."""
    report = sample.clean()
    units = tuple(replace(unit, required=True, status=UnitStatus.DENIED) for unit in report.units)
    failed = replace(report, units=units, summary=replace(report.summary, exit_code=1))
    assert COMPLETE in read(prometheus_text(replace(failed, units=report.units)))
    assert COMPLETE not in read(prometheus_text(failed))


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_every_report_gives_metrics_that_can_be_read(name: str) -> None:
    report = sample.SAMPLES[name]()
    metrics = read(prometheus_text(report))
    assert set(metrics) <= set(HELP)
    assert value(metrics, EXIT_CODE) == report.summary.exit_code
    assert sum(n for _, n in metrics.get("units", [])) == len(report.units)
    assert sum(n for _, n in metrics.get("api_calls_total", [])) == len(report.calls)
    told = [f for f in report.findings if f.status not in ("PASS", "NOT_APPLICABLE")]
    assert sum(n for _, n in metrics.get("findings", [])) == len(told)


@pytest.mark.parametrize("name", sample.SAMPLES)
def test_no_label_holds_an_arn_or_the_name_of_anything(name: str) -> None:
    report = sample.SAMPLES[name]()
    metrics = read(prometheus_text(report))
    pairs = {pair for lines in metrics.values() for labels, _ in lines for pair in labels.items()}
    values = {text for label, text in pairs if label in ("severity", "status", "outcome")}
    assert not [text for text in values if "arn:" in text or "/" in text]
    assert not values & {f.subject.name for f in report.findings if f.subject.name}
    allowed = {"cloud", "scope", "severity", "status", "delta", "api", "outcome", "baseline"}
    assert {label for lines in metrics.values() for labels, _ in lines for label in labels} <= allowed


def incomplete(report: Report) -> Report:
    first = replace(report.findings[0], result=Result.INCOMPLETE, status="INCOMPLETE", blocking=True)
    return replace(
        report,
        findings=(first, *report.findings[1:]),
        run=replace(report.run, ended=report.run.ended + timedelta(days=1)),
        summary=replace(report.summary, exit_code=2),
    )


def test_an_incomplete_run_keeps_the_time_of_the_last_complete_one() -> None:
    report = sample.documented() if hasattr(sample, "documented") else sample.drifted()
    report = replace(report, summary=replace(report.summary, exit_code=1))
    first = prometheus_text(report)
    second = read(prometheus_text(incomplete(report), parsed(first)))
    assert value(second, COMPLETE) == value(read(first), COMPLETE) == pytest.approx(report.run.ended.timestamp(), abs=1)
    assert value(second, "scan_last_success_timestamp_seconds") > value(second, COMPLETE)
    assert value(second, EXIT_CODE) == 2


def test_an_incomplete_run_that_was_allowed_is_not_complete() -> None:
    report = incomplete(sample.drifted())
    allowed = replace(report, summary=replace(report.summary, exit_code=0))
    assert COMPLETE not in read(prometheus_text(allowed))


def test_counters_go_on_from_where_they_were() -> None:
    report = sample.drifted()
    once = prometheus_text(report)
    twice = prometheus_text(report, parsed(once))
    calls = sum(n for _, n in read(once)["api_calls_total"])
    assert calls == len(report.calls) > 0
    assert sum(n for _, n in read(twice)["api_calls_total"]) == 2 * calls


def test_a_run_without_a_report_changes_the_exit_code_and_nothing_else() -> None:
    before = prometheus_text(sample.drifted())
    after = read(failed_text(3, parsed(before)))
    assert value(after, EXIT_CODE) == 3
    expected = read(before)
    del after[EXIT_CODE], expected[EXIT_CODE]
    assert after == expected
    assert read(failed_text(4, [])) == {EXIT_CODE: [({}, 4.0)]}


def test_parsing_gives_back_what_was_written_and_leaves_out_what_is_not_ours() -> None:
    odd = Sample("units", (("scope", 'a"b\\c'),), 3.0)
    from scanner.render.prometheus import written

    assert parsed(written([odd])) == [odd]
    others = b'node_load1 0.5\nunits{scope="x"} 1\nunits nonsense\n\xff'
    assert parsed(others) == [Sample("units", (("scope", "x"),), 1.0)]


def test_the_same_report_gives_the_same_bytes() -> None:
    assert prometheus_text(sample.drifted()) == prometheus_text(sample.drifted())
