"""The rules' own pages and the registry: headings, ids, titles, references, families."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from scanner.model.finding import Axis
from scanner.rules.base import Rule
from scanner.rules.registry import ACTIVITY_RULES, ALL_RULES

HEADINGS = ["What it checks", "Why it matters", "Remediation", "Limits", "References"]
FAMILIES = {
    *("activity", "excess", "undocumented-identity", "external-id", "passrole", "escalation", "wildcard"),
    *("secrets", "stale", "revocation", "completeness", "drift"),
}
AWS_RULES = (*ALL_RULES, *ACTIVITY_RULES)
RULE_FILES = Path(sys.modules[AWS_RULES[0].check.__module__].__file__ or "").parent


def page(rule: Rule) -> str:
    return sys.modules[rule.check.__module__].__doc__ or ""


@pytest.mark.parametrize("rule", AWS_RULES, ids=lambda r: r.id)
def test_the_page_has_its_headings_in_order_and_text_under_each(rule: Rule) -> None:
    text = page(rule)
    assert text.startswith(f"{rule.id}: {rule.title}.\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    for body in re.split(r"^## .+\n", text, flags=re.MULTILINE)[1:]:
        assert len(body.strip()) > 20


@pytest.mark.parametrize("rule", AWS_RULES, ids=lambda r: r.id)
def test_the_title_states_the_compliant_state_in_a_hundred_characters(rule: Rule) -> None:
    assert len(rule.title) <= 100
    assert not re.search(r"\b(ensure|check)", rule.title, re.IGNORECASE)


@pytest.mark.parametrize("rule", AWS_RULES, ids=lambda r: r.id)
def test_references_are_https_and_stand_on_the_page(rule: Rule) -> None:
    assert rule.references
    printed = re.findall(r"^- (\S+)$", page(rule), re.MULTILINE)
    assert all(url.startswith("https://") for url in printed)
    assert {r.url for r in rule.references} == set(printed)


@pytest.mark.parametrize("rule", AWS_RULES, ids=lambda r: r.id)
def test_every_rule_says_who_mends_it_and_for_which_claims(rule: Rule) -> None:
    assert rule.family in FAMILIES
    assert rule.remediation.owner in ("customer", "porter")
    assert rule.remediation.summary
    assert rule.requires
    assert rule.claims or rule.axis is Axis.COVERAGE
    assert all(1 <= claim <= 90 for claim in rule.claims)


def test_ids_are_unique_and_well_formed() -> None:
    ids = [rule.id for rule in AWS_RULES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"AWS-[A-Z]+-\d{3}", name) for name in ids)


def test_the_registry_lists_every_rule_file() -> None:
    files = {path.stem for path in RULE_FILES.glob("*_[0-9][0-9][0-9]_*.py") if not path.stem.startswith("revoked_")}
    assert files == {rule.check.__module__.rpartition(".")[2] for rule in AWS_RULES}


def test_a_rule_file_is_named_for_its_id() -> None:
    for rule in AWS_RULES:
        _, family, number = rule.id.split("-")
        assert rule.check.__module__.rpartition(".")[2].startswith(f"{family.lower()}_{number}_")
