"""Whether a waiver is about a finding or a unit, and whether what is seen stays within its ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scanner.model.finding import DiffEntry, Finding, Result, Severity
from scanner.model.snapshot import Unit, UnitStatus
from scanner.model.waiver import AllowedDeviation, Waiver, WaiverKind, WaiverState

CRITICAL_DAYS = 90
"""A critical finding may be waived for so long at most; the file's own limit is for all others."""


def glob_matches(pattern: str, text: str) -> bool:
    """Return whether `text` is in the language of `pattern`: `*` any text, `?` one character, all else itself.

    Case matters, and there are no brackets or escapes. At most len(pattern) x len(text) steps, whatever the input.
    """
    at = star = mark = 0
    place, seen = 0, False
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, mark, seen = place, at, True
            place += 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            place, at = place + 1, at + 1
        elif seen:
            mark += 1
            place, at = star + 1, mark
        else:
            return False
    return not pattern[place:].strip("*")


def too_broad(pattern: str) -> bool:
    """Return whether a subject or unit pattern names next to nothing: its last segment has no character of its own."""
    last = pattern.replace("/", ":").rpartition(":")[2]
    return not last.strip("*?")


def state_of(waiver: Waiver, as_of: datetime) -> WaiverState:
    """Return how a waiver stands at a moment. It ends exactly at `ends`, not a moment later."""
    if as_of >= waiver.ends:
        return WaiverState.EXPIRED
    return WaiverState.NOT_YET if as_of < waiver.created else WaiverState.IN_FORCE


def is_about(waiver: Waiver, finding: Finding) -> bool:
    """Return whether a waiver names a finding, whatever its result."""
    match = waiver.match
    if waiver.kind is WaiverKind.ACK or match.scope not in (None, finding.scope.id):
        return False
    if match.fingerprint is not None:
        return match.fingerprint == finding.fingerprint
    return (
        match.rule_id == finding.rule_id
        and match.subject is not None
        and glob_matches(match.subject, finding.subject.key)
    )


def objection(waiver: Waiver, finding: Finding) -> str:
    """Return why a FAIL is not covered by a waiver that names it, or an empty string."""
    if finding.severity is Severity.CRITICAL and waiver.days > CRITICAL_DAYS:
        return f"{finding.finding_id} is critical: at most {CRITICAL_DAYS} days, not {waiver.days}"
    if not within(waiver, finding):
        return f"{finding.finding_id} is beyond the ceiling: content_hash {finding.content_hash}"
    return ""


def within(waiver: Waiver, finding: Finding) -> bool:
    """Return whether what deviates is exactly what was accepted, or part of it."""
    if finding.content_hash in waiver.ceiling.content_hashes:
        return True
    diff = finding.diff
    if not waiver.ceiling.deviations or diff is None or not diff.added or diff.undecided:
        return False
    return all(any(_inside(entry, allowed) for allowed in waiver.ceiling.deviations) for entry in diff.added)


def _inside(entry: DiffEntry, allowed: AllowedDeviation) -> bool:
    """Compare as written: a wildcard is covered by the same wildcard only, so that nothing grows unseen."""
    return (
        entry.kind == allowed.kind
        and _lower(entry.actions) <= _lower(allowed.actions)
        and set(entry.resources) <= set(allowed.resources)
        and entry.conditions == allowed.conditions
        and entry.principals == allowed.principals
    )


def _lower(actions: Sequence[str]) -> set[str]:
    return {action.lower() for action in actions}


def acknowledges(waiver: Waiver, unit: Unit) -> bool:
    """Return whether a waiver is about this unit's gap, and the gap is of the kind that was acknowledged."""
    match = waiver.match
    return (
        waiver.kind is WaiverKind.ACK
        and match.unit is not None
        and match.scope in (None, unit.scope_id)
        and unread(unit)
        and unit.status.value in waiver.ceiling.statuses
        and glob_matches(match.unit, unit.unit_id)
    )


def unread(unit: Unit) -> bool:
    """Return whether a unit that was to be read was not; what a file cannot carry is no gap."""
    return unit.status not in (UnitStatus.COMPLETE, UnitStatus.NOT_IN_INPUT)


def is_failure(finding: Finding) -> bool:
    """Return whether a finding is one that can be waived at all."""
    return finding.result is Result.FAIL
