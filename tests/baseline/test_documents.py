"""Documented roles as IAM documents."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from small_baseline import small

from scanner.baseline.documents import (
    has_permissive_reading,
    permission_documents,
    permissive_documents,
    trust_document,
)
from scanner.baseline.load import load_aws
from scanner.baseline.records import ActionAlias, AwsBaseline, DocumentedRole


@pytest.fixture
def reader(tmp_path: Path) -> DocumentedRole:
    file = tmp_path / "aws.yaml"
    file.write_text(json.dumps(small()), encoding="utf-8")
    return load_aws(file).roles[0]


def test_statement_i_of_the_document_is_statement_i_of_the_role(porter: AwsBaseline) -> None:
    for role in porter.roles:
        (document,) = permission_documents(role)
        assert document.body["Version"] == "2012-10-17"
        assert [
            (s["Sid"], s["Effect"], tuple(s["Action"]), tuple(s["Resource"]), s.get("Condition", {}))
            for s in document.body["Statement"]
        ] == [(s.sid, s.effect, s.actions, s.resources, s.conditions) for s in role.statements]


def test_an_alias_grants_both_spellings_beside_each_other(porter: AwsBaseline) -> None:
    infra = next(role for role in porter.roles if role.key == "porter-infra-manager")
    (document,) = permission_documents(infra, porter.aliases)
    actions = document.body["Statement"][5]["Action"]
    at = actions.index("ec2:DeleteVpcEndpoint")
    assert actions[at + 1] == "ec2:DeleteVpcEndpoints"
    assert len(actions) == len(infra.statements[5].actions) + 1


def test_an_alias_is_found_in_any_letter_case_and_added_once(reader: DocumentedRole) -> None:
    statement = msgspec.structs.replace(reader.statements[0], actions=("S3:PUTTHING", "s3:PutObject"))
    role = msgspec.structs.replace(reader, statements=(statement,))
    alias = ActionAlias(printed="s3:PutThing", means="s3:PutObject", reason="misprint")
    (document,) = permission_documents(role, [alias])
    assert document.body["Statement"][0]["Action"] == ["S3:PUTTHING", "s3:PutObject"]


def test_the_weaker_reading_replaces_only_prose_conditions(reader: DocumentedRole) -> None:
    (strict,), (weaker,) = permission_documents(reader), permissive_documents(reader)
    assert has_permissive_reading(reader)
    assert strict.body["Statement"][0]["Condition"] == {"StringEquals": {"aws:ResourceAccount": ["{account_id}"]}}
    assert weaker.body["Statement"][0]["Condition"] == {"StringLike": {"aws:ResourceAccount": ["{account_id}"]}}
    assert strict.body["Statement"][1] == weaker.body["Statement"][1]


def test_trust_document_has_principals_and_no_resource(porter: AwsBaseline) -> None:
    manager = next(role for role in porter.roles if role.key == "porter-manager")
    assert trust_document(manager).body == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PorterAssumeRole",
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam::{porter_account_id}:role/CAPIManagement"]},
                "Action": ["sts:AssumeRole"],
                "Condition": {"StringEquals": {"sts:ExternalId": ["{external_id}"]}},
            },
            {
                "Sid": "AwsServices",
                "Effect": "Allow",
                "Principal": {"Service": ["ec2.amazonaws.com", "eks.amazonaws.com"]},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            },
        ],
    }
