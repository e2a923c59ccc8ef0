"""The read-only policy a scan needs, and what each tier of it buys."""

from __future__ import annotations

import msgspec

from scanner.collect.aws.allowlist import READ_ONLY_CALLS, TIERS, Tier
from scanner.collect.aws.permissions import aws_policy
from scanner.errors import UsageError
from scanner.rules.base import Rule
from scanner.rules.registry_all import rules_of


class TierLine(msgspec.Struct, frozen=True):
    """What a tier adds to those before it."""

    tier: str
    rules: tuple[str, ...]
    """Ids of the rules that can give a verdict from this tier on."""


def known_tier(tier: str) -> Tier:
    """Return the tier of that name; raises `UsageError`."""
    known = next((t for t in TIERS if t == tier), None)
    if known is None:
        raise UsageError(f"there is no tier `{tier}`", advice=f"tiers: {', '.join(TIERS)}")
    return known


def policy_json(tier: str, *, partition: str = "aws") -> str:
    """Return the IAM policy of a tier as indented JSON, ready for `aws iam create-policy`; raises `UsageError`."""
    policy = msgspec.json.encode(aws_policy(known_tier(tier), partition=partition))
    return msgspec.json.format(policy, indent=2).decode() + "\n"


def tier_lines() -> tuple[TierLine, ...]:
    """Return each tier with the rules it buys, in order of the tiers."""
    needs = {rule.id: _tier_of(rule) for rule in rules_of("aws")}
    return tuple(TierLine(tier, tuple(id_ for id_, need in needs.items() if need == tier)) for tier in TIERS)


def _tier_of(rule: Rule) -> Tier:
    """Return the lowest tier with which every unit the rule requires can be read."""
    calls = [call.tier for call in READ_ONLY_CALLS if call.kind in rule.requires]
    return max(calls, key=TIERS.index, default=TIERS[0])
