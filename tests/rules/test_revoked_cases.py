"""Every rule of verify-revoked on its case files, on all clouds: what it must report, pass, and leave open."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.assess.runner import run_rule
from scanner.model.finding import Axis, Finding
from scanner.rules.base import Rule
from scanner.rules.registry_revoked import REVOKED_RULES

sys.path.insert(0, str(Path(__file__).resolve().parent))

import live_account
import live_project
import live_subscription

CASES = Path(__file__).resolve().parents[1] / "cases"
RULES = {rule.id: rule for rule in REVOKED_RULES}
QUIET = ("PASS", "NOT_APPLICABLE")
OPEN = ("INCOMPLETE", "MANUAL")
HEADINGS = ["What it checks", "Why it matters", "Remediation", "Limits", "References"]
Json = dict[str, Any]


def load(rule: str, kind: str = "*") -> list[Json]:
    files = sorted((CASES / rule).glob(f"{kind}_*.json"))
    return [{**case, "file": path.name} for path in files for case in json.loads(path.read_text())]


CASE_LIST = [(rule, case) for rule in RULES for case in load(rule)]


def _aws(case: Json) -> tuple[Any, Any]:
    return live_account.context(case), live_account.units(case)


def _azure(case: Json) -> tuple[Any, Any]:
    ctx = live_subscription.context(case)
    return ctx, ctx.inventory.units


CONTEXTS: dict[str, Callable[[Json], tuple[Any, Any]]] = {"aws": _aws, "gcp": live_project.context, "azure": _azure}


def judged(rule: Rule, case: Json) -> list[Finding]:
    errors: list[Exception] = []
    ctx, units = CONTEXTS[rule.cloud](case)
    findings = run_rule(rule, ctx, units, ctx.baseline.id, False, lambda _, error: errors.append(error))
    assert not errors, errors
    return findings


def words(finding: Finding) -> str:
    steps = (*finding.remediation.steps, finding.remediation.cli or "") if finding.remediation else ()
    return " ".join((finding.message, finding.reason_code, *steps))


def answers(finding: Finding, expected: Json) -> bool:
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
def test_the_rule_says_what_the_case_expects_and_nothing_else(rule_id: str, case: Json) -> None:
    findings = judged(RULES[rule_id], case)
    for expected in case["expected"]:
        matching = [f for f in findings if answers(f, expected)]
        assert len(matching) == 1, f"{expected} matches {len(matching)} of:\n{shown(findings)}"
    loud = [f for f in findings if f.result.value not in QUIET and not any(answers(f, e) for e in case["expected"])]
    assert not loud, f"not expected:\n{shown(loud)}"


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_has_bad_good_and_incomplete_cases(rule_id: str) -> None:
    results = {
        kind: {e["result"] for case in load(rule_id, kind) for e in case["expected"]}
        for kind in ("bad", "good", "incomplete")
    }
    # What only looks like the vendor's never counts against "nothing is left".
    assert ("MANUAL" if RULES[rule_id].axis is Axis.POSTURE else "FAIL") in results["bad"]
    assert results["good"] == {"PASS"}
    assert "INCOMPLETE" in results["incomplete"]
    assert results["incomplete"] <= set(OPEN)


@pytest.mark.parametrize("rule_id", RULES)
def test_nothing_that_a_rule_needs_may_be_unread_in_a_pass(rule_id: str) -> None:
    rule = RULES[rule_id]
    for kind in rule.requires:
        findings = judged(rule, {"start": "empty", "units": {kind: "denied"}})
        assert {f.result.value for f in findings} == {"INCOMPLETE"}, kind
        assert all(f.requires_units for f in findings)


@pytest.mark.parametrize("rule_id", RULES)
def test_what_is_left_is_shown_with_evidence_and_the_commands_that_remove_it(rule_id: str) -> None:
    for case in load(rule_id, "bad"):
        for finding in judged(RULES[rule_id], case):
            assert finding.evidence
            if finding.result.value == "FAIL":
                assert finding.remediation is not None
                assert finding.remediation.cli
                assert finding.remediation.cli not in finding.remediation.steps
                assert finding.remediation.cli.split()[0] in ("aws", "gcloud", "az")


@pytest.mark.parametrize("rule_id", ["AWS-REVOKED-001"])
def test_the_caller_of_an_example_request_is_the_one_that_its_principal_arn_names(rule_id: str) -> None:
    shown = [f.witness for case in load(rule_id, "bad") for f in judged(RULES[rule_id], case) if f.witness]
    callers = [(w.principal, w.context["aws:PrincipalArn"]) for w in shown if "aws:PrincipalArn" in w.context]
    assert callers
    assert [caller for caller, arn in callers if caller != arn] == []


@pytest.mark.parametrize("rule", REVOKED_RULES, ids=lambda r: r.id)
def test_the_page_of_a_rule_is_complete(rule: Rule) -> None:
    text = sys.modules[rule.check.__module__].__doc__ or ""
    assert text.startswith(f"{rule.id}: {rule.title}.\n")
    assert len(rule.title) <= 100
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert {r.url for r in rule.references} == set(re.findall(r"^- (\S+)$", text, re.MULTILINE))
    assert rule.claims
    assert rule.family == "revocation"
    assert not rule.supplementary, "whatever is looked at is needed before nothing can be said to be left"
    assert re.fullmatch(rf"{rule.cloud.upper()}-REVOKED-\d{{3}}", rule.id)
    number = rule.id.rpartition("-")[2]
    assert rule.check.__module__.rpartition(".")[2].startswith(f"revoked_{number}_")


def test_the_registry_lists_every_rule_file_once() -> None:
    folder = Path(sys.modules[REVOKED_RULES[0].check.__module__].__file__ or "").parents[1]
    files = sorted(f"{path.parent.name}.{path.stem}" for path in folder.glob("*/revoked_[0-9][0-9][0-9]_*.py"))
    listed = [".".join(rule.check.__module__.rsplit(".", 2)[1:]) for rule in REVOKED_RULES]
    assert sorted(listed) == files


def test_commands_quote_what_the_account_calls_its_things() -> None:
    name = "porter-s3-$(reboot)"
    case: Json = {"roles": {name: {"tags": {"porter.run/managed": "true"}}}}
    found = [f for f in judged(RULES["AWS-REVOKED-002"], case) if f.result.value == "FAIL"]
    assert [f.remediation.cli for f in found if f.remediation] == [f"aws iam delete-role --role-name '{name}'"]


def test_a_role_is_taken_apart_before_it_is_deleted() -> None:
    case: Json = {"start": "documented", "roles": {"porter-node-manager": {"profiles": ["porter-node-manager"]}}}
    found = next(f for f in judged(RULES["AWS-REVOKED-002"], case) if f.subject.name == "porter-node-manager")
    assert found.remediation is not None
    verbs = [step.split()[2] for step in (*found.remediation.steps, found.remediation.cli or "")]
    assert verbs == [
        "delete-role-policy",
        *["detach-role-policy"] * 6,
        "remove-role-from-instance-profile",
        "delete-role",
    ]
