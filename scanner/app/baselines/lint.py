"""Lint a documented version and say what was found, for people and for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from scanner.app.baselines.shipped import load_cloud, pretty_json
from scanner.app.catalogue import load_catalogue
from scanner.baseline.lint import MAX_AGE_DAYS, SCHEMA, SEVERITIES, at_or_above, lint, lint_services
from scanner.baseline.lint_records import LintFinding
from scanner.baseline.load import SERVICES, AnyBaseline, clouds_of, find, has_services, load_services
from scanner.baseline.records import SourceRef
from scanner.baseline.records_services import ServicesBaseline

GATES = (*SEVERITIES, "none")
_WIDTH = 110
_HEADINGS = {
    "unknown-action": "Actions that no catalogue publishes",
    "inert-grant": "Grants that never match",
    "adds-nothing": "Statements that add nothing",
    "contradiction": "Contradictions and how they are settled",
    "over-wide": "Documented and dangerously wide",
    "open-list": "Lists that the document leaves open",
    "too-large": "Policies larger than AWS allows",
    "dangling-reference": "References that point at nothing",
    "stale": "Age of the documents",
}


class LintResult(msgspec.Struct, frozen=True):
    """One part of a version and what was found in it."""

    baseline: AnyBaseline | ServicesBaseline
    cloud: str
    findings: tuple[LintFinding, ...]


def lint_baseline(
    spec: str, *, cloud: str | None, as_of: date, max_age_days: int = MAX_AGE_DAYS
) -> tuple[LintResult, ...]:
    """Return the findings of one cloud's part, or of every part there is.

    Raises `BaselineError` if a part cannot be loaded, `UsageError` if there is none for the cloud.
    """
    path = find(spec)
    clouds = tuple(name for name in ((cloud,) if cloud else clouds_of(path)) if name != SERVICES)
    catalogue = load_catalogue()
    results: list[LintResult] = []
    for name in clouds:
        baseline = load_cloud(spec, name)
        found = lint(baseline, catalogue, as_of=as_of, max_age_days=max_age_days)
        results.append(LintResult(baseline, name, found))
    if cloud == SERVICES or (cloud is None and has_services(path)):
        part = load_services(path)
        results.append(LintResult(part, SERVICES, lint_services(part, as_of=as_of, max_age_days=max_age_days)))
    return tuple(results)


def reached(results: Sequence[LintResult], gate: str) -> bool:
    """Return whether any finding is at the gate or above."""
    return any(at_or_above(result.findings, gate) for result in results)


def lint_json(results: Sequence[LintResult], as_of: date) -> str:
    """Return the findings as indented JSON."""
    return pretty_json(
        {
            "schema": SCHEMA,
            "as_of": as_of.isoformat(),
            "parts": [
                {
                    "id": result.baseline.id,
                    "cloud": result.cloud,
                    "digest": result.baseline.digest,
                    "findings": msgspec.to_builtins(result.findings),
                }
                for result in results
            ],
        }
    )


def lint_text(results: Sequence[LintResult]) -> str:
    """Return the findings for a person, grouped by what they are about, each with the place of the claim."""
    return "".join(f"{_printable(line)}\n" for result in results for line in _part(result))


def _part(result: LintResult) -> Iterator[str]:
    counts = ", ".join(f"{number} {severity}" for severity, number in _counts(result.findings) if number)
    yield f"{result.baseline.id} ({result.cloud}): {counts or 'nothing found'}"
    for code, heading in _HEADINGS.items():
        found = [finding for finding in result.findings if finding.code == code]
        if found:
            yield ""
            yield f"{heading} ({len(found)})"
        for finding in found:
            yield from _lines(finding)
    yield ""


def _counts(findings: Sequence[LintFinding]) -> Iterator[tuple[str, int]]:
    for severity in SEVERITIES:
        yield severity, sum(finding.severity == severity for finding in findings)


def _lines(finding: LintFinding) -> Iterator[str]:
    subject = " ".join(part for part in (finding.identity.replace(", ", ","), finding.item) if part)
    places = [_place(source) for source in (finding.source, *finding.also) if source is not None]
    head = f"[{finding.severity}] {subject}{' (' + '; '.join(places) + ')' if places else ''}: {finding.message}"
    yield from textwrap.wrap(
        head, _WIDTH, initial_indent="  ", subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    )


def _place(source: SourceRef) -> str:
    parts = [source.document]
    if source.line is not None:
        parts.append(f"line {source.line}")
    return " ".join(parts)


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in line)
