"""Binding variables: what is filled, what stays, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from small_baseline import small

from scanner.baseline.load import load_aws
from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.baseline.variables import bind_aws
from scanner.errors import BaselineError

ACCOUNT = "123456789012"


@pytest.fixture
def acme(tmp_path: Path) -> AwsBaseline:
    file = tmp_path / "aws.yaml"
    file.write_text(json.dumps(small()), encoding="utf-8")
    return load_aws(file)


def _role(baseline: AwsBaseline, key: str) -> DocumentedRole:
    return next(role for role in baseline.roles if role.key == key)


def test_account_and_default_are_filled_in(porter: AwsBaseline) -> None:
    bound = bind_aws(porter, {"account_id": ACCOUNT})
    karpenter = _role(bound, "porter-karpenter").statements[11]
    assert karpenter.resources == (f"arn:aws:iam::{ACCOUNT}:role/porter-node-manager",)
    outside = _role(bound, "porter-manager").trust.statements[0]
    assert outside.principals == {"AWS": ["arn:aws:iam::108458755588:role/CAPIManagement"]}


def test_only_the_external_id_may_stay_open(porter: AwsBaseline) -> None:
    bound = bind_aws(porter, {"account_id": ACCOUNT})
    assert b"{external_id}" in msgspec.json.encode(bound.roles)
    assert b"account_id}" not in msgspec.json.encode(bound.roles)


def test_external_id_is_filled_in_where_given(porter: AwsBaseline) -> None:
    bound = bind_aws(porter, {"account_id": ACCOUNT, "external_id": "project-7"})
    assert _role(bound, "porter-manager").trust.statements[0].conditions == {
        "StringEquals": {"sts:ExternalId": ["project-7"]}
    }


def test_another_vendor_account_joins_the_known_ones(porter: AwsBaseline) -> None:
    bound = bind_aws(porter, {"account_id": ACCOUNT, "porter_account_id": "444455556666"})
    assert dict(bound.vendor_accounts)["444455556666"] == "given as parameter porter_account_id"
    assert "108458755588" in dict(bound.vendor_accounts)
    assert ACCOUNT not in dict(bound.vendor_accounts)


def test_braces_that_are_no_variables_of_ours_stay(acme: AwsBaseline) -> None:
    read = bind_aws(acme, {"account_id": ACCOUNT, "suffix": "logs"}).roles[0].statements[0]
    assert read.resources == ("arn:aws:s3:::acme-logs-${aws:username}/*", "arn:aws:s3:::{other}")
    assert read.conditions == {"StringEquals": {"aws:ResourceAccount": [ACCOUNT]}}
    assert read.permissive == {"StringLike": {"aws:ResourceAccount": [ACCOUNT]}}


def test_an_iam_policy_variable_of_the_same_name_is_not_ours(acme: AwsBaseline) -> None:
    statement = msgspec.structs.replace(acme.roles[0].statements[0], resources=("arn:aws:s3:::${account_id}/*",))
    role = msgspec.structs.replace(acme.roles[0], statements=(statement,))
    bound = bind_aws(msgspec.structs.replace(acme, roles=(role,)), {"account_id": ACCOUNT})
    assert bound.roles[0].statements[0].resources == ("arn:aws:s3:::${account_id}/*",)


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_arns_move_to_the_partition_and_open_partitions_stay(porter: AwsBaseline, partition: str) -> None:
    bound = bind_aws(porter, {"account_id": ACCOUNT}, partition=partition)
    assert b'"arn:aws:' not in msgspec.json.encode(bound.roles)
    secrets = _role(bound, "porter-eso-secrets-manager").statements[0]
    assert secrets.resources == ("arn:*:secretsmanager:*:*:secret:/porter/env-groups/*",)
    cluster = _role(bound, "porter-controlplane-manager").managed_policies[0]
    assert cluster.arn == f"arn:{partition}:iam::aws:policy/AmazonEKSClusterPolicy"


@pytest.mark.parametrize(
    ("partition", "services"),
    [
        ("aws", ["ec2.amazonaws.com"]),
        ("aws-us-gov", ["ec2.amazonaws.com"]),
        ("aws-cn", ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]),
    ],
)
def test_ec2_has_a_second_service_principal_in_china(porter: AwsBaseline, partition: str, services: list[str]) -> None:
    bound = bind_aws(porter, {"account_id": ACCOUNT}, partition=partition)
    assert _role(bound, "porter-node-manager").trust.statements[0].principals == {"Service": services}


def test_binding_twice_changes_nothing(porter: AwsBaseline) -> None:
    once = bind_aws(porter, {"account_id": ACCOUNT}, partition="aws-cn")
    assert bind_aws(once, {"account_id": ACCOUNT}, partition="aws-cn") == once


REFUSED = {
    "missing account": ({}, "parameter `account_id` has no value"),
    "unknown parameter": ({"account": ACCOUNT}, "unknown parameter `account`: known are `account_id`"),
    "account of 11 digits": ({"account_id": "12345678901"}, "`12345678901` is not acceptable, expected 12 digits"),
    "account with a newline": ({"account_id": ACCOUNT + "\n"}, "is not acceptable, expected 12 digits"),
    "account in other digits": ({"account_id": "\u0661" * 12}, "is not acceptable, expected 12 digits"),
    "account wildcard": ({"account_id": "*"}, "`*` is not acceptable"),
    "vendor account as ARN": (
        {"account_id": ACCOUNT, "porter_account_id": "arn:aws:iam::1:root"},
        "expected 12 digits",
    ),
    "empty value": ({"account_id": ""}, "`` is not acceptable"),
    "text with a wildcard": ({"account_id": ACCOUNT, "hash": "a*"}, "without wildcards"),
    "text with a brace": ({"account_id": ACCOUNT, "hash": "{account_id}"}, "without wildcards"),
}


@pytest.mark.parametrize(("values", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_parameters_are_named(porter: AwsBaseline, values: dict[str, str], message: str) -> None:
    with pytest.raises(BaselineError) as caught:
        bind_aws(porter, values)
    assert str(caught.value).startswith("baseline `porter@2026-05`: ")
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_refused_sensitive_value_is_not_repeated(porter: AwsBaseline) -> None:
    with pytest.raises(BaselineError) as caught:
        bind_aws(porter, {"account_id": ACCOUNT, "external_id": "top secret*"})
    assert "top" not in str(caught.value)
    assert "parameter `external_id`: the value given is not acceptable" in str(caught.value)


def test_unknown_partition_is_refused(porter: AwsBaseline) -> None:
    with pytest.raises(BaselineError, match="unknown partition `aws-moon`"):
        bind_aws(porter, {"account_id": ACCOUNT}, partition="aws-moon")
