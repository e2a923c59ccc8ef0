"""The shipped AWS inventory of porter@2026-05: its numbers, its trust, its wording."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.baseline.dump import dump_aws
from scanner.baseline.load import load_aws
from scanner.baseline.records import AwsBaseline, DocumentedRole
from scanner.baseline.yaml_text import read_yaml
from scanner.resources import data_dir

# role: statements, actions, unique actions, statements with conditions, statements on `*` alone, resources
NUMBERS = {
    "porter-access-manager": (1, 26, 26, 0, 1, 1),
    "porter-manager": (30, 259, 247, 1, 27, 31),
    "porter-infra-manager": (20, 141, 132, 5, 17, 22),
    "porter-controlplane-manager": (5, 113, 100, 2, 5, 5),
    "porter-node-manager": (33, 203, 143, 15, 17, 36),
    "porter-karpenter": (16, 44, 39, 2, 4, 30),
    "porter-telemetry-manager": (2, 12, 12, 0, 1, 3),
    "porter-agent-compliance-manager": (2, 6, 6, 0, 1, 2),
    "porter-eso-secrets-manager": (2, 4, 4, 0, 1, 2),
    "porter-s3-*": (1, 5, 5, 0, 0, 1),
}

# role: from Porter's account, ExternalId, services
TRUST = {
    "porter-access-manager": (True, "none-documented", {"ec2", "eks", "pods.eks"}),
    "porter-manager": (True, "required", {"ec2", "eks"}),
    "porter-infra-manager": (True, "none-documented", {"ec2", "eks", "pods.eks", "vpc-flow-logs"}),
    "porter-controlplane-manager": (False, "not-applicable", {"eks"}),
    "porter-node-manager": (False, "not-applicable", {"ec2"}),
    "porter-karpenter": (False, "not-applicable", {"pods.eks"}),
    "porter-telemetry-manager": (False, "not-applicable", {"pods.eks"}),
    "porter-agent-compliance-manager": (False, "not-applicable", {"pods.eks"}),
    "porter-eso-secrets-manager": (False, "not-applicable", {"pods.eks"}),
    "porter-s3-*": (False, "not-applicable", {"pods.eks"}),
}


def _numbers(role: DocumentedRole) -> tuple[int, ...]:
    actions = [action.lower() for statement in role.statements for action in statement.actions]
    return (
        len(role.statements),
        len(actions),
        len(set(actions)),
        sum(bool(statement.conditions) for statement in role.statements),
        sum(statement.resources == ("*",) for statement in role.statements),
        sum(len(statement.resources) for statement in role.statements),
    )


def _role(porter: AwsBaseline, key: str) -> DocumentedRole:
    return next(role for role in porter.roles if role.key == key)


def test_every_role_has_the_documented_numbers_in_page_order(porter: AwsBaseline) -> None:
    assert [(role.key, _numbers(role)) for role in porter.roles] == list(NUMBERS.items())


def test_totals_are_those_of_the_page(porter: AwsBaseline) -> None:
    statements = [statement for role in porter.roles for statement in role.statements]
    actions = [action.lower() for statement in statements for action in statement.actions]
    assert len(porter.roles) == 10
    assert (len(statements), len(actions), len(set(actions))) == (112, 813, 451)
    assert sum(bool(statement.conditions) for statement in statements) == 25


@pytest.mark.parametrize("key", TRUST)
def test_trust_is_that_of_the_roles_own_text(porter: AwsBaseline, key: str) -> None:
    role = _role(porter, key)
    outside, external_id, services = TRUST[key]
    aws = [name for item in role.trust.statements for name in item.principals.get("AWS", [])]
    service = {name for item in role.trust.statements for name in item.principals.get("Service", [])}
    assert role.assumable_from_outside is outside
    assert role.trust.external_id == external_id
    assert aws == (["arn:aws:iam::{porter_account_id}:role/CAPIManagement"] if outside else [])
    assert service == {f"{name}.amazonaws.com" for name in services}


def test_only_porter_manager_requires_an_external_id(porter: AwsBaseline) -> None:
    conditioned = {
        role.key: item.conditions for role in porter.roles for item in role.trust.statements if item.conditions
    }
    assert conditioned == {"porter-manager": {"StringEquals": {"sts:ExternalId": ["{external_id}"]}}}


def test_outside_statements_assume_only_and_service_statements_may_tag_sessions(porter: AwsBaseline) -> None:
    for role in porter.roles:
        for item in role.trust.statements:
            expected = ("sts:AssumeRole",) if "AWS" in item.principals else ("sts:AssumeRole", "sts:TagSession")
            assert item.actions == expected, role.key


def test_five_passrole_grants_and_no_sixth(porter: AwsBaseline) -> None:
    grants = {
        (role.key, statement.sid)
        for role in porter.roles
        for statement in role.statements
        if "iam:PassRole" in statement.actions
    }
    assert grants == {
        ("porter-manager", "EksClusterManagement"),
        ("porter-infra-manager", "CloudTrailPassRole"),
        ("porter-infra-manager", "S3ReplicationPassRole"),
        ("porter-infra-manager", "PorterInfraManagerPassRole"),
        ("porter-karpenter", "PassNodeInstanceRole"),
    }


def test_wildcard_actions_are_the_documented_ones(porter: AwsBaseline) -> None:
    found: dict[str, set[str]] = {}
    for role in porter.roles:
        for statement in role.statements:
            found.setdefault(role.key, set()).update(action for action in statement.actions if "*" in action)
    assert {key: value for key, value in found.items() if value} == {
        "porter-manager": {"aps:*", "ce:Get*", "ce:List*", "pricing:*"},
        "porter-infra-manager": {
            *("kms:Describe*", "kms:Get*", "kms:List*", "s3:*"),
            *("cloudtrail:*", "elasticache:*", "rds:*", "aps:*"),
        },
        "porter-node-manager": {"ssm:GetParameter*"},
    }


def test_rows_that_refer_to_others_hold_what_they_refer_to(porter: AwsBaseline) -> None:
    references = {
        (role.key, statement.sid): statement.same_as
        for role in porter.roles
        for statement in role.statements
        if statement.same_as
    }
    assert references == {
        ("porter-node-manager", "AmazonEKSClusterPolicy"): "porter-controlplane-manager/AmazonEKSClusterPolicy",
        ("porter-node-manager", "LoadBalancers"): "porter-controlplane-manager/LoadBalancers",
        ("porter-node-manager", "ClusterAutoscaling"): "porter-controlplane-manager/ClusterAutoscaling",
        ("porter-karpenter", "ScopedResourceCreationTagging"): "porter-karpenter/ScopedEc2InstanceCreate",
    }


def test_the_phantom_action_is_kept_verbatim_with_its_alias(porter: AwsBaseline) -> None:
    vpc = next(s for s in _role(porter, "porter-infra-manager").statements if s.sid == "VpcManagement")
    assert "ec2:DeleteVpcEndpoint" in vpc.actions
    assert [(alias.printed, alias.means) for alias in porter.aliases] == [
        ("ec2:DeleteVpcEndpoint", "ec2:DeleteVpcEndpoints")
    ]


def test_efs_rows_use_the_operators_of_awss_own_policy(porter: AwsBaseline) -> None:
    row = next(s for s in _role(porter, "porter-node-manager").statements if s.sid == "AllowTagNewAccessPoints")
    assert row.conditions == {
        "ForAllValues:StringEquals": {"aws:TagKeys": ["efs.csi.aws.com/cluster"]},
        "Null": {"aws:RequestTag/efs.csi.aws.com/cluster": ["false"]},
        "StringEquals": {"elasticfilesystem:CreateAction": ["CreateAccessPoint"]},
    }
    assert row.settled_by == "arn:aws:iam::aws:policy/service-role/AmazonEFSCSIDriverPolicy"
    assert "aws:TagKeys = efs.csi.aws.com/cluster" in row.as_printed


def test_every_condition_keeps_the_cell_it_was_read_from(porter: AwsBaseline) -> None:
    for role in porter.roles:
        for statement in role.statements:
            assert bool(statement.conditions) == bool(statement.as_printed), (role.key, statement.sid)


def test_the_aws_managed_policies_account_for_their_rows(porter: AwsBaseline) -> None:
    policies = {role.key: [policy.arn.rpartition("/")[2] for policy in role.managed_policies] for role in porter.roles}
    assert {key: value for key, value in policies.items() if value} == {
        "porter-controlplane-manager": ["AmazonEKSClusterPolicy"],
        "porter-node-manager": [
            "AmazonEKS_CNI_Policy",
            "AmazonEKSClusterPolicy",
            "AmazonEKSWorkerNodePolicy",
            "AmazonEC2ContainerRegistryReadOnly",
            "AmazonEBSCSIDriverPolicy",
            "AmazonEFSCSIDriverPolicy",
        ],
    }
    node = _role(porter, "porter-node-manager")
    assert [len(policy.sids) for policy in node.managed_policies] == [2, 3, 1, 1, 16, 4]


def test_every_statement_points_at_its_row_and_line(porter: AwsBaseline) -> None:
    lines: list[int] = []
    for role in porter.roles:
        assert [statement.source.row for statement in role.statements] == list(range(1, len(role.statements) + 1))
        assert {(statement.source.document, statement.source.heading) for statement in role.statements} == {
            ("S003", role.key)
        }
        lines += [statement.source.line or 0 for statement in role.statements]
    assert lines == sorted(set(lines))
    assert lines[0] > 0


def test_roles_that_need_not_exist_are_optional_with_a_reason(porter: AwsBaseline) -> None:
    optional = {role.key: bool(role.optional_reason) for role in porter.roles if role.optional}
    assert optional == {"porter-eso-secrets-manager": True, "porter-s3-*": True}


def test_variables_say_where_their_defaults_come_from(porter: AwsBaseline) -> None:
    variables = {variable.name: variable for variable in porter.variables}
    assert set(variables) == {"account_id", "porter_account_id", "external_id", "hash"}
    assert variables["porter_account_id"].default == "108458755588"
    assert "not from the documents" in variables["porter_account_id"].source
    assert variables["external_id"].sensitive
    assert variables["external_id"].default is None


def test_documented_versions_of_the_vendors_other_facts_are_there(porter: AwsBaseline) -> None:
    assert [extra.name_pattern for extra in porter.known_extras] == ["porter-cert-manager-route53-*", "PorterRole"]
    assert [note.id for note in porter.risk_notes] == [f"C{number}" for number in range(1, 15)]
    settled = [item.id for item in porter.contradictions]
    assert settled == ["B1", "B2", *(f"B{number}" for number in range(4, 14)), "B21", "B22"]
    assert porter.stack is not None
    assert (porter.stack.name, porter.stack.region_hint) == ("PorterRole", "us-east-2")
    assert porter.stack.creates_roles == ("porter-access-manager", "porter-manager")


def test_digest_is_that_of_the_file(porter: AwsBaseline, aws_file: Path) -> None:
    assert porter.digest == hashlib.sha256(aws_file.read_bytes()).hexdigest()


def test_shipped_file_is_in_canonical_form(porter: AwsBaseline, aws_file: Path) -> None:
    assert dump_aws(porter) == aws_file.read_text(encoding="utf-8")


def test_what_is_dumped_loads_back_to_the_same_records(porter: AwsBaseline, tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text(dump_aws(porter), encoding="utf-8")
    assert load_aws(copy) == porter


def test_another_yaml_reader_sees_the_same_data(aws_file: Path) -> None:
    """The file must not depend on how our reader types scalars."""
    import yaml

    data = aws_file.read_bytes()
    assert yaml.load(data, Loader=yaml.SafeLoader) == read_yaml(data, "x")


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads((data_dir("baselines") / "schema" / "baseline-aws.schema.json").read_text(encoding="utf-8"))


def test_schema_is_a_schema_and_accepts_the_shipped_file(schema: Any, aws_file: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read_yaml(aws_file.read_bytes(), "x"), schema)
