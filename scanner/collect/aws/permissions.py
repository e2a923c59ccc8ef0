"""The least-privilege IAM policy a reader needs, generated from the list of calls."""

from __future__ import annotations

from scanner.collect.aws.allowlist import READ_ONLY_CALLS, TIERS, ReadOnlyCall, Tier
from scanner.model.common import JsonObject


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
