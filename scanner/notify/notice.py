"""From reports to what there is to tell: changes, grouped by cause, and what could not be read. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from scanner.model.notice import NOTICE_SCHEMA, Cause, Change, Ending, Gap, Notice
from scanner.notify.source import ToldFinding, ToldReport

CHANGES = ("new", "worsened", "reappeared", "waiver_expired", "open", "rule_changed", "improved", "fixed")
"""What is told, in this order. A result that is waived, unchanged or not known tonight is no change."""
SEVERITIES = ("critical", "high", "medium", "low", "info")
_OPEN = ("FAIL", "MANUAL")
_NOT_PROVEN = ("INCOMPLETE", "ERROR")
_NOT_WELL = (2, 4)
_READ = ("complete", "not_in_input")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_REASONS = 20
# A name of one letter is in every text.
_MIN_NAME = 4
ENDING_DAYS = 14


def notice(reports: Sequence[ToldReport], where: str, gaps: Sequence[Gap] = ()) -> Notice:
    """Return what there is to tell of the reports of one night; why it is told is decided later.

    `gaps` are targets that have no report.
    """
    changes = [change for report in reports for change in _changes(report)]
    newest = max((report.run.as_of for report in reports), default=_NEVER)
    counts = Counter(change.delta for change in changes)
    alone = reports[0].verdict.headline if len(reports) == 1 and not gaps else ""
    read = {(scope.cloud, scope.id) for report in reports for scope in report.scopes}
    scopes = sorted(read | {(gap.cloud, gap.scope) for gap in gaps if gap.cloud})
    return Notice(
        schema=NOTICE_SCHEMA,
        key=key_of(triples(changes)),
        events=(),
        as_of=newest,
        runs=tuple(sorted(report.run.run_id for report in reports)),
        place=_hash(*scopes)[:16],
        targets=len(scopes),
        clouds=tuple(sorted({cloud for cloud, _ in scopes})),
        scopes=tuple(scope for _, scope in scopes),
        as_documented=_answers(reports, gaps),
        headline=alone,
        counts={delta: counts[delta] for delta in CHANGES if counts[delta]},
        causes=causes(changes),
        gaps=(*gaps, *(gap for report in reports for gap in _gaps(report))),
        open=_open(reports),
        waived=sum(f.status == "WAIVED" for report in reports for f in report.findings),
        ending=tuple(sorted({e for report in reports for e in _ending(report, newest)}, key=lambda e: e.id)),
        where=where,
    )


def _answers(reports: Sequence[ToldReport], gaps: Sequence[Gap]) -> dict[str, int]:
    answers = Counter(report.verdict.as_documented for report in reports)
    if gaps:
        answers["not proven"] += len(gaps)
    return dict(sorted(answers.items()))


def triples(changes: Iterable[Change]) -> frozenset[str]:
    """Return one short hash for each (fingerprint, content hash, delta)."""
    return frozenset(_hash(change.fingerprint, change.content_hash, change.delta)[:24] for change in changes)


def changes_of(reports: Iterable[ToldReport]) -> list[Change]:
    """Return all changes of some reports."""
    return [change for report in reports for change in _changes(report)]


def key_of(hashes: Iterable[str]) -> str:
    """Return the key of a change set: the same set has the same key."""
    return hashlib.sha256("\n".join(sorted(set(hashes))).encode()).hexdigest()


def _hash(*parts: object) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _changes(report: ToldReport) -> Iterator[Change]:
    known = report.history is not None
    for finding in report.findings:
        delta = finding.delta if known else _open_delta(finding)
        if delta in CHANGES:
            yield _change(finding, delta)
    for gone in report.history.gone if report.history is not None else ():
        if gone.delta in CHANGES:
            cloud = next((s.cloud for s in report.scopes if s.id == gone.scope_id), "")
            yield Change(
                delta=gone.delta,
                severity=gone.severity,
                axis="",
                rule_id=gone.rule_id,
                title=gone.rule_title,
                subject=gone.subject,
                cloud=cloud,
                scope=gone.scope_id,
                finding_id=gone.finding_id,
                fingerprint=gone.fingerprint,
                content_hash="",
                cause=_hash(gone.rule_id, _without(gone.subject, gone.scope_id), gone.delta),
            )


def _open_delta(finding: ToldFinding) -> str | None:
    """Without history a deviation is only known to be there; documented risks are then left to the report."""
    return "open" if finding.status in _OPEN and finding.axis == "conformance" else None


def _change(finding: ToldFinding, delta: str) -> Change:
    subject = finding.subject
    pieces = finding.diff.added if finding.diff is not None and delta != "fixed" else ()
    like = [
        *(finding.rule_id, subject.type, subject.name or subject.key, finding.discriminator, delta, finding.severity),
        *((finding.reason_code, pieces) if delta != "fixed" else ()),
    ]
    return Change(
        delta=delta,
        severity=finding.severity,
        axis=finding.axis,
        rule_id=finding.rule_id,
        title=finding.rule_title,
        subject=subject.name or subject.key,
        cloud=finding.cloud,
        scope=finding.scope.id,
        finding_id=finding.finding_id,
        fingerprint=finding.fingerprint,
        content_hash=finding.content_hash,
        cause=_hash(_without(json.dumps(like, sort_keys=True, default=str), finding.scope.id, finding.scope.name)),
    )


def _without(text: str, scope: str, name: str | None = None) -> str:
    """Return a text in which the account, project or subscription it is of has neither id nor name."""
    for own in (scope, name):
        if own and len(own) >= _MIN_NAME:
            text = text.replace(own, "{scope}")
    return text


def causes(changes: Iterable[Change]) -> tuple[Cause, ...]:
    """Return changes that differ only in their target as one, the gravest first."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.cause, []).append(change)
    made = [_cause(sorted(group, key=lambda c: (c.cloud, c.scope, c.fingerprint))) for group in groups.values()]
    return tuple(sorted(made, key=_order))


