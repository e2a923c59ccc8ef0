"""Tonight against what was known: new, worse, better, fixed, back, or not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from scanner.model.finding import SEVERITY_ORDER, Finding
from scanner.model.history import Facts, Gone, HistoryNote, Night, Previous, Seen, SeenPiece, State
from scanner.model.report import Report

NEW, WORSENED, IMPROVED, UNCHANGED = "new", "worsened", "improved", "unchanged"
FIXED, REAPPEARED, WAIVED, WAIVER_EXPIRED = "fixed", "reappeared", "waived", "waiver_expired"
RULE_CHANGED, UNKNOWN = "rule_changed", "unknown_incomplete"
DELTAS = (NEW, WORSENED, REAPPEARED, WAIVER_EXPIRED, UNCHANGED, IMPROVED, RULE_CHANGED, WAIVED, FIXED, UNKNOWN)

_OPEN = ("FAIL", "MANUAL")
_NOT_KNOWN = ("INCOMPLETE", "ERROR")
_RANK = {severity.value: rank for rank, severity in enumerate(SEVERITY_ORDER)}
_BOUNDARY_RULE, _EXTERNAL_ID_RULE = "AWS-ROLE-005", "AWS-TRUST-002"
_ROLE_CONTENT_RULE, _CREDENTIAL_RULE, _CONDITION_RULE = "GCP-PERM-004", "AZURE-SECRET-006", "GCP-COND-002"


class Change(msgspec.Struct, frozen=True):
    """What history says of one of tonight's results."""

    delta: str | None
    state: State | None


class Compared(msgspec.Struct, frozen=True):
    """A night against what was known before it."""

    changes: dict[str, Change]
    """By fingerprint, for each of tonight's results."""
    gone: tuple[Gone, ...]
    states: tuple[State, ...]
    """What is known after tonight, by fingerprint; scopes that were not read tonight stay as they were."""
    facts: Facts


def comparable(previous: Previous, *, planned: bool) -> bool:
    """Return whether a run may be compared with what is known: a plan tells nothing of what is there."""
    return previous.run_id is None or previous.planned is planned


def compare_nights(previous: Previous, night: Night) -> Compared:
    """Return what changed. Nothing counts as fixed that tonight could not see."""
    known = {state.seen.fingerprint: state for state in previous.states}
    as_of = night.run.as_of
    changes = {seen.fingerprint: _change(seen, known.get(seen.fingerprint), previous, as_of) for seen in night.findings}
    after = {**known, **{name: change.state for name, change in changes.items() if change.state is not None}}
    gone = []
    scopes = {(scope.cloud, scope.id) for scope in night.scopes}
    for name, state in known.items():
        if name in changes or state.resolved_at is not None or (state.seen.cloud, state.seen.scope.id) not in scopes:
            continue
        seen_all = _could_see(state.seen, night)
        gone.append(_gone(state, FIXED if seen_all else UNKNOWN))
        if seen_all:
            after[name] = msgspec.structs.replace(state, resolved_at=as_of)
    return Compared(
        changes,
        tuple(sorted(gone, key=lambda g: g.fingerprint)),
        tuple(after[name] for name in sorted(after)),
        _facts(previous.facts, night),
    )


def _change(seen: Seen, state: State | None, previous: Previous, as_of: datetime) -> Change:
    if seen.result in _NOT_KNOWN or seen.reason_code == "NOT_IN_INPUT":
        is_open = state is not None and state.resolved_at is None
        return Change(UNKNOWN if is_open or seen.result in _NOT_KNOWN else None, state)
    if seen.result not in _OPEN:
        if state is None:
            return Change(None, None)
        fixed = state.resolved_at is None
        return Change(FIXED if fixed else None, msgspec.structs.replace(state, resolved_at=state.resolved_at or as_of))
    now = msgspec.structs.replace(seen, observed=None, delta=None)
    if state is None:
        return Change(_first(seen, previous), State(now, as_of, as_of, as_of, 1))
    delta = _moved(seen, state)
    changed = state.seen.content_hash != seen.content_hash or state.resolved_at is not None
    return Change(
        delta,
        State(
            seen=now,
            first_seen=state.first_seen,
            last_seen=as_of,
            last_changed=as_of if changed else state.last_changed,
            occurrences=state.occurrences + 1,
        ),
    )


