"""From a report to what a roll-up needs of it: deviations told apart from the account they were seen in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from scanner.app.digests import canonical_digest
from scanner.app.exit_codes import INCOMPLETE
from scanner.app.fleet.work import Work
from scanner.assess.verdict import not_found
from scanner.model.finding import Finding, Result
from scanner.model.fleet import TARGET_SCHEMA, Deviation, FindingCount, OpenPoint, Place, Reach, TargetResult
from scanner.model.report import Report
from scanner.model.snapshot import UnitStatus

_DEVIATES = frozenset({Result.FAIL, Result.MANUAL})
_OPEN = frozenset({Result.INCOMPLETE, Result.ERROR})
_FINE = frozenset({Result.PASS.value, Result.NOT_APPLICABLE.value})
_READ = frozenset({UnitStatus.COMPLETE, UnitStatus.NOT_IN_INPUT})
_BRACES = {"account": "{account_id}", "project": "{project_id}", "subscription": "{subscription_id}"}
Mask = Callable[[str], str]


def digest(work: Work, report: Report, reach: Reach = Reach.READ, why: str = "", advice: str = "") -> TargetResult:
    """Return how a target ended. A target that was not read is incomplete, whatever its report's gates say."""
    target = work.target
    mask = masking(target.place)
    code = report.summary.exit_code
    return TargetResult(
        schema=TARGET_SCHEMA,
        fleet_run_id=work.fleet_run_id,
        place=_named(target.place, report),
        asked=target.asked,
        approval=target.approval,
        presence=target.presence,
        documented=report.run.baseline_id,
        reach=reach,
        exit_code=code if reach is Reach.READ else max(code, INCOMPLETE),
        as_documented=report.verdict.as_documented,
        headline=report.verdict.headline,
        allows=report.verdict.allows,
        why=why,
        advice=advice,
        run_id=report.run.run_id,
        as_of=report.run.as_of,
        results=report.summary.results,
        conformance_fail=report.summary.conformance_fail,
        posture_fail=report.summary.posture_fail,
        units=report.summary.units,
        findings=tuple(_counts(report)),
        deviations=tuple(sorted(_deviations(report, mask), key=lambda d: (d.group, d.finding_id))),
        open_points=tuple(_open_points(report)),
    )


def masking(place: Place) -> Mask:
    """Return what puts braces where a place's own id stands, so that the same deviation reads the same everywhere."""
    # An account id may be part of a bucket's name; a project's id is a word that others may contain.
    around = "[0-9]" if place.kind == "account" else "[A-Za-z0-9-]"
    form = re.compile(f"(?<!{around}){re.escape(place.id)}(?!{around})", re.IGNORECASE)
    braces = _BRACES[place.kind]
    return lambda text: form.sub(braces, text)


def group_of(finding: Finding, mask: Mask) -> str:
    """Return what is equal for the same deviation in different places: what is wrong, and with what, but not where."""
    pieces = sorted(
        canonical_digest(_masked([e.kind, e.actions, e.resources, e.conditions, e.principals], mask))
        for e in (finding.diff.added if finding.diff else ())
    )
    observed = finding.observed.value if finding.observed else None
    return canonical_digest(
        [
            finding.rule_id,
            finding.result,
            finding.reason_code,
            finding.severity,
            finding.subject.type,
            mask(finding.subject.key),
            mask(finding.discriminator),
            _masked(observed, mask),
            pieces,
        ]
    )


def _masked(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(str(key)): _masked(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, mask) for item in value]
    return value


def _deviations(report: Report, mask: Mask) -> Iterator[Deviation]:
    for finding in report.findings:
        if finding.result in _DEVIATES:
            yield Deviation(
                group=group_of(finding, mask),
                finding_id=finding.finding_id,
                rule_id=finding.rule_id,
                title=finding.rule_title,
                axis=finding.axis.value,
                severity=finding.severity.value,
                result=finding.result.value,
                status=finding.status,
                subject=mask(finding.subject.key),
                message=mask(finding.message),
                delta=finding.delta,
            )


def _counts(report: Report) -> Iterator[FindingCount]:
    """Yield what is no pass, counted, in one order."""
    open_ = [finding for finding in report.findings if finding.status not in _FINE]
    counted = Counter((f.severity.value, f.status, f.delta or "none") for f in open_)
    for (severity, status, delta), count in sorted(counted.items()):
        yield FindingCount(severity, status, delta, count)


def _open_points(report: Report) -> Iterator[OpenPoint]:
    for unit in report.units:
        if unit.required and unit.status not in _READ:
            said = f"{unit.error.code}: {unit.error.message}" if unit.error else ""
            yield OpenPoint(unit.unit_id, f"{unit.status.value} {said}".strip())
    for finding in report.findings:
        if finding.result in _OPEN and finding.blocking:
            yield OpenPoint(f"{finding.rule_id} {finding.subject.key}", finding.message)
    for scope in not_found(report.findings, report.reviews, report.run.source, report.populations):
        yield OpenPoint(scope, "expected here, and nothing was found by name")


def _named(place: Place, report: Report) -> Place:
    """Return the place with the name that reading it brought, if the configuration gives none."""
    names = [scope.name for scope in report.scopes if scope.id == place.id and scope.name]
    return Place(place.cloud, place.kind, place.id, place.name or (names[0] if names else ""))