def _cause(group: Sequence[Change]) -> Cause:
    first = group[0]
    return Cause(
        delta=first.delta,
        severity=first.severity,
        axis=first.axis,
        rule_id=first.rule_id,
        title=first.title,
        subject=_without(first.subject, first.scope) if len(group) > 1 else first.subject,
        clouds=tuple(sorted({change.cloud for change in group if change.cloud})),
        scopes=tuple(sorted({change.scope for change in group})),
        targets=len({(change.cloud, change.scope) for change in group}),
        findings=tuple(change.finding_id for change in group),
        fingerprints=tuple(change.fingerprint for change in group),
    )


def _order(cause: Cause) -> tuple[bool, bool, int, int, int, str, str]:
    """Deviations from the documents before risks, what came before what went, then by severity and extent."""
    return (
        cause.delta in ("fixed", "improved"),
        cause.axis != "conformance",
        SEVERITIES.index(cause.severity) if cause.severity in SEVERITIES else len(SEVERITIES),
        CHANGES.index(cause.delta),
        -cause.targets,
        cause.rule_id,
        cause.fingerprints[0],
    )


def is_incomplete(report: ToldReport) -> bool:
    """Return whether something was not read or decided that nobody has acknowledged."""
    open_results = any(f.result in _NOT_PROVEN and f.blocking and f.waiver is None for f in report.findings)
    errors = any(f.result == "ERROR" for f in report.findings)
    acknowledged = {unit_id for row in report.waivers for unit_id in row.units}
    unread = any(u.required and u.status not in _READ and u.unit_id not in acknowledged for u in report.units)
    return open_results or unread or errors or report.summary.exit_code in _NOT_WELL


def _gaps(report: ToldReport) -> Iterator[Gap]:
    if not is_incomplete(report):
        return
    for scope in report.scopes:
        units = [u for u in report.units if u.scope_id == scope.id and u.required]
        reasons = [
            f"{unit.kind}{'' if unit.region == 'global' else f' in {unit.region}'}: {unit.status.replace('_', ' ')}"
            for unit in units
            if unit.status not in _READ
        ]
        undecided = [f for f in report.findings if f.scope.id == scope.id and f.result in _NOT_PROVEN]
        errors = sum(f.result == "ERROR" for f in undecided)
        if len(undecided) > errors:
            reasons.append(f"results not proven: {len(undecided) - errors}")
        if errors:
            reasons.append(f"results in error: {errors}")
        if reasons:
            yield Gap(scope.cloud, scope.id, tuple(reasons[:_MAX_REASONS]))


def _open(reports: Iterable[ToldReport]) -> dict[str, int]:
    counts = Counter(
        f.severity for report in reports for f in report.findings if f.axis == "conformance" and f.status in _OPEN
    )
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def _ending(report: ToldReport, now: datetime) -> Iterator[Ending]:
    for waiver in report.waivers:
        try:
            last = date.fromisoformat(waiver.expires[:10])
        except ValueError:
            continue
        if waiver.state == "in_force" and last <= now.date() + timedelta(days=ENDING_DAYS):
            yield Ending(waiver.id, waiver.expires)


def minimal(made: Notice) -> Notice:
    """Return a notice without ARNs, names or ids of what was audited: counts, rules and ids of findings stay."""
    return msgspec.structs.replace(
        made,
        minimal=True,
        scopes=(),
        headline="",
        where="",
        causes=tuple(msgspec.structs.replace(cause, subject="", scopes=()) for cause in made.causes),
        gaps=tuple(Gap(gap.cloud, "", (f"{len(gap.reasons)} gaps",)) for gap in made.gaps),
    )
