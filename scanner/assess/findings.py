"""Rule outcomes to findings: what was unread decides what an outcome may say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from scanner.assess.identity import fingerprint, sha256_of
from scanner.assess.units import Basis
from scanner.model.common import EvidencePointer
from scanner.model.finding import ControlLink, Finding, Outcome, Result, Subject, Witness
from scanner.model.snapshot import Scope
from scanner.rules.base import Rule

ABSENCE = "ABSENT"
"""Reason codes that start so claim that something is not there: worth nothing where reading was incomplete."""


class Frame(msgspec.Struct, frozen=True):
    """What all findings of one rule in one scope share."""

    rule: Rule
    scope: Scope
    basis: Basis
    baseline_id: str
    as_of: datetime
    require_live: bool
    controls: tuple[ControlLink, ...] = ()


def scope_subject(scope: Scope) -> Subject:
    """Return the scope itself as a subject, for results about the whole of it."""
    return Subject(f"{scope.cloud}.{scope.kind}", scope.id, scope.name or scope.id)


def admissible(outcome: Outcome, frame: Frame) -> Outcome:
    """Return what the outcome may say given what was read: with a needed unit unread, no PASS stands.

    What a file does not carry is not asked. What was read and cannot be decided stays open where no more than
    supplementary units are unread: it may not become the smaller matter of a unit that the scan is complete without.
    """
    basis = frame.basis
    if not basis.unread and not basis.never_asked:
        return outcome
    if outcome.result in (Result.FAIL, Result.ERROR) and not outcome.reason_code.startswith(ABSENCE):
        return outcome
    in_file = basis.only_not_in_input and not frame.require_live
    if (in_file or not basis.without_core) and _is_open(outcome):
        return outcome
    return msgspec.structs.replace(
        outcome,
        result=Result.NOT_APPLICABLE if in_file else Result.INCOMPLETE,
        reason_code="NOT_IN_INPUT" if in_file else "UNIT_UNREAD",
        message=f"Not known: could not read {basis.reason()}. What was read says: {outcome.message}",
        diff=None,
        witness=None,
    )


def _is_open(outcome: Outcome) -> bool:
    """Return whether something that was read is undecided, or for a person; codes on what was not read end so."""
    unread = outcome.reason_code.endswith("UNREAD") and outcome.reason_code != "TRUST_UNREAD"
    unread = unread or outcome.reason_code.startswith(ABSENCE)
    return outcome.result in (Result.INCOMPLETE, Result.MANUAL) and not unread


def not_in_input(frame: Frame) -> Outcome:
    """Return the one outcome of a rule whose input does not carry what it needs."""
    return Outcome(
        subject=scope_subject(frame.scope),
        result=Result.INCOMPLETE if frame.require_live else Result.NOT_APPLICABLE,
        reason_code="NOT_IN_INPUT",
        message=f"The input does not contain what this rule needs: {frame.basis.reason()}.",
        discriminator="not-in-input",
    )


def error_outcome(frame: Frame, error: Exception) -> Outcome:
    """Return the outcome of a rule that raised."""
    return Outcome(
        subject=scope_subject(frame.scope),
        result=Result.ERROR,
        reason_code="RULE_RAISED",
        message=f"Rule {frame.rule.id} raised {type(error).__name__}; nothing it would have said is known.",
        discriminator="raised",
    )


def to_finding(outcome: Outcome, frame: Frame) -> Finding:
    """Give an outcome its identity and everything its rule knows."""
    rule, scope, basis = frame.rule, frame.scope, frame.basis
    name = fingerprint(rule.id, scope.cloud, scope.id, outcome.subject.type, outcome.subject.key, outcome.discriminator)
    blocking = outcome.result is Result.ERROR or (outcome.result is Result.INCOMPLETE and _blocks(outcome, frame))
    expected = outcome.expected
    if expected is not None:
        expected = msgspec.structs.replace(expected, baseline=frame.baseline_id)
    evidence = outcome.evidence or tuple(EvidencePointer(u) for u in basis.unit_ids)
    return Finding(
        finding_id=f"F-{name[:12]}",
        fingerprint=name,
        content_hash=content_hash(outcome),
        rule_id=rule.id,
        rule_version=rule.version,
        rule_title=rule.title,
        axis=rule.axis,
        severity=outcome.severity or rule.severity,
        severity_reason=outcome.severity_reason,
        confidence=outcome.confidence,
        result=outcome.result,
        status=outcome.result.value,
        reason_code=outcome.reason_code,
        message=outcome.message,
        cloud=scope.cloud,
        scope=scope,
        region=outcome.region,
        subject=outcome.subject,
        porter_role=outcome.porter_role,
        expected=expected,
        observed=outcome.observed,
        diff=outcome.diff,
        witness=outcome.witness,
        remediation=outcome.remediation or rule.remediation,
        references=rule.references,
        claims=rule.claims,
        controls=frame.controls,
        evidence=evidence,
        requires_units=basis.unit_ids,
        blocking=blocking,
        evaluated_at=frame.as_of,
        discriminator=outcome.discriminator,
    )


def _blocks(outcome: Outcome, frame: Frame) -> bool:
    """Return whether an INCOMPLETE leaves the core verdict open: all do but those of supplementary units."""
    if outcome.reason_code == "UNIT_UNREAD":
        return frame.basis.blocking
    return True


def content_hash(outcome: Outcome) -> str:
    """Return what exactly deviates; messages, evidence and witnesses do not count, order does not either.

    What is undecided beside a deviation counts: it may be more of it, which nobody accepted.
    """
    diff = outcome.diff
    pieces = sorted(
        sha256_of([e.kind, e.actions, e.resources, e.conditions, e.principals]) for e in (diff.added if diff else ())
    )
    observed = outcome.observed.value if outcome.observed else None
    undecided = sorted(set(diff.undecided)) if diff and diff.added else []
    doubt = [undecided] if undecided else []
    return sha256_of([outcome.result, outcome.reason_code, outcome.severity, observed, pieces, *doubt])


def duplicates(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the finding ids that stand more than once."""
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for finding in findings:
        if finding.fingerprint in seen:
            twice[finding.finding_id] = None
        seen.add(finding.fingerprint)
    return tuple(twice)


__all__ = [
    "Frame",
    "Witness",
    "admissible",
    "content_hash",
    "duplicates",
    "error_outcome",
    "not_in_input",
    "to_finding",
]