def _first(seen: Seen, previous: Previous) -> str:
    if seen.status == "WAIVED":
        return WAIVED
    if seen.delta == WAIVER_EXPIRED:
        return WAIVER_EXPIRED
    before = previous.rule_versions.get(seen.rule_id, seen.rule_version)
    return NEW if before == seen.rule_version else RULE_CHANGED


def _moved(seen: Seen, state: State) -> str:
    """Return what became of a deviation that was seen before."""
    if seen.status == "WAIVED":
        return WAIVED
    if seen.delta == WAIVER_EXPIRED:
        return WAIVER_EXPIRED
    if state.resolved_at is not None:
        return REAPPEARED
    moved = _between(state.seen, seen)
    # Somebody answered for it until now, and nobody does any more: also for what is left of it.
    return WAIVER_EXPIRED if state.seen.status == "WAIVED" and moved != WORSENED else moved


def _between(before: Seen, after: Seen) -> str:
    """Return how one deviation compares with another of the same fingerprint; in doubt it is worse."""
    if before.content_hash == after.content_hash:
        return UNCHANGED
    if before.rule_version != after.rule_version:
        return RULE_CHANGED
    if before.result != after.result:
        return WORSENED if after.result == "FAIL" else IMPROVED
    step = _RANK.get(after.severity, 0) - _RANK.get(before.severity, 0)
    if step < 0:
        return WORSENED
    if before.diff and after.diff and after.diff.added and not after.diff.undecided:
        fewer = _all_inside(after.diff.added, before.diff.added)
        # The same pieces with another hash: something beside them changed, a Deny for example.
        return IMPROVED if fewer and not _all_inside(before.diff.added, after.diff.added) else WORSENED
    # Without pieces to compare, another kind of deviation is another matter, however grave.
    return IMPROVED if step > 0 and before.reason_code == after.reason_code else WORSENED


def _all_inside(pieces: Sequence[SeenPiece], others: Sequence[SeenPiece]) -> bool:
    return all(any(_inside(piece, other) for other in others) for piece in pieces)


def _inside(piece: SeenPiece, other: SeenPiece) -> bool:
    return (
        piece.kind == other.kind
        and {a.lower() for a in piece.actions} <= {a.lower() for a in other.actions}
        and set(piece.resources) <= set(other.resources)
        and piece.conditions == other.conditions
        and piece.principals == other.principals
    )


def _could_see(seen: Seen, night: Night) -> bool:
    """Return whether tonight would have shown a deviation: its rule spoke for the scope, all its units were read."""
    mine = [f for f in night.findings if f.rule_id == seen.rule_id and f.scope.id == seen.scope.id]
    if not mine or any(f.result in _NOT_KNOWN or f.reason_code == "NOT_IN_INPUT" for f in mine):
        return False
    read = {unit.unit_id for unit in night.units if unit.status == "complete"}
    return all(unit.unit_id in read for unit in seen.requires_units)


def _gone(state: State, delta: str) -> Gone:
    seen = state.seen
    return Gone(
        finding_id=seen.finding_id,
        fingerprint=seen.fingerprint,
        rule_id=seen.rule_id,
        rule_title=seen.rule_title,
        severity=seen.severity,
        scope_id=seen.scope.id,
        subject=seen.subject.name or seen.subject.key,
        delta=delta,
        first_seen=state.first_seen,
        last_seen=state.last_seen,
    )


def _facts(before: Facts, night: Night) -> Facts:
    """Return what the next run compares with.

    Boundaries and ExternalIds are as last seen in order: what tonight calls lost or changed stays until it is mended.
    Roles' contents, credentials and conditions are as last seen: a change is told once, on the night it appears.
    """
    after = Facts(
        dict(before.boundaries),
        dict(before.external_ids),
        dict(before.gcp_roles),
        dict(before.credentials),
        dict(before.conditions),
    )
    for seen in night.findings:
        value = seen.observed.value if seen.observed else None
        key = seen.subject.key
        if seen.rule_id == _BOUNDARY_RULE and seen.result == "PASS" and isinstance(value, str):
            after.boundaries[key] = value
        elif seen.rule_id == _EXTERNAL_ID_RULE and seen.result == "PASS" and isinstance(value, list):
            tokens = {token for use in value for tokens in use.values() for token in tokens}
            if len(tokens) == 1:
                after.external_ids[key] = tokens.pop()
        elif seen.rule_id == _ROLE_CONTENT_RULE and isinstance(value, list):
            after.gcp_roles[key] = tuple(value)
        elif seen.rule_id == _CREDENTIAL_RULE and isinstance(value, list):
            after.credentials[key] = tuple(value)
        elif seen.rule_id == _CONDITION_RULE and isinstance(value, list):
            after.conditions[key] = tuple(value)
    return after


