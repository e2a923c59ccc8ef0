"""AWS condition blocks: what is the same, what is refused, and what only looks like a policy variable."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.access.clause import Clause, has_variable, parse_conditions
from scanner.access.compare import compare
from scanner.access.records import NamedDocument
from scanner.errors import PolicyError

Block = dict[str, Any]


def clauses(block: object, *, variables: bool = True) -> tuple[Clause, ...]:
    return parse_conditions(block, "document `x`", variables=variables)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"StringEquals": {"k:a": "v"}}, {"stringequals": {"K:A": ["v", "v"]}}),
        ({"StringEquals": {"k:a": ["v", "w"]}}, {"StringEquals": {"k:a": ["w", "v"]}}),
        ({"NumericLessThan": {"k:a": 10}}, {"NumericLessThan": {"k:a": ["10.0", "1e1"]}}),
        ({"NumericEquals": {"k:a": "-0"}}, {"NumericEquals": {"k:a": 0}}),
        ({"NumericEquals": {"k:a": "100"}}, {"NumericEquals": {"k:a": "1E+2"}}),
        ({"DateLessThan": {"k:a": "1970-01-02T00:00:00Z"}}, {"DateLessThan": {"k:a": "86400"}}),
        ({"DateLessThan": {"k:a": "1970-01-02T01:00:00+01:00"}}, {"DateLessThan": {"k:a": "1970-01-02"}}),
        ({"DateLessThan": {"k:a": "1970-02"}}, {"DateLessThan": {"k:a": 2678400}}),
        ({"DateEquals": {"k:a": "1970-01-01T00:00:00.5Z"}}, {"DateEquals": {"k:a": "0.5"}}),
        ({"Bool": {"k:a": True}}, {"Bool": {"k:a": "TRUE"}}),
        ({"Null": {"k:a": False}}, {"Null": {"k:a": "false"}}),
        ({"IpAddress": {"k:a": "10.1.2.3/8"}}, {"IpAddress": {"k:a": "10.0.0.0/8"}}),
        ({"IpAddress": {"k:a": "10.1.2.3"}}, {"IpAddress": {"k:a": "10.1.2.3/32"}}),
        ({"BinaryEquals": {"k:a": "QQ=="}}, {"BinaryEquals": {"k:a": "QR=="}}),
        ({"Bool": {"k:a": True}, "Null": {"k:b": True}}, {"Null": {"k:b": "true"}, "Bool": {"k:a": "true"}}),
    ],
)
def test_two_spellings_of_one_condition_are_one(one: Block, other: Block) -> None:
    assert clauses(one) == clauses(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"StringEquals": {"k:a": "v"}}, {"StringEquals": {"k:a": "V"}}),
        ({"StringEquals": {"k:a": "v"}}, {"StringEqualsIfExists": {"k:a": "v"}}),
        ({"StringEquals": {"k:a": "v"}}, {"ForAnyValue:StringEquals": {"k:a": "v"}}),
        ({"ForAllValues:StringEquals": {"k:a": "v"}}, {"ForAnyValue:StringEquals": {"k:a": "v"}}),
        ({"StringLike": {"k:a": "v"}}, {"ArnLike": {"k:a": "v"}}),
        ({"NumericLessThan": {"k:a": 10}}, {"NumericLessThan": {"k:a": 100}}),
        ({"DateLessThan": {"k:a": "1970-01-02T00:00:01Z"}}, {"DateLessThan": {"k:a": "86400"}}),
        ({"Bool": {"k:a": True}}, {"Bool": {"k:a": False}}),
        ({"IpAddress": {"k:a": "10.1.2.3"}}, {"IpAddress": {"k:a": "10.1.2.3/31"}}),
    ],
)
def test_another_condition_is_another(one: Block, other: Block) -> None:
    assert clauses(one) != clauses(other)


@pytest.mark.parametrize(
    ("block", "fragment"),
    [
        ("x", "Condition is not an object"),
        ({"StringEquals": "x"}, "Condition `StringEquals`: is not an object"),
        ({"StringEquals": ["k:a"]}, "is not an object"),
        ({"Bool": {"k:a": "true"}, "BOOL": {"k:b": "true"}}, "operator `BOOL` stands twice"),
        ({"Bool": {"k:a": "true", "K:a": "true"}}, "key `K:a` stands twice"),
        ({"ForSomeValues:StringEquals": {"k:a": "x"}}, "unknown operator"),
        ({"ForAnyValue:Null": {"k:a": "true"}}, "unknown operator"),
        ({"NullIfExists": {"k:a": "true"}}, "unknown operator"),
        ({"StringEquals": {"k:a": None}}, "neither text, number nor boolean"),
        ({"StringEquals": {"k:a": [["x"]]}}, "neither text, number nor boolean"),
        ({"Bool": {"k:a": "yes"}}, "not valid for this operator"),
        ({"Null": {"k:a": "0"}}, "not valid for this operator"),
        ({"NumericEquals": {"k:a": "NaN"}}, "not valid for this operator"),
        ({"NumericEquals": {"k:a": "Infinity"}}, "not valid for this operator"),
        ({"NumericEquals": {"k:a": "1e61"}}, "not valid for this operator"),
        ({"NumericEquals": {"k:a": "1" * 61}}, "not valid for this operator"),
        ({"BinaryEquals": {"k:a": "?"}}, "not valid for this operator"),
        ({"IpAddress": {"k:a": "10.0.0"}}, "not valid for this operator"),
        ({"DateEquals": {"k:a": "2020-13-01"}}, "not valid for this operator"),
    ],
)
def test_a_condition_that_is_not_one_is_refused(block: object, fragment: str) -> None:
    with pytest.raises(PolicyError, match=fragment.replace("[", r"\[")) as refused:
        clauses(block)
    assert "document `x`" in str(refused.value)


@pytest.mark.parametrize(
    ("value", "version_has_variables", "expected"),
    [
        ("${aws:username}", True, True),
        ("a-${aws:username}-b", True, True),
        ("${aws:username}", False, False),
        ("${*}", True, False),
        ("${$}{x}", True, False),
        ("plain", True, False),
    ],
)
def test_a_variable_is_one_only_where_the_version_knows_them(
    value: str, version_has_variables: bool, expected: bool
) -> None:
    (clause,) = clauses({"StringLike": {"k:a": value}}, variables=version_has_variables)
    assert has_variable(clause) is expected


@pytest.mark.parametrize(
    ("version", "live", "verdict"),
    [
        ("2012-10-17", "porter-${aws:username}", "equal"),
        ("2008-10-17", "porter-${aws:username}", "equal"),
        ("2008-10-17", "porter-${aws:userid}", "different"),
        ("2012-10-17", "porter-${aws:userid}", "undecided"),
    ],
)
def test_an_unknown_value_is_beyond_nothing_and_inside_only_itself(version: str, live: str, verdict: str) -> None:
    def documents(value: str) -> list[NamedDocument]:
        statement = {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": "*",
            "Condition": {"StringEquals": {"s3:prefix": value}},
        }
        return [NamedDocument("policy", {"Version": version, "Statement": [statement]})]

    assert compare(documents(live), documents("porter-${aws:username}")).verdict == verdict
