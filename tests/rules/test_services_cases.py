"""Every rule on services' identities on its case files: what it must say of bad, good and unread input, and no more."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.model.finding import Finding
from scanner.model.kinds import AWS_UNIT_KINDS
from scanner.model.kinds_azure import AZURE_UNIT_KINDS
from scanner.model.kinds_gcp import GCP_UNIT_KINDS
from scanner.model.porter_yaml import PORTER_YAML
from scanner.rules.base import Rule
from scanner.rules.registry_services import SERVICES_RULES

sys.path.insert(0, str(Path(__file__).resolve().parent))

from live_services import judged

CASES = Path(__file__).resolve().parents[1] / "cases"
RULES = {rule.id: rule for rule in SERVICES_RULES}
QUIET = ("PASS", "NOT_APPLICABLE")
HEADINGS = ["What it checks", "Why it matters", "Remediation", "Limits", "References"]
KINDS = {k.kind for k in (*AWS_UNIT_KINDS, *AZURE_UNIT_KINDS, *GCP_UNIT_KINDS)} | {PORTER_YAML}


def load(rule: str, kind: str = "*") -> list[dict[str, Any]]:
    files = sorted((CASES / rule).glob(f"{kind}_*.json"))
    return [{**case, "file": path.name} for path in files for case in json.loads(path.read_text())]


CASE_LIST = [(rule, case) for rule in RULES for case in load(rule)]


def findings(rule: str, case: dict[str, Any]) -> tuple[Finding, ...]:
    return judged(case, (RULES[rule],)).findings


def answers(finding: Finding, expected: dict[str, Any]) -> bool:
    fragments = expected.get("says", [])
    words = f"{finding.message} {finding.reason_code}"
    return (
        finding.subject.name == expected["subject"]
        and finding.result.value == expected["result"]
        and finding.severity.value == expected.get("severity", finding.severity.value)
        and all(f in words for f in ([fragments] if isinstance(fragments, str) else fragments))
    )


def shown(found: tuple[Finding, ...] | list[Finding]) -> str:
    return "\n".join(f"{f.subject.name} | {f.result.value} | {f.severity.value} | {f.message}" for f in found)


@pytest.mark.parametrize(
    ("rule_id", "case"), CASE_LIST, ids=[f"{r}-{c['file'][:-5]}-{c['name']}" for r, c in CASE_LIST]
)
def test_the_rule_says_what_the_case_expects_and_nothing_else(rule_id: str, case: dict[str, Any]) -> None:
    found = findings(rule_id, case)
    for expected in case["expected"]:
        matching = [f for f in found if answers(f, expected)]
        assert len(matching) == 1, f"{expected} matches {len(matching)} of:\n{shown(found)}"
    unexpected = [f for f in found if f.result.value not in QUIET]
    unexpected = [f for f in unexpected if not any(answers(f, e) for e in case["expected"])]
    assert not unexpected, f"not expected:\n{shown(unexpected)}"


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_has_bad_good_and_incomplete_cases(rule_id: str) -> None:
    results = {
        kind: {e["result"] for case in load(rule_id, kind) for e in case["expected"]}
        for kind in ("bad", "good", "incomplete")
    }
    # An orphan is for a person: that Porter made it rests on names that are not documented.
    assert results["bad"] & ({"MANUAL"} if rule_id.endswith(("AWS-006", "AZURE-003", "GCP-003")) else {"FAIL"})
    assert "PASS" in results["good"], "no good case"
    assert results["incomplete"] & {"INCOMPLETE", "MANUAL"}, "no incomplete case"
    assert not results["good"] & {"FAIL", "ERROR", "MANUAL", "INCOMPLETE"}


@pytest.mark.parametrize("rule_id", RULES)
def test_a_needed_unit_that_is_unread_never_leaves_a_pass(rule_id: str) -> None:
    rule, cloud = RULES[rule_id], RULES[rule_id].cloud
    for kind in (*rule.requires, *rule.supplementary):
        for case in load(rule_id, "good"):
            if cloud == "files" or cloud not in case:
                # A file that cannot be read ends the run: its unit is never unread.
                continue
            unread = {**case, cloud: {**case[cloud], "units": {kind: "denied"}}}
            found = findings(rule_id, unread)
            assert found
            assert [f for f in found if f.result.value == "PASS"] == [], (kind, case["name"])
            open_ones = [f for f in found if f.result.value == "INCOMPLETE"]
            assert all(f.blocking for f in open_ones if kind in rule.requires)


@pytest.mark.parametrize("rule", SERVICES_RULES, ids=lambda r: r.id)
def test_the_page_of_a_rule_is_complete(rule: Rule) -> None:
    text = sys.modules[rule.check.__module__].__doc__ or ""
    assert text.startswith(f"{rule.id}: {rule.title}.\n")
    assert len(rule.title) <= 100
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert {r.url for r in rule.references} == set(re.findall(r"^- (\S+)$", text, re.MULTILINE))
    assert rule.services
    assert rule.claims
    assert all(75 <= claim <= 90 for claim in rule.claims)
    assert set(rule.requires) | set(rule.supplementary) <= KINDS
    _, family, number = rule.id.split("-")
    assert rule.check.__module__.rpartition(".")[2].startswith(f"{family.lower()}_{number}_")


def test_the_registry_lists_every_rule_file() -> None:
    folder = Path(sys.modules[SERVICES_RULES[0].check.__module__].__file__ or "").parent
    files = {path.stem for path in folder.glob("*_[0-9][0-9][0-9]_*.py")}
    assert files == {rule.check.__module__.rpartition(".")[2] for rule in SERVICES_RULES}
    assert len({rule.id for rule in SERVICES_RULES}) == len(SERVICES_RULES)


def test_every_claim_on_services_has_a_rule() -> None:
    assert {claim for rule in SERVICES_RULES for claim in rule.claims} == set(range(75, 91))


def test_the_same_input_gives_the_same_findings() -> None:
    for rule in RULES:
        for case in load(rule, "bad"):
            assert findings(rule, case) == findings(rule, case)


def test_hostile_names_stay_on_one_line_and_in_quotes() -> None:
    """Names in a file and in a cloud are somebody else's text."""
    service = "api\u202e\n`rm`"
    text = json.dumps(
        {
            "name": "\u202eapp\n`x`",
            "env": {"AWS_ACCESS_KEY_ID": "x", "\n`y`": "z"},
            "services": [
                {"name": service, "connections": [{"type": "awsRole", "role": "orders-api"}, {"type": "\n`z`"}]}
            ],
        }
    )
    case = {
        "files": {"dir\n`a`/porter.yaml": text},
        "aws": {
            "roles": {"orders-api": {"add_statement": {"Sid": "\n`s`\u202e", "Action": "*", "Resource": "*"}}},
            "associations": [
                {"pod": "n\n`s`/a\u202e", "role": "orders-api", "cluster": "\n`c`"},
                {"pod": "x/\n`y`", "role": "z"},
            ],
        },
    }
    found = judged(case).findings
    assert any(f.result.value == "FAIL" for f in found)
    for finding in found:
        assert "\n" not in finding.message
        assert "\u202e" not in finding.message
        assert finding.message.count("`") % 2 == 0, finding.message
