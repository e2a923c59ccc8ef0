"""Nights against nights: every delta, and what never counts as fixed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from scanner.assess.delta import compare_nights, diff_nights, known_from
from scanner.model.history import Night, Previous, Seen, SeenDiff, SeenScope, SeenSubject, SeenValue
from tests.history.nights import ACCOUNT, FIRST, night, piece, seen

READ = piece("s3:GetObject")
WRITE = piece("s3:PutObject")
OTHER = seen("other", "PASS")


def after(*nights: Night) -> tuple[Previous, Any]:
    """Live through nights and return what was known before the last, and what came of it."""
    known = Previous("history")
    compared = compare_nights(known, nights[0])
    for one, following in pairwise(nights):
        known = Previous(
            "history",
            one.run.run_id,
            one.run.as_of,
            compared.states,
            {f.rule_id: f.rule_version for f in one.findings},
            compared.facts,
        )
        compared = compare_nights(known, following)
    return known, compared


def delta(*results: Seen) -> str | None:
    """Return the delta of one finding after a night for each result."""
    _, compared = after(*(night(number, result, OTHER) for number, result in enumerate(results)))
    found: str | None = compared.changes[results[-1].fingerprint].delta
    return found


FAIL, PASS, INCOMPLETE = seen("a", "FAIL", READ), seen("a", "PASS"), seen("a", "INCOMPLETE")
ABSENT_FROM_FILE = seen("a", "NOT_APPLICABLE", reason_code="NOT_IN_INPUT")
WAIVED = replace(FAIL, status="WAIVED")
WIDER = seen("a", "FAIL", READ, WRITE)

DELTAS: dict[str, tuple[tuple[Seen, ...], str | None]] = {
    "seen for the first time": ((FAIL,), "new"),
    "passed before": ((PASS, FAIL), "new"),
    "as before": ((FAIL, FAIL), "unchanged"),
    "one piece more": ((FAIL, WIDER), "worsened"),
    "one piece less": ((WIDER, FAIL), "improved"),
    "fewer actions": ((seen("a", "FAIL", piece("s3:GetObject", "s3:List*")), FAIL), "improved"),
    "another value, the same pieces": ((FAIL, replace(FAIL, content_hash="1" * 64)), "worsened"),
    "an action for another": ((FAIL, seen("a", "FAIL", WRITE)), "worsened"),
    "a wildcard for an action": ((FAIL, seen("a", "FAIL", piece("s3:*"))), "worsened"),
    "graver": ((seen("a", "FAIL", READ, severity="medium"), FAIL), "worsened"),
    "less grave, no pieces": ((seen("a", severity="high"), seen("a", severity="low")), "improved"),
    "another value, no pieces": ((seen("a"), seen("a", content_hash="1" * 64)), "worsened"),
    "undecided beside": ((WIDER, replace(FAIL, diff=SeenDiff((READ,), ("a condition",)))), "worsened"),
    "a doubt that became certain": ((seen("a", "MANUAL"), FAIL), "worsened"),
    "certain, now a doubt": ((FAIL, seen("a", "MANUAL")), "improved"),
    "mended": ((FAIL, PASS), "fixed"),
    "mended long ago": ((FAIL, PASS, PASS), None),
    "back again": ((FAIL, PASS, FAIL), "reappeared"),
    "not known tonight": ((FAIL, INCOMPLETE), "unknown_incomplete"),
    "never known": ((INCOMPLETE,), "unknown_incomplete"),
    "the rule failed": ((FAIL, seen("a", "ERROR")), "unknown_incomplete"),
    "a file does not say": ((FAIL, ABSENT_FROM_FILE), "unknown_incomplete"),
    "a file never said": ((ABSENT_FROM_FILE,), None),
    "known again, the same": ((FAIL, INCOMPLETE, FAIL), "unchanged"),
    "known again, worse": ((FAIL, INCOMPLETE, INCOMPLETE, WIDER), "worsened"),
    "known again, mended": ((FAIL, INCOMPLETE, PASS), "fixed"),
    "waived": ((FAIL, WAIVED), "waived"),
    "waived at once": ((WAIVED,), "waived"),
    "its waiver expired": ((WAIVED, replace(FAIL, delta="waiver_expired")), "waiver_expired"),
    "its waiver was deleted": ((WAIVED, FAIL), "waiver_expired"),
    "its waiver is broken": ((WAIVED, WIDER), "worsened"),
    "its waiver was deleted, less is left": ((replace(WIDER, status="WAIVED"), FAIL), "waiver_expired"),
    "its waiver was deleted, the rule is new": (
        (WAIVED, replace(WIDER, rule_version=2)), "waiver_expired",
    ),
    "less grave, and of another kind": (
        (seen("a", severity="high"), seen("a", severity="low", reason_code="ANOTHER")), "worsened",
    ),
    "the rule speaks anew": ((FAIL, replace(WIDER, rule_version=2)), "rule_changed"),
    "the rule is new, its words are not": ((FAIL, replace(FAIL, rule_version=2)), "unchanged"),
    "nothing to tell": ((PASS, PASS), None),
}


@pytest.mark.parametrize(("results", "told"), DELTAS.values(), ids=DELTAS)
def test_what_became_of_a_finding(results: tuple[Seen, ...], told: str | None) -> None:
    assert delta(*results) == told


def test_a_finding_of_a_rule_that_changed_is_not_new() -> None:
    _, compared = after(night(0, OTHER), night(1, replace(FAIL, rule_version=2), replace(OTHER, rule_version=2)))
    assert compared.changes[FAIL.fingerprint].delta == "rule_changed"


GONE: dict[str, tuple[Night, list[str]]] = {
    "its subject is gone, all was read": (night(1, OTHER), ["fixed"]),
    "its unit was denied": (night(1, OTHER, unit="denied"), ["unknown_incomplete"]),
    "its unit was not asked for": (night(1, OTHER, units=()), ["unknown_incomplete"]),
    "its rule did not run": (night(1, replace(OTHER, rule_id="AWS-OTHER-001")), ["unknown_incomplete"]),
    "its rule could not tell": (night(1, seen("other", "INCOMPLETE")), ["unknown_incomplete"]),
    "another account was read": (night(1, OTHER, scopes=(SeenScope("aws", "999999999999"),)), []),
}


@pytest.mark.parametrize(("second", "deltas"), GONE.values(), ids=GONE)
def test_what_tonight_does_not_name_is_fixed_only_if_tonight_could_see_it(second: Night, deltas: list[str]) -> None:
    _, compared = after(night(0, FAIL, OTHER), second)
    assert [gone.delta for gone in compared.gone] == deltas
    (state,) = compared.states
    assert (state.resolved_at is not None) == (deltas == ["fixed"])


def test_what_is_fixed_is_told_once() -> None:
    _, compared = after(night(0, FAIL, OTHER), night(1, OTHER), night(2, OTHER))
    assert compared.gone == ()


def test_dates_and_counts() -> None:
    nights = [night(0, FAIL), night(1, FAIL), night(2, INCOMPLETE), night(3, WIDER), night(4, PASS), night(5, FAIL)]
    _, compared = after(*nights)
    state = compared.changes[FAIL.fingerprint].state
    assert state is not None
    assert state.first_seen == FIRST
    assert state.last_seen == nights[5].run.as_of
    assert state.last_changed == nights[5].run.as_of
    assert state.occurrences == 4
    assert state.resolved_at is None


@pytest.mark.parametrize("results", [results for results, _ in DELTAS.values()], ids=DELTAS)
def test_one_report_a_night_tells_as_much_as_a_history(results: tuple[Seen, ...]) -> None:
    """Each night knows the report of the night before only, as `with_history` writes it."""
    from scanner.model.history import HistoryNote

    known = Previous("report")
    told = None
    for number, result in enumerate(results):
        tonight = night(number, result, OTHER)
        compared = compare_nights(known, tonight)
        told = compared.changes[result.fingerprint].delta
        findings = []
        for finding in tonight.findings:
            state = compared.changes[finding.fingerprint].state
            dates = {"first_seen": state.first_seen, "occurrences": state.occurrences} if state else {}
            findings.append(replace(finding, **dates))
        open_now = {f.fingerprint for f in findings if f.result in ("FAIL", "MANUAL")}
        remembered = tuple(s for s in compared.states if s.seen.fingerprint not in open_now)
        note = HistoryNote("report", known.run_id, known.as_of, remembered=remembered)
        known = known_from(replace(tonight, findings=tuple(findings), history=note))
    assert told == delta(*results)


def observed(rule: str, result: str, value: Any) -> Seen:
    subject = SeenSubject("aws.iam.role", "arn:role", "role")
    return seen(rule + result, result, rule_id=rule, observed=SeenValue(value), subject=subject)


def test_a_boundary_that_was_lost_stays_known_until_it_is_back() -> None:
    with_it = observed("AWS-ROLE-005", "PASS", "arn:boundary")
    lost = observed("AWS-ROLE-005", "FAIL", None)
    _, compared = after(night(0, with_it), night(1, lost), night(2, lost))
    assert compared.facts.boundaries == {"arn:role": "arn:boundary"}


def test_the_token_of_an_external_id_is_the_last_that_was_in_order() -> None:
    first = observed("AWS-TRUST-002", "PASS", [{"StringEquals": ["xid-1"]}])
    changed = observed("AWS-TRUST-002", "FAIL", [{"StringEquals": ["xid-2"]}])
    several = observed("AWS-TRUST-002", "PASS", [{"StringEquals": ["xid-2", "xid-3"]}])
    _, compared = after(night(0, first), night(1, changed), night(2, several))
    assert compared.facts.external_ids == {"arn:role": "xid-1"}


def test_a_diff_tells_the_gravest_first_and_leaves_out_what_stayed() -> None:
    before = night(0, FAIL, seen("gone", "FAIL", READ), seen("same", "FAIL", READ), OTHER)
    now = night(1, WIDER, seen("fresh", "FAIL", READ), seen("same", "FAIL", READ), OTHER)
    assert [(told, what.finding_id) for told, what in diff_nights(before, now)] == [
        ("new", "F-fresh"),
        ("worsened", "F-a"),
        ("fixed", "F-gone"),
    ]


def test_the_scope_of_another_account_is_left_alone() -> None:
    elsewhere = replace(FAIL, scope=SeenScope("aws", "999999999999"), fingerprint="9" * 64)
    both = night(0, FAIL, elsewhere, scopes=(ACCOUNT, elsewhere.scope))
    _, compared = after(both, night(1, PASS))
    assert {s.seen.fingerprint: s.resolved_at is None for s in compared.states} == {
        FAIL.fingerprint: False,
        elsewhere.fingerprint: True,
    }
