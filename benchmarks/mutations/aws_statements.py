"""What can be widened in one Allow statement of a permissions policy: its actions and resources."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mutations.aws_state import as_list
from scanner.access.catalogue import Catalogue
from scanner.model.common import JsonObject

Change = tuple[str, str, list[JsonObject]]
"""Name of the kind, where, and the statements that take the place of the one."""

# Actions that no documented role of the vendor has, of services that it uses and of one that it does not.
UNDOCUMENTED_ACTIONS = (
    "iam:CreateAccessKey",
    "organizations:LeaveOrganization",
    "s3:PutBucketAcl",
    "dynamodb:GetItem",
    "ec2:ModifyInstanceAttribute",
    "sts:AssumeRole",
)
OTHER_RESOURCES = ("arn:aws:s3:::customer-backups/*", "arn:aws:iam::*:role/customer-*")


def action_changes(statement: JsonObject, catalogue: Catalogue) -> Iterator[Change]:
    """Yield the statement with actions added and widened, at every action."""
    if "Action" not in statement:
        return
    actions = as_list(statement["Action"])
    yield from _added(statement, actions, catalogue)
    for at, action in enumerate(actions):
        rest = actions[:at] + actions[at + 1 :]
        for kind, wider in _wider_actions(action):
            yield kind, f"{action} -> {wider}", [{**statement, "Action": [*rest, wider]}]
    for service in sorted({a.partition(":")[0].lower() for a in actions if ":" in a}):
        if f"{service}:*" not in [a.lower() for a in actions]:
            yield "service wildcard", f"{service}:*", [{**statement, "Action": [*actions, f"{service}:*"]}]
    yield "every action", "*", [{**statement, "Action": "*"}]
    yield "every action", "*:*", [{**statement, "Action": [*actions, "*:*"]}]
    others = {k: v for k, v in statement.items() if k != "Action"}
    yield "NotAction", "all but IAM", [{**others, "NotAction": ["iam:*", "organizations:*"]}]
    yield "NotAction", "all but what it had", [statement, {**others, "NotAction": actions}]


def _added(statement: JsonObject, actions: list[str], catalogue: Catalogue) -> Iterator[Change]:
    for action in UNDOCUMENTED_ACTIONS:
        yield "action added", action, [{**statement, "Action": [*actions, action]}]
    had = {a.lower() for a in actions}
    for service in sorted({a.partition(":")[0].lower() for a in actions}):
        names = [n for n in catalogue.actions(service) if f"{service}:{n}".lower() not in had]
        for name in names[:: max(1, len(names) // 2)][:2]:
            yield "action added", f"{service}:{name}", [{**statement, "Action": [*actions, f"{service}:{name}"]}]
        coming = f"{service}:PublishedTomorrow"
        yield "unpublished action added", coming, [{**statement, "Action": [*actions, coming]}]


def _wider_actions(action: str) -> Iterator[tuple[str, str]]:
    service, _, name = action.partition(":")
    if not name or name == "*":
        return
    if not name.endswith("*"):
        yield "action made a prefix", f"{action}*"
        yield "question mark in an action", f"{action[:-1]}?"
    words = re.findall("[A-Z][a-z0-9]*|[a-z0-9]+|[*]", name)
    if len(words) > 1 and words[0] != "*":
        yield "wildcard widened", f"{service}:{words[0]}*"
        yield "wildcard at the front", f"{service}:*{words[-1]}" if words[-1] != "*" else f"{service}:*{words[-2]}*"


def resource_changes(statement: JsonObject) -> Iterator[Change]:
    """Yield the statement with resources added and widened, at every resource."""
    if "Resource" not in statement:
        return
    resources = as_list(statement["Resource"])
    others = {k: v for k, v in statement.items() if k != "Resource"}
    if "*" in resources:
        return
    yield "resource widened to all", "*", [{**statement, "Resource": "*"}]
    for added in OTHER_RESOURCES:
        yield "resource added", added, [{**statement, "Resource": [*resources, added]}]
    yield "NotResource", "all but the customer's", [{**others, "NotResource": ["arn:aws:s3:::customer-*"]}]
    yield "NotResource", "all but what it had", [statement, {**others, "NotResource": resources}]
    for at, resource in enumerate(resources):
        rest = resources[:at] + resources[at + 1 :]
        for wider in _wider_resources(resource):
            yield "resource widened", f"{resource} -> {wider}", [{**statement, "Resource": [*rest, wider]}]


def _wider_resources(resource: str) -> Iterator[str]:
    parts = resource.split(":", 5)
    if len(parts) != 6:
        return
    head, last = ":".join(parts[:5]), parts[5]
    if last != "*":
        yield f"{head}:*"
    for cut in sorted({i for i, c in enumerate(last) if c in "/:-"}):
        if f"{last[: cut + 1]}*" != last:
            yield f"{head}:{last[: cut + 1]}*"
    if not last.endswith("*"):
        yield f"{resource}*"
        yield f"{resource[:-1]}?"
    if parts[4].isdigit():
        yield ":".join((*parts[:4], "*", last))
        yield ":".join((*parts[:4], "?" * 12, last))
    if parts[1] == "aws":
        yield ":".join(("arn", "aws*", *parts[2:]))
    if parts[2] not in ("*",):
        yield ":".join((*parts[:2], "*", *parts[3:]))
