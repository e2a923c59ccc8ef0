"""Where AWS leaves a meaning open, nothing is called impossible or contained for it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from scanner.access.clause import parse_conditions
from scanner.access.compare import compare
from scanner.access.records import NamedDocument
from scanner.access.solve import solve

Policy = dict[str, Any]


def document(**statement: object) -> list[NamedDocument]:
    body = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    return [NamedDocument("policy", {"Version": "2012-10-17", "Statement": [body]})]


@pytest.mark.parametrize(
    ("key_type", "block"),
    [
        ("ArrayOfString", {"StringEquals": {"k:a": "a"}, "StringLike": {"k:a": "b*"}}),
        ("ArrayOfString", {"StringEquals": {"k:a": "a"}, "ForAnyValue:StringEquals": {"k:a": "b"}}),
        ("String", {"NumericEquals": {"k:a": "1000"}, "StringLike": {"k:a": "1e*"}}),
        ("String", {"ArnLike": {"k:a": "arn:aws:s3*"}, "StringEquals": {"k:a": "nothing like it"}}),
        ("String", {"StringEqualsIgnoreCase": {"k:a": "ß"}, "StringEquals": {"k:a": "SS"}}),
        ("String", {"StringEquals": {"k:a": "${aws:username}"}, "StringLike": {"k:a": "a*"}}),
    ],
)
def test_what_has_no_documented_meaning_is_not_called_impossible(key_type: str, block: Policy) -> None:
    clauses = frozenset(parse_conditions(block, "test", variables=True))
    assert solve(clauses, [], lambda _: key_type).outcome != "none"


ODD_ACTIONS, ODD_RESOURCES = ("s*:GetObject", "?3:GetObject"), ("arn:aws:s3*", "*example*", "arn:*")


@pytest.mark.parametrize(("action", "resource"), list(itertools.product(ODD_ACTIONS, ODD_RESOURCES)))
def test_an_odd_action_on_an_odd_resource_is_not_nothing(action: str, resource: str) -> None:
    live = document(Action=action, Resource=resource)
    assert compare(live, document(Action="iam:GetRole")).contained is not True
    assert compare(live, live).verdict == "equal"
    assert compare(live, document(Action="*")).contained is True
    assert compare(document(), live).contained is not True