def with_history(report: Report, previous: Previous, compared: Compared) -> Report:
    """Return the report with what history says of each finding, and a note of what is gone."""
    source = "history" if previous.source == "history" else "this_run" if previous.run_id is None else "previous_report"
    findings = tuple(_dated(f, compared.changes.get(f.fingerprint), source) for f in report.findings)
    told = {f.fingerprint for f in findings if f.result.value in _OPEN}
    deltas = Counter(f.delta for f in findings if f.delta) + Counter(g.delta for g in compared.gone)
    note = HistoryNote(
        source=previous.source,
        previous_run_id=previous.run_id,
        previous_as_of=previous.as_of,
        deltas={delta: deltas[delta] for delta in DELTAS if deltas[delta]},
        gone=compared.gone,
        remembered=tuple(s for s in compared.states if s.seen.fingerprint not in told)
        if previous.source != "history"
        else (),
        facts=compared.facts,
        other_baseline=None if previous.baseline == report.run.baseline_id else previous.baseline,
    )
    return msgspec.structs.replace(report, findings=findings, history=note)


def _dated(finding: Finding, change: Change | None, source: str) -> Finding:
    if change is None or (change.state is None and change.delta is None):
        return finding
    state = change.state
    if state is None:
        return msgspec.structs.replace(finding, delta=change.delta)
    return msgspec.structs.replace(
        finding,
        delta=change.delta,
        first_seen=state.first_seen,
        last_seen=state.last_seen,
        last_changed=state.last_changed,
        resolved_at=state.resolved_at,
        occurrences=state.occurrences,
        first_seen_source=source,
    )


def known_from(night: Night) -> Previous:
    """Return what a report alone tells of the nights up to it."""
    note = night.history
    states = {state.seen.fingerprint: state for state in (note.remembered if note else ())}
    for seen in night.findings:
        if seen.result in _OPEN:
            states[seen.fingerprint] = _state_of(seen, night.run.as_of)
    return Previous(
        source="report",
        run_id=night.run.run_id,
        as_of=night.run.as_of,
        states=tuple(states[name] for name in sorted(states)),
        rule_versions=rule_versions(night.findings),
        facts=_facts(note.facts if note else Facts(), night),
        planned=night.run.planned,
        baseline=night.run.baseline.id,
    )


def _state_of(seen: Seen, as_of: datetime) -> State:
    return State(
        seen=msgspec.structs.replace(seen, observed=None, delta=None),
        first_seen=seen.first_seen or as_of,
        last_seen=seen.last_seen or as_of,
        last_changed=seen.last_changed or as_of,
        occurrences=seen.occurrences or 1,
    )


def rule_versions(findings: Sequence[Seen]) -> dict[str, int]:
    """Return the version of each rule that spoke."""
    return {seen.rule_id: seen.rule_version for seen in findings}


def diff_nights(before: Night, after: Night) -> list[tuple[str, Seen | Gone]]:
    """Return (delta, what) for everything that differs between two reports; unchanged and unknown results left out."""
    alone = msgspec.structs.replace(before, history=None)  # a diff is between two nights, not with all before
    compared = compare_nights(known_from(alone), after)
    rows: list[tuple[str, Seen | Gone]] = []
    for seen in after.findings:
        delta = compared.changes[seen.fingerprint].delta
        if delta is not None and delta != UNCHANGED:
            rows.append((delta, seen))
    rows += [(gone.delta, gone) for gone in compared.gone]
    return sorted(rows, key=lambda row: (DELTAS.index(row[0]), _RANK.get(row[1].severity, 0), row[1].fingerprint))
