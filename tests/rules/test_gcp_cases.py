"""Every GCP rule on its case files: what it must say of a bad, a good and an unreadable project, and no more."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.app.catalogue import load_catalogue
from scanner.assess.runner import Terms, run_rule
from scanner.engine_gcp import evaluate_gcp
from scanner.model.finding import Finding
from scanner.model.kinds_gcp import GCP_UNIT_KINDS
from scanner.rules.base import Rule
from scanner.rules.registry_gcp import GCP_RULES

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_project import context

CASES = Path(__file__).resolve().parents[1] / "cases"
RULES = {rule.id: rule for rule in GCP_RULES}
QUIET = ("PASS", "NOT_APPLICABLE")
HEADINGS = ["What it checks", "Why it matters", "Remediation", "Limits", "References"]


def load(rule: str, kind: str = "*") -> list[dict[str, Any]]:
    files = sorted((CASES / rule).glob(f"{kind}_*.json"))
    return [{**case, "file": path.name} for path in files for case in json.loads(path.read_text())]


CASE_LIST = [(rule, case) for rule in RULES for case in load(rule)]


def words(finding: Finding) -> str:
    parts = [finding.message, finding.reason_code]
    if finding.witness:
        parts += [finding.witness.principal or "", finding.witness.action, finding.witness.resource]
        parts += finding.witness.path
    return " ".join(parts)


def answers(finding: Finding, expected: dict[str, Any]) -> bool:
    fragments = expected.get("says", [])
    return (
        finding.subject.name == expected["subject"]
        and finding.result.value == expected["result"]
        and finding.discriminator == expected.get("discriminator", finding.discriminator)
        and finding.severity.value == expected.get("severity", finding.severity.value)
        and all(f in words(finding) for f in ([fragments] if isinstance(fragments, str) else fragments))
    )


def judged(rule: Rule, case: dict[str, Any]) -> list[Finding]:
    errors: list[Exception] = []
    ctx, units = context(case)
    findings = run_rule(rule, ctx, units, ctx.baseline.id, False, lambda _, error: errors.append(error))
    assert not errors, errors
    return findings


def shown(findings: list[Finding]) -> str:
    return "\n".join(
        f"{f.subject.name} | {f.result.value} | {f.discriminator} | {f.severity.value} | {words(f)}" for f in findings
    )


@pytest.mark.parametrize(
    ("rule_id", "case"), CASE_LIST, ids=[f"{r}-{c['file'][:-5]}-{c['name']}" for r, c in CASE_LIST]
)
def test_the_rule_says_what_the_case_expects_and_nothing_else(rule_id: str, case: dict[str, Any]) -> None:
    findings = judged(RULES[rule_id], case)
    for expected in case["expected"]:
        matching = [f for f in findings if answers(f, expected)]
        assert len(matching) == 1, f"{expected} matches {len(matching)} of:\n{shown(findings)}"
    unexpected = [f for f in findings if f.result.value not in QUIET]
    unexpected = [f for f in unexpected if not any(answers(f, e) for e in case["expected"])]
    assert case.get("others") or not unexpected, f"not expected:\n{shown(unexpected)}"


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_has_bad_good_and_incomplete_cases(rule_id: str) -> None:
    results = {
        kind: {e["result"] for case in load(rule_id, kind) for e in case["expected"]}
        for kind in ("bad", "good", "incomplete")
    }
    assert "FAIL" in results["bad"], "no bad case"
    assert results["good"] & {"PASS", "NOT_APPLICABLE"}, "no good case"
    assert results["incomplete"] & {"INCOMPLETE", "MANUAL"}, "no incomplete case"
    assert not results["good"] & {"FAIL", "ERROR"}


@pytest.mark.parametrize("start", ["keyed", "federated"])
@pytest.mark.parametrize("rule_id", RULES)
def test_a_needed_unit_that_is_unread_never_leaves_a_pass(rule_id: str, start: str) -> None:
    rule = RULES[rule_id]
    for kind in (*rule.requires, *rule.supplementary):
        findings = judged(rule, {"start": start, "units": {kind: "denied"}})
        assert findings
        assert [f for f in findings if f.result.value == "PASS"] == []


@pytest.mark.parametrize("start", ["keyed", "federated"])
def test_conformance_is_silent_on_the_documented_project(start: str) -> None:
    for rule in GCP_RULES:
        for finding in judged(rule, {"start": start, "presence": "expected"}):
            if rule.axis.value == "conformance":
                assert finding.result.value in QUIET, finding
            else:
                assert finding.result.value not in ("INCOMPLETE", "ERROR", "MANUAL"), finding
            assert finding.evidence


@pytest.mark.parametrize("rule_id", RULES)
def test_a_project_without_porter_gets_quiet_answers(rule_id: str) -> None:
    assert [f for f in judged(RULES[rule_id], {"start": "empty"}) if f.result.value not in QUIET] == []


def test_the_same_project_gives_the_same_findings() -> None:
    for rule in GCP_RULES:
        assert judged(rule, {"start": "federated"}) == judged(rule, {"start": "federated"})


def test_hostile_names_stay_on_one_line_and_in_quotes() -> None:
    role = "projects/porter-demo-project/roles/\u202eevil\n`rm`"
    do = [
        {"op": "define_role", "name": role, "permissions": ["bigquery.tables.getData"]},
        {"op": "bind", "role": role, "member": "PORTER"},
        {"op": "bind_account", "account": "PORTER", "role": "roles/owner", "member": "user:\u202e\n`x`"},
    ]
    for rule in GCP_RULES:
        for finding in judged(rule, {"start": "keyed", "do": do}):
            assert finding.result.value != "ERROR", finding.message
            assert "\n" not in finding.message
            assert "\u202e" not in finding.message


@pytest.mark.parametrize("rule", GCP_RULES, ids=lambda r: r.id)
def test_the_page_of_a_rule_is_complete(rule: Rule) -> None:
    text = sys.modules[rule.check.__module__].__doc__ or ""
    assert text.startswith(f"{rule.id}: {rule.title}.\n")
    assert len(rule.title) <= 100
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert {r.url for r in rule.references} == set(re.findall(r"^- (\S+)$", text, re.MULTILINE))
    assert rule.claims
    assert set(rule.requires) | set(rule.supplementary) <= {k.kind for k in GCP_UNIT_KINDS}
    assert re.fullmatch(r"GCP-[A-Z]+-\d{3}", rule.id)
    _, family, number = rule.id.split("-")
    assert rule.check.__module__.rpartition(".")[2].startswith(f"{family.lower()}_{number}_")


def test_the_registry_lists_every_rule_file() -> None:
    folder = Path(sys.modules[GCP_RULES[0].check.__module__].__file__ or "").parent
    files = {path.stem for path in folder.glob("*_[0-9][0-9][0-9]_*.py") if not path.stem.startswith("revoked_")}
    assert files == {rule.check.__module__.rpartition(".")[2] for rule in GCP_RULES}
    assert len({rule.id for rule in GCP_RULES}) == len(GCP_RULES)


def test_the_scope_result_holds_reviews_and_populations() -> None:
    ctx, units = context({"start": "keyed"})
    result = evaluate_gcp(ctx.project, ctx.inventory, ctx.baseline, Terms(ctx.as_of, load_catalogue()))
    assert [r.verdict for r in result.reviews] == ["equal"]
    assert {p.name for p in result.populations} >= {"service accounts", "user-managed keys"}
    assert units
