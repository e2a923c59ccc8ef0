"""What each tier of the published AWS policy buys: a rule stands in the lowest tier that reads all it requires."""

from __future__ import annotations

import pytest

from scanner.app.permissions.aws import policy_json, tier_lines
from scanner.collect.aws.allowlist import READ_ONLY_CALLS, TIERS
from scanner.errors import UsageError
from scanner.rules.registry_all import rules_of


def test_every_rule_stands_in_the_lowest_tier_that_reads_all_its_required_units() -> None:
    for rule in rules_of("aws"):
        (tier,) = [line.tier for line in tier_lines() if rule.id in line.rules]
        needed = [call.tier for call in READ_ONLY_CALLS if call.kind in rule.requires]
        assert TIERS.index(tier) == max((TIERS.index(need) for need in needed), default=0), rule.id


def test_rules_about_pods_need_more_than_those_about_roles() -> None:
    tiers = {rule: line.tier for line in tier_lines() for rule in line.rules}
    assert (tiers["AWS-PERM-001"], tiers["AWS-POD-001"]) == ("porter-only", "account")


def test_an_unknown_tier_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as refused:
        policy_json("everything")
    assert refused.value.advice == f"tiers: {', '.join(TIERS)}"
