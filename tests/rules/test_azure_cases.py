"""Every Azure rule on its case files: what it must say of a bad, a good and an unreadable tenant, and no more."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.assess.runner import run_rule
from scanner.model.finding import Finding
from scanner.rules.base import Rule
from scanner.rules.registry_azure import AZURE_RULES

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_subscription import context

CASES = Path(__file__).resolve().parents[1] / "cases"
RULES = {rule.id: rule for rule in AZURE_RULES}
FILES = [path for rule in RULES for path in sorted((CASES / rule).glob("*.json"))]
CASE_LIST = [(path.parent.name, path.name, case) for path in FILES for case in json.loads(path.read_text())]
QUIET = ("PASS", "NOT_APPLICABLE")
HEADINGS = ["What it checks", "Why it matters", "Remediation", "Limits", "References"]
FAMILIES = {
    *("excess", "undocumented-identity", "external-id", "passrole", "escalation", "wildcard"),
    *("secrets", "stale", "revocation", "completeness", "drift"),
}


def words(finding: Finding) -> str:
    witness = f"{finding.witness.action} {finding.witness.resource}" if finding.witness else ""
    return f"{finding.message} {finding.reason_code} {witness}"


def answers(finding: Finding, expected: dict[str, Any]) -> bool:
    fragments = expected.get("says", [])
    return (
        finding.subject.name == expected["subject"]
        and finding.subject.type == expected.get("type", finding.subject.type)
        and finding.result.value == expected["result"]
        and finding.severity.value == expected.get("severity", finding.severity.value)
        and all(f in words(finding) for f in ([fragments] if isinstance(fragments, str) else fragments))
    )


@pytest.mark.parametrize(("rule_id", "file", "case"), CASE_LIST, ids=[f"{r}-{c['name']}" for r, _, c in CASE_LIST])
def test_the_rule_says_what_the_case_expects_and_nothing_else(rule_id: str, file: str, case: dict[str, Any]) -> None:
    errors: list[Exception] = []
    ctx = context(case)
    units = ctx.inventory.units
    findings = run_rule(RULES[rule_id], ctx, units, ctx.baseline.id, False, lambda _, error: errors.append(error))
    assert not errors, errors
    shown = "\n".join(f"{f.subject.name} | {f.result.value} | {f.severity.value} | {words(f)}" for f in findings)
    for expected in case["expected"]:
        assert len([f for f in findings if answers(f, expected)]) == 1, f"{expected} of:\n{shown}"
    loud = [f for f in findings if f.result.value not in QUIET and not any(answers(f, e) for e in case["expected"])]
    assert not loud, shown


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_has_bad_good_and_incomplete_cases(rule_id: str) -> None:
    wanted = {"bad": {"FAIL", "MANUAL"}, "good": {"PASS", "NOT_APPLICABLE"}, "incomplete": {"INCOMPLETE"}}
    for kind, results in wanted.items():
        cases = [c for r, name, c in CASE_LIST if r == rule_id and name.startswith(f"{kind}_")]
        assert cases, f"{rule_id} has no {kind} case"
        for case in cases:
            assert {e["result"] for e in case["expected"]} & results, (rule_id, case["name"])


@pytest.mark.parametrize("rule", AZURE_RULES, ids=lambda r: r.id)
def test_nothing_that_a_rule_needs_may_be_unread_in_a_pass(rule: Rule) -> None:
    for kind in (*rule.requires, *rule.supplementary):
        ctx = context({"units": {kind: "denied"}, "previous": ["rbac"]})
        found = run_rule(rule, ctx, ctx.inventory.units, ctx.baseline.id, False, None)
        assert found
        assert not [f for f in found if f.result.value not in ("INCOMPLETE", "FAIL")], kind


@pytest.mark.parametrize("rule", AZURE_RULES, ids=lambda r: r.id)
def test_the_page_is_whole(rule: Rule) -> None:
    module = sys.modules[rule.check.__module__]
    text = module.__doc__ or ""
    assert text.startswith(f"{rule.id}: {rule.title}.\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert {r.url for r in rule.references} == set(re.findall(r"^- (https://\S+)$", text, re.MULTILINE))
    assert len(rule.title) <= 100
    assert not re.search(r"\b(ensure|check)", rule.title, re.IGNORECASE)
    assert rule.family in FAMILIES
    assert set(rule.claims) <= set(range(62, 75))
    _, family, number = rule.id.split("-")
    assert module.__name__.rpartition(".")[2].startswith(f"{family.lower()}_{number}_")
    assert rule.cloud == "azure"


def test_the_registry_lists_every_rule_file() -> None:
    files = {
        p.stem for p in Path(sys.modules[AZURE_RULES[0].check.__module__].__file__ or "").parent.glob("[a-z]*_*.py")
    }
    files = {name for name in files if not name.startswith("revoked_")}
    assert files == {rule.check.__module__.rpartition(".")[2] for rule in AZURE_RULES}
    assert len(RULES) == len(AZURE_RULES)
