"""Hold what the product says of a mutant against what has to be said."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mutations.records import Mutant, Verdict
from scanner.access.records import Request
from scanner.model.finding import SEVERITY_ORDER, Axis, Finding, Result, Severity, Witness
from scanner.model.snapshot import Snapshot
from scanner.rules.base import Settings

Findings = tuple[Finding, ...]
Evaluate = Callable[[Snapshot, Settings, bool], Findings]
"""Normalize and judge a snapshot; the last argument asks for the rules of every axis."""

_SAYING = (Result.FAIL, Result.MANUAL, Result.INCOMPLETE, Result.ERROR)
Key = tuple[str, str, str]


class Judge:
    """Judges mutants of one cloud by one documented version."""

    def __init__(self, version: str, evaluate: Evaluate) -> None:
        self.version = version
        self._evaluate = evaluate
        self._known: dict[tuple[int, bool], tuple[Snapshot, dict[Key, Finding]]] = {}

    def base(self, snapshot: Snapshot, every_rule: bool) -> dict[Key, Finding]:
        """Return what is said of the state that mutants are made from."""
        at = (id(snapshot), every_rule)
        if at not in self._known:
            found = self._evaluate(snapshot, Settings(), every_rule)
            # The snapshot is kept with it: an id is only its own while the object lives.
            self._known[at] = (snapshot, {_key(f): f for f in found})
        return self._known[at][1]

    def verdict(self, mutant: Mutant) -> Verdict:
        """Return how the product does on one mutant."""
        every_rule = mutant.kind.rewrite
        before = self.base(mutant.base, every_rule)
        after = self._evaluate(mutant.snapshot, mutant.settings, every_rule)
        new = [f for f in after if f.result in _SAYING and _is_new(f, before.get(_key(f)))]
        said = tuple(f"{f.result.value} {f.rule_id} {f.reason_code}: {f.message}" for f in new)
        head = (mutant.cloud, self.version, mutant.kind.name, mutant.place, mutant.kind.rewrite)
        if mutant.kind.rewrite:
            return Verdict(*head, rewrite=True, alarms=said, said=said)
        shown = [f for f in new if _shows(mutant, f)]
        tried = mutant.changed() is not None if mutant.changed else True
        if not tried and not shown:
            return Verdict(*head, rewrite=True, alarms=tuple(_alarms(new)), said=said)
        right = _right(mutant, new)
        wanted = mutant.kind.right | mutant.kind.may
        strange = [f for f in new if f.rule_id not in wanted and f.result is not Result.MANUAL]
        return Verdict(
            *head,
            rewrite=False,
            found=any(f.result in mutant.kind.results for f in new if f.rule_id in mutant.kind.right),
            right=right,
            shown=bool(shown),
            alarms=tuple(_alarms(strange)),
            said=said,
            blind=not tried,
        )


def _key(finding: Finding) -> Key:
    return finding.rule_id, finding.subject.key, finding.discriminator


def _is_new(finding: Finding, before: Finding | None) -> bool:
    """Return whether a finding was not there before, or is worse or other than it was."""
    if before is None or before.result is not finding.result:
        return True
    if SEVERITY_ORDER.index(finding.severity) < SEVERITY_ORDER.index(before.severity):
        return True
    # What posture says of a documented risk quotes the text it was found in, and changes with it.
    return finding.axis is Axis.CONFORMANCE and finding.content_hash != before.content_hash


def _alarms(findings: Iterable[Finding]) -> list[str]:
    """Return what counts as a false alarm: what is documented and absent is information."""
    return [
        f"{f.result.value} {f.rule_id}: {f.message}"
        for f in findings
        if f.axis is Axis.CONFORMANCE and f.severity is not Severity.INFO
    ]


def _shows(mutant: Mutant, finding: Finding) -> bool:
    """Return whether a finding shows what changed: a request that the second evaluator confirms, else what was seen."""
    if not mutant.kind.access or mutant.confirms is None:
        return finding.observed is not None or finding.witness is not None or bool(finding.message)
    witnesses = [finding.witness] + ([e.witness for e in finding.diff.added] if finding.diff else [])
    return any(mutant.confirms(_request(w)) for w in witnesses if w is not None)


def _request(witness: Witness) -> Request:
    return Request(witness.principal, witness.action, witness.resource, dict(witness.context))


def _right(mutant: Mutant, new: list[Finding]) -> bool:
    """Return whether every rule that has to speak of it did, of the right subject, in the right way."""
    spoke = {
        f.rule_id
        for f in new
        if f.result in mutant.kind.results and mutant.subject in f"{f.subject.key} {f.subject.name}"
    }
    any_of = mutant.kind.any_of
    return mutant.kind.must <= spoke and (not any_of or bool(any_of & spoke))
