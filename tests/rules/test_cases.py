"""Every rule on its case files: what it must say of a bad, a good and an unreadable account, and no more."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.assess.runner import run_rule
from scanner.model.finding import Axis, Finding
from scanner.rules.registry import ACTIVITY_RULES
from scanner.rules.registry_all import rules_of

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_account import context, units

CASES = Path(__file__).resolve().parents[1] / "cases"
AWS_RULES = rules_of("aws")
RULES = {rule.id: rule for rule in AWS_RULES}
FILES = [path for rule in RULES for path in sorted((CASES / rule).glob("*.json"))]
QUIET = ("PASS", "NOT_APPLICABLE")
ASKS_A_PERSON = {"AWS-ACT-002": "MANUAL"}
"""Rules whose worst answer is a question: whether a change was agreed stands in no account."""
ON_REQUEST = {rule.id for rule in ACTIVITY_RULES}


def load(path: Path) -> list[dict[str, Any]]:
    content = json.loads(path.read_text())
    return [{**case, "file": path.name} for case in content]


CASE_LIST = [(path.parent.name, case) for path in FILES for case in load(path)]


def words(finding: Finding) -> str:
    """Return all a reader sees of a finding's substance."""
    parts = [finding.message, finding.reason_code, finding.severity_reason]
    if finding.witness:
        parts += [finding.witness.action, finding.witness.resource, json.dumps(finding.witness.context, sort_keys=True)]
        parts += finding.witness.path
    return " ".join(parts)


def answers(finding: Finding, expected: dict[str, Any]) -> bool:
    """Return whether a finding is what a case expects."""
    fragments = expected.get("says", [])
    return (
        finding.subject.name == expected["subject"]
        and finding.result.value == expected["result"]
        and finding.discriminator == expected.get("discriminator", finding.discriminator)
        and finding.severity.value == expected.get("severity", finding.severity.value)
        and all(f in words(finding) for f in ([fragments] if isinstance(fragments, str) else fragments))
    )


def shown(findings: list[Finding]) -> str:
    return "\n".join(
        f"{f.subject.name} | {f.result.value} | {f.discriminator} | {f.severity.value} | {words(f)}" for f in findings
    )


@pytest.mark.parametrize(
    ("rule_id", "case"), CASE_LIST, ids=[f"{r}-{c['file'][:-5]}-{c['name']}" for r, c in CASE_LIST]
)
def test_the_rule_says_what_the_case_expects_and_nothing_else(rule_id: str, case: dict[str, Any]) -> None:
    errors: list[Exception] = []
    ctx = context(case)
    findings = run_rule(RULES[rule_id], ctx, units(case), ctx.baseline.id, False, lambda _, error: errors.append(error))
    assert not errors, errors
    for expected in case["expected"]:
        matching = [f for f in findings if answers(f, expected)]
        assert len(matching) == 1, f"{expected} matches {len(matching)} of:\n{shown(findings)}"
    unexpected = [
        f for f in findings if f.result.value not in QUIET and not any(answers(f, e) for e in case["expected"])
    ]
    if not case.get("others"):
        assert not unexpected, f"not expected:\n{shown(unexpected)}"


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_has_bad_good_and_incomplete_cases(rule_id: str) -> None:
    results: dict[str, set[str]] = {"bad": set(), "good": set(), "incomplete": set()}
    for path in (CASES / rule_id).glob("*.json"):
        kind = path.name.partition("_")[0]
        for case in load(path):
            results[kind] |= {e["result"] for e in case["expected"]}
    worst = "INCOMPLETE" if RULES[rule_id].axis is Axis.COVERAGE else ASKS_A_PERSON.get(rule_id, "FAIL")
    assert worst in results["bad"], "no bad case"
    assert results["good"] & {"PASS", "NOT_APPLICABLE"}, "no good case"
    assert results["incomplete"] & {"INCOMPLETE", "MANUAL"}, "no incomplete case"
    assert not results["good"] & {"FAIL", "ERROR"}


@pytest.mark.parametrize("rule_id", RULES)
def test_an_unread_unit_never_leaves_a_pass(rule_id: str) -> None:
    """With the one unit every rule needs denied, an account that is otherwise perfect says nothing good."""
    case = {"start": "documented", "units": {"aws.iam.authorization_details": "denied"}}
    ctx = context(case)
    findings = run_rule(RULES[rule_id], ctx, units(case), ctx.baseline.id, False, None)
    assert findings
    assert not [f for f in findings if f.result.value == "PASS"]


@pytest.mark.parametrize("rule_id", RULES)
def test_an_account_with_no_roles_at_all_gets_one_answer(rule_id: str) -> None:
    case: dict[str, Any] = {"events": []} if rule_id in ON_REQUEST else {}
    ctx = context(case)
    findings = run_rule(RULES[rule_id], ctx, units(case), ctx.baseline.id, False, None)
    assert [f.result.value for f in findings] in (["NOT_APPLICABLE"], ["PASS"])


@pytest.mark.parametrize("rule_id", RULES)
def test_the_same_account_gives_the_same_findings(rule_id: str) -> None:
    case = {"start": "documented"}
    runs = [run_rule(RULES[rule_id], context(case), units(case), "porter@2026-05", False, None) for _ in range(2)]
    assert runs[0] == runs[1]


def test_hostile_names_stay_on_one_line_and_in_quotes() -> None:
    """A role name is the account owner's text: no line break, direction mark or backtick may leave its quotes."""
    name = "porter-\u202eevil\n`rm -rf`"
    case: dict[str, Any] = {"roles": {name: {"add_statement": {"Action": "*", "Resource": "*"}}}}
    for rule in AWS_RULES:
        ctx = context(case)
        for finding in run_rule(rule, ctx, units(case), ctx.baseline.id, False, None):
            assert finding.result.value != "ERROR", finding.message
            assert "\n" not in finding.message
            assert "\u202e" not in finding.message


def test_findings_name_the_place_in_the_evidence() -> None:
    case = {"start": "documented"}
    for rule in AWS_RULES:
        ctx = context(case)
        for finding in run_rule(rule, ctx, units(case), ctx.baseline.id, False, None):
            assert finding.evidence, finding


def test_conformance_is_silent_on_the_documented_account() -> None:
    """The account exactly as documented: whatever its risks, nothing deviates and nothing is open."""
    case = {
        "start": "documented",
        "associations": [{"pod": "loki/loki", "role": "porter-s3-0c1d2e"}],
        "events": [],
    }
    for rule in AWS_RULES:
        ctx = context(case)
        for finding in run_rule(rule, ctx, units(case), ctx.baseline.id, False, None):
            if rule.axis.value == "conformance":
                assert finding.result.value in QUIET, finding
            else:
                assert finding.result.value not in ("INCOMPLETE", "ERROR", "MANUAL"), finding
