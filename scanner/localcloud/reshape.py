"""Documented statements in the shapes in which a vendor's controllers really write them: same access, other text.

Statements are merged and split, Sids renamed or left out, lists written as single values, letter case mixed where IAM
ignores it, and the whole cut into policies that AWS's size limits admit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from scanner.model.common import JsonObject

# Characters without white space.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (read 2026-11)
MANAGED_LIMIT = 6_144
INLINE_LIMIT = 10_240

_REALLY_WRITTEN = {"ec2:DeleteVpcEndpoint": "ec2:DeleteVpcEndpoints"}
"""What the page misprints; AWS knows the plural only."""
_FOLDED_KEYS = {"aws:ResourceTag/": "aws:resourceTag/", "iam:PassedToService": "iam:passedToService"}
"""Condition keys that are written in another case; AWS ignores it."""


class PageStatement(Protocol):
    """What is needed of a documented statement."""

    @property
    def sid(self) -> str: ...  # noqa: D102
    @property
    def effect(self) -> str: ...  # noqa: D102
    @property
    def actions(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def resources(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def conditions(self) -> JsonObject: ...  # noqa: D102


class PageManagedPolicy(Protocol):
    """What is needed of an AWS-managed policy that the page names."""

    @property
    def arn(self) -> str: ...  # noqa: D102
    @property
    def sids(self) -> tuple[str, ...]: ...  # noqa: D102


class PageRole(Protocol):
    """What is needed of a documented role, variables bound; `scanner.baseline`'s records fit."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def statements(self) -> Sequence[PageStatement]: ...  # noqa: D102
    @property
    def managed_policies(self) -> Sequence[PageManagedPolicy]: ...  # noqa: D102


class Grant(msgspec.Struct, frozen=True):
    """One statement on its way to another shape."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: JsonObject


def documents(role: PageRole, limit: int) -> list[JsonObject]:
    """Return the role's own grants as policy documents of at most `limit` characters each.

    Rows that an AWS-managed policy of the role carries are left out: that policy is attached instead.
    """
    by_aws = {sid for policy in role.managed_policies for sid in policy.sids}
    rows = [_grant(row) for row in role.statements if row.sid not in by_aws]
    written = [_written(grant, n) for n, grant in enumerate(_split(_merge(rows)))]
    return list(_packed(written, limit))


def length(document: Mapping[str, Any]) -> int:
    """Return the length AWS counts: no white space."""
    return len(json.dumps(document, separators=(",", ":")))


def _grant(row: PageStatement) -> Grant:
    if row.effect != "Allow":
        raise ValueError(f"statement {row.sid} is not an Allow: this account writer knows no other")
    return Grant(tuple(_REALLY_WRITTEN.get(a, a) for a in row.actions), row.resources, row.conditions)


def _merge(rows: Sequence[Grant]) -> list[Grant]:
    """Return the rows, up to four that differ in nothing but their actions made one."""
    merged: list[Grant] = []
    room: dict[str, tuple[int, int]] = {}
    for row in rows:
        key = json.dumps([sorted(row.resources), row.conditions], sort_keys=True)
        place, used = room.get(key, (-1, 4))
        if used < 4:
            merged[place] = Grant(_once((*merged[place].actions, *row.actions)), row.resources, row.conditions)
            room[key] = (place, used + 1)
        else:
            room[key] = (len(merged), 1)
            merged.append(row)
    return merged


def _split(grants: Iterable[Grant]) -> Iterator[Grant]:
    """Yield the grants; every third in two halves, by its resources if it has several, else by its actions."""
    for n, grant in enumerate(grants):
        if n % 3 == 1 and len(grant.resources) > 1:
            for part in (grant.resources[1:], grant.resources[:1]):
                yield msgspec.structs.replace(grant, resources=part)
        elif n % 3 == 1 and len(grant.actions) > 1:
            half = len(grant.actions) // 2
            for actions in (grant.actions[half:], grant.actions[: half + 1]):
                yield msgspec.structs.replace(grant, actions=actions)
        else:
            yield grant


def _written(grant: Grant, n: int) -> JsonObject:
    """Return the statement's JSON in the n-th handwriting."""
    actions = [_spelled(action, n + i) for i, action in enumerate(sorted(grant.actions, reverse=n % 2 == 1))]
    statement: JsonObject = {} if n % 3 == 2 else {"Sid": f"Grant{n}"}
    statement["Effect"] = "Allow"
    statement["Action"] = actions[0] if len(actions) == 1 else actions
    statement["Resource"] = grant.resources[0] if len(grant.resources) == 1 and n % 2 == 0 else list(grant.resources)
    if grant.conditions:
        statement["Condition"] = {
            operator: {_key(key): values[0] if len(values) == 1 else values for key, values in block.items()}
            for operator, block in grant.conditions.items()
        }
    return statement


def _spelled(action: str, n: int) -> str:
    service, _, name = action.partition(":")
    match n % 9:
        case 4:
            return f"{service.upper()}:{name}"
        case 7:
            return f"{service}:{name[0].lower()}{name[1:]}"
    return action


def _key(key: str) -> str:
    for start, folded in _FOLDED_KEYS.items():
        if key.startswith(start):
            return folded + key[len(start) :]
    return key


def _packed(statements: Iterable[JsonObject], limit: int) -> Iterator[JsonObject]:
    current: list[JsonObject] = []
    for statement in statements:
        if current and length(_document([*current, statement])) > limit:
            yield _document(current)
            current = []
        current.append(statement)
    if current:
        yield _document(current)


def _document(statements: list[JsonObject]) -> JsonObject:
    return {"Version": "2012-10-17", "Statement": statements}


def _once(actions: Iterable[str]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for action in actions:
        seen.setdefault(action.lower(), action)
    return tuple(seen.values())
