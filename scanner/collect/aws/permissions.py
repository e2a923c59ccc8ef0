"""The least-privilege IAM policy a reader needs, generated from the list of calls, and what each tier buys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec

from scanner.collect.aws.allowlist import READ_ONLY_CALLS, TIERS, ReadOnlyCall, Tier
from scanner.model.common import JsonObject


class NeedsUnits(Protocol):
    """What this module needs to know of a rule."""

    @property
    def id(self) -> str:
        """Return the rule's id."""
        ...

    @property
    def requires(self) -> tuple[str, ...]:
        """Return the kinds of units without which the rule gives no verdict."""
        ...

    @property
    def supplementary(self) -> tuple[str, ...]:
        """Return the kinds of units without which the rule cannot pass."""
        ...


class RuleAccess(msgspec.Struct, frozen=True):
    """What a tier lets one rule see."""

    rule_id: str
    bought: bool
    """Every unit the rule asks for can be read to the end."""
    missing: tuple[str, ...]
    """Kinds of units that need a higher tier."""


def calls_of(tier: Tier) -> tuple[ReadOnlyCall, ...]:
    """Return the calls of a tier and of those below it, in list order."""
    included = TIERS[: TIERS.index(tier) + 1]
    return tuple(call for call in READ_ONLY_CALLS if call.tier in included)


def aws_policy(tier: Tier, *, partition: str = "aws") -> JsonObject:
    """Return the IAM policy that allows exactly the calls of a tier; one statement per resource, actions sorted."""
    actions: dict[str, set[str]] = {}
    for call in calls_of(tier):
        actions.setdefault(call.resource.format(partition=partition), set()).update(call.iam_actions)
    statements = [
        {"Sid": _sid(resource), "Effect": "Allow", "Action": sorted(names), "Resource": resource}
        for resource, names in sorted(actions.items())
        if names
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _sid(resource: str) -> str:
    """Return a name of letters and digits, as IAM asks for, that says what is read."""
    words = "".join(char if char.isalnum() else " " for char in resource.split(":", 5)[-1]).split()
    service = resource.split(":")[2] if ":" in resource else "account"
    return "Read" + "".join(word[:1].upper() + word[1:] for word in (service, *words))


def unit_kinds(tier: Tier) -> frozenset[str]:
    """Return the kinds of units that a tier can read to the end: those all of whose calls it includes."""
    beyond = {call.kind for call in READ_ONLY_CALLS if call not in calls_of(tier)}
    return frozenset(call.kind for call in calls_of(tier)) - beyond


def rules_bought(tier: Tier, rules: Iterable[NeedsUnits]) -> tuple[RuleAccess, ...]:
    """Return what a tier lets each rule see, in the order of `rules`."""
    readable = unit_kinds(tier)
    found = []
    for rule in rules:
        missing = tuple(kind for kind in (*rule.requires, *rule.supplementary) if kind not in readable)
        found.append(RuleAccess(rule_id=rule.id, bought=not missing, missing=missing))
    return tuple(found)
