"""Conditions written as prose."""

from __future__ import annotations

import pytest

from scanner.app.catalogue import load_catalogue
from scanner.baseline.condition_text import ConditionText, parse_conditions

CATALOGUE = load_catalogue()

READ = {
    "equals": (
        "iam:PassedToService = s3.amazonaws.com",
        {"StringEquals": {"iam:PassedToService": ["s3.amazonaws.com"]}},
    ),
    "list": ("ec2:CreateAction in [A, B]", {"StringEquals": {"ec2:CreateAction": ["A", "B"]}}),
    "list of one": ("ec2:CreateAction in [A]", {"StringEquals": {"ec2:CreateAction": ["A"]}}),
    "not in": ("ec2:CreateAction not in [A, B]", {"StringNotEquals": {"ec2:CreateAction": ["A", "B"]}}),
    "differs": ("ec2:CreateAction != A", {"StringNotEquals": {"ec2:CreateAction": ["A"]}}),
    "like a word": ("aws:RequestTag/x.y/z like true", {"StringLike": {"aws:RequestTag/x.y/z": ["true"]}}),
    "like a star": ("aws:RequestTag/CSIVolumeName like *", {"StringLike": {"aws:RequestTag/CSIVolumeName": ["*"]}}),
    "not like": ("aws:RequestTag/a not like b*", {"StringNotLike": {"aws:RequestTag/a": ["b*"]}}),
    "not null": ("aws:ResourceTag/a is not null", {"Null": {"aws:ResourceTag/a": ["false"]}}),
    "null": ("aws:ResourceTag/a is null", {"Null": {"aws:ResourceTag/a": ["true"]}}),
    "colons in the key": (
        "ec2:ResourceTag/eks:eni:owner = amazon-vpc-cni",
        {"StringEquals": {"ec2:ResourceTag/eks:eni:owner": ["amazon-vpc-cni"]}},
    ),
    "a key of many values": ("aws:TagKeys = a", {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}),
    "several must hold": (
        "a:B in [X, Y]; aws:RequestTag/c like *; aws:RequestTag/d = 1",
        {"StringEquals": {"a:B": ["X", "Y"], "aws:RequestTag/d": ["1"]}, "StringLike": {"aws:RequestTag/c": ["*"]}},
    ),
    "value with spaces": ("aws:RequestTag/a = two words", {"StringEquals": {"aws:RequestTag/a": ["two words"]}}),
}


@pytest.mark.parametrize(("text", "conditions"), READ.values(), ids=READ)
def test_prose_is_read_as_iam_writes_it(text: str, conditions: dict[str, object]) -> None:
    assert parse_conditions(text, CATALOGUE) == ConditionText(conditions)


@pytest.mark.parametrize("text", ["", " ", "\u2014", "\u2013", "-", "none", "None"])
def test_what_means_no_condition(text: str) -> None:
    assert parse_conditions(text, CATALOGUE) == ConditionText({})


REJECTED = [
    "only in business hours",
    "aws:RequestTag/a",
    "aws:RequestTag/a = ",
    "aws:RequestTag/a in [A, ]",
    "aws:RequestTag/a in [A, B",
    "aws:RequestTag/a > 3",
    "= x",
    "key = x",
]


@pytest.mark.parametrize("text", REJECTED)
def test_what_is_not_understood_is_kept_as_rejected(text: str) -> None:
    assert parse_conditions(text, CATALOGUE).rejected == (text.strip(),)


def test_a_key_given_twice_under_one_operator_is_rejected_not_overwritten() -> None:
    read = parse_conditions("a:B = x; a:B = y", CATALOGUE)
    assert read.conditions == {"StringEquals": {"a:B": ["x"]}}
    assert read.rejected == ("a:B = y",)
