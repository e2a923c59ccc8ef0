"""Who counts as outside: every AWS principal but the account's own, and but what is left of one that was deleted."""

from __future__ import annotations

import pytest

from scanner.rules.questions import account_of, allowed_principals, external_principals, is_unique_id

OWN = "111122223333"


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("AROA" + "EXAMPLEID1234567", True),
        ("AIDA" + "EXAMPLEID1234567", True),
        ("AGPA" + "EXAMPLEID1234567", True),
        ("AROA", False),
        ("AROASHORT", False),
        ("AROA" + "EXAMPLEID-123456", False),
        ("ANPA" + "EXAMPLEID1234567", False),
        ("1f" * 32, False),
        ("arn:aws:iam::444455556666:role/AROA" + "EXAMPLEID1234567", False),
        ("*", False),
    ],
)
def test_only_the_id_of_a_deleted_role_user_or_group_names_nobody(principal: str, expected: bool) -> None:
    assert is_unique_id(principal) is expected


@pytest.mark.parametrize(
    ("principal", "account"),
    [
        (OWN, OWN),
        (f"arn:aws:iam::{OWN}:root", OWN),
        (f"arn:aws-cn:sts::{OWN}:assumed-role/a:b/s", OWN),
        ("11112222333", ""),
        ("1111222233334", ""),
        ("*", ""),
        ("arn:aws:iam::*", ""),
        (f"urn:aws:iam::{OWN}:root", ""),
    ],
)
def test_an_account_is_read_from_a_whole_arn_or_twelve_digits(principal: str, account: str) -> None:
    assert account_of(principal) == account


@pytest.mark.parametrize(
    ("principal", "outside"),
    [
        ({"AWS": f"arn:aws:iam::{OWN}:root"}, []),
        ({"AWS": OWN}, []),
        ({"AWS": "AROA" + "EXAMPLEID1234567"}, []),
        ({"Service": "ec2.amazonaws.com"}, []),
        ({"AWS": [OWN, "444455556666"]}, ["444455556666"]),
        ({"AWS": ["arn:aws:iam::444455556666:role/b", "arn:aws:iam::444455556666:role/a"]},
         ["arn:aws:iam::444455556666:role/a", "arn:aws:iam::444455556666:role/b"]),
        ({"AWS": "1f" * 32}, ["1f" * 32]),
        ({"AWS": "AROASHORT"}, ["AROASHORT"]),
        ({"AWS": "*"}, ["*"]),
        ("*", ["*"]),
        (None, ["*"]),
    ],
)  # fmt: skip
def test_whoever_is_not_surely_of_the_account_is_outside(principal: object, outside: list[str]) -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    statement |= {"NotPrincipal": {"AWS": OWN}} if principal is None else {"Principal": principal}
    body = {"Version": "2012-10-17", "Statement": statement}
    assert list(external_principals(body, OWN)) == outside
    assert external_principals({"Statement": [{**statement, "Effect": "Deny"}]}, OWN) == ()
    assert len(list(allowed_principals(body))) >= len(outside)
