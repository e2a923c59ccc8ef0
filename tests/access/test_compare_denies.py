"""A Deny on both sides: what the documents forbid and live does not is beyond, however either of them is written."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from scanner.access.compare import compare
from scanner.access.evaluator.authorize import allows
from scanner.access.records import NamedDocument

Policy = dict[str, Any]
ROLE = "arn:aws:iam::111122223333:role/"
TEAM = {"StringEquals": {"aws:PrincipalTag/team": "a"}}
SECURE = {"Bool": {"aws:SecureTransport": "false"}}
CONTEXTS = [
    {"aws:SecureTransport": secure, **team}
    for secure in ("true", "false")
    for team in ({}, {"aws:PrincipalTag/team": "a"}, {"aws:PrincipalTag/team": "b"})
]
ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:PassRole")
RESOURCES = ("arn:aws:s3:::a/x", "arn:aws:s3:::b/x")
ELEMENTS = [
    ({action: [a], resource: [r]}, condition)
    for action, resource in itertools.product(("Action", "NotAction"), ("Resource", "NotResource"))
    for a, r in itertools.product(("s3:GetObject", "s3:*"), ("arn:aws:s3:::a/*", "arn:aws:s3:::*"))
    for condition in ({}, TEAM, {**TEAM, **SECURE})
]
DENIES: list[Policy] = [
    {"Effect": "Deny", **elements, **({"Condition": condition} if condition else {})}
    for elements, condition in ELEMENTS
]
PAIRS = list(itertools.product(range(len(DENIES)), repeat=2))
ALL: Policy = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def body(*statements: Policy) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def escapes(live: Policy, documented: Policy, kind: str, principals: tuple[str | None, ...]) -> bool:
    """Return whether some request of a small universe is allowed live and not documented."""
    requests = (
        {"principal": p, "action": a, "resource": r, "context": c}
        for p, a, r, c in itertools.product(principals, ACTIONS, RESOURCES, CONTEXTS)
    )
    return any(
        allows([live], request, kind=kind) is True and allows([documented], request, kind=kind) is False
        for request in requests
    )


def check(live: Policy, documented: Policy, kind: str, principals: tuple[str | None, ...]) -> bool:
    """Compare, hold the answer to the universe, and return whether something is beyond."""
    result = compare([NamedDocument("live", live)], [NamedDocument("page", documented)], kind=kind)
    beyond = escapes(live, documented, kind, principals)
    assert not (beyond and result.contained), (live, documented)
    assert not beyond or result.excess or result.undecided
    for piece in result.excess:
        assert allows([live], piece.witness, kind=kind) is True
        assert allows([documented], piece.witness, kind=kind) is False
    return bool(result.excess)


@pytest.mark.parametrize("part", range(8))
def test_what_only_the_documents_deny_is_beyond(part: int) -> None:
    pairs = [*random.Random(part).sample(PAIRS, 30), (part, part)]
    found = {
        check(body(ALL, DENIES[own]), body(ALL, DENIES[theirs]), "identity", (None,)) for own, theirs in pairs
    }
    assert found == {True, False}


@pytest.mark.parametrize("own", [None, "a", "b", "*"])
@pytest.mark.parametrize("theirs", ["a", "b", "*"])
def test_a_deny_for_one_caller_is_none_for_another(own: str | None, theirs: str) -> None:
    def denied(name: str | None) -> list[Policy]:
        who = {"AWS": ROLE + name} if name and name != "*" else "*"
        return [{**ALL, "Effect": "Deny", "Action": "s3:*", "Principal": who}] if name else []

    allow = {**ALL, "Principal": {"AWS": [ROLE + "a", ROLE + "b"]}}
    callers = (ROLE + "a", ROLE + "b")
    beyond = check(body(allow, *denied(own)), body(allow, *denied(theirs)), "resource", callers)
    assert beyond == (own not in (theirs, "*"))


@pytest.mark.parametrize("condition", [{}, TEAM])
@pytest.mark.parametrize("resource", ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::*"])
def test_a_live_deny_takes_away_only_where_its_condition_holds(resource: str, condition: Policy) -> None:
    denied = {**ALL, "Effect": "Deny", "Action": "s3:*", "Resource": resource, "Condition": condition}
    live = body({**ALL, "Action": "s3:*", "Resource": ["arn:aws:s3:::a/*"]}, denied)
    assert check(live, body({**ALL, "Action": "iam:*"}), "identity", (None,)) == bool(condition)
    for action in ("s3:*", "s3:Get*", "s3:GetObject"):
        one = {**denied, "Action": action}
        wide = body({**ALL, "Action": "s3:Get*", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]}, one)
        documented = body({**ALL, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
        all_gone = not condition and action != "s3:GetObject" and resource != "arn:aws:s3:::a/*"
        assert check(wide, documented, "identity", (None,)) == (not all_gone)
