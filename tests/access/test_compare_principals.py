"""A principal of one kind is inside none of another, though it lies in the same account or is spelled alike."""

from __future__ import annotations

import itertools

import pytest

from scanner.access.compare import compare
from scanner.access.records import NamedDocument

ACCOUNT = "111122223333"
PRINCIPALS = (
    {"AWS": ACCOUNT},
    {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"},
    {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"},
    {"Service": "ec2.amazonaws.com"},
)


@pytest.mark.parametrize(("live", "documented"), list(itertools.permutations(PRINCIPALS, 2)))
def test_a_trust_in_another_kind_of_principal_is_beyond(live: dict[str, str], documented: dict[str, str]) -> None:
    def trust(principal: dict[str, str]) -> list[NamedDocument]:
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:*"}
        return [NamedDocument("trust", {"Version": "2012-10-17", "Statement": [statement]})]

    result = compare(trust(live), trust(documented), kind="trust")
    assert [piece.principals for piece in result.excess] == [{k: [v] for k, v in live.items()}]
    assert compare(trust(live), trust(live), kind="trust").verdict == "equal"
