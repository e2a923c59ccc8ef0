"""CloudFormation templates as planned roles: what is decided is exact, what is not is a reason, nothing is ignored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.collect.exports.read import read_input
from scanner.errors import InputError, UsageError
from scanner.model import kinds
from scanner.model.common import NotObserved, Observed
from scanner.model.inventory import AwsRole
from scanner.model.snapshot import Snapshot, SourceKind, Unit, UnitStatus
from scanner.normalize.inventory import normalize

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ACCOUNT = "111122223333"
Json = dict[str, Any]


def read(tmp_path: Path, template: Json | str, suffix: str = ".json", **given: str) -> Snapshot:
    path = tmp_path / f"template{suffix}"
    path.write_text(template if isinstance(template, str) else json.dumps(template))
    values = tuple((name.replace("__", "::"), value) for name, value in given.items())
    return read_input(path, now=NOW, hmac_key=b"k" * 32, account_id=ACCOUNT, template_values=values)


def details(snapshot: Snapshot) -> Unit:
    return next(unit for unit in snapshot.units if unit.kind == kinds.AUTHORIZATION_DETAILS)


def lost(snapshot: Snapshot) -> str:
    error = details(snapshot).error
    return error.message if error else ""


def notes(snapshot: Snapshot) -> str:
    found = [
        unit.error.message for unit in snapshot.units if unit.kind == "aws.template.other_resources" and unit.error
    ]
    return "; ".join(found)


def roles(snapshot: Snapshot) -> dict[str, AwsRole]:
    return {role.name: role for role in normalize(snapshot).aws[0].roles}


def trust(principal: Any) -> Json:
    return {"Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]}


def allow(resource: Any) -> Json:
    return {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}]}


def role(**more: Any) -> Json:
    own = {"RoleName": "porter-manager", "AssumeRolePolicyDocument": trust("arn:aws:iam::1:root")}
    return {"Type": "AWS::IAM::Role", "Properties": {**own, **more}}


def template(resources: Json, **more: Any) -> Json:
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, **more}


def with_resource(node: Any) -> Json:
    """Return a template with one role whose inline policy has `node` as its resource."""
    policies = [{"PolicyName": "p", "PolicyDocument": allow(node)}]
    parameters = {
        "Name": {"Type": "String"},
        "Env": {"Type": "String", "Default": "prod"},
        "Many": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Secret": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/x"},
    }
    conditions = {
        "Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
        "NotProd": {"Fn::Not": [{"Condition": "Prod"}]},
        "Open": {"Fn::Equals": [{"Ref": "Name"}, "x"]},
        "Settled": {"Fn::Or": [{"Condition": "Open"}, {"Condition": "Prod"}]},
        "Round": {"Condition": "Round"},
    }
    mappings = {"Regions": {"us-east-2": {"bucket": "ohio"}}}
    resources = {
        "Role": role(Policies=policies),
        "Other": role(RoleName="other", Path="/team/"),
        "Bucket": {"Type": "AWS::S3::Bucket"},
    }
    return template(resources, Parameters=parameters, Conditions=conditions, Mappings=mappings)


RESOLVED = {
    "text": ("arn:aws:s3:::b", "arn:aws:s3:::b"),
    "Ref to a default": ({"Ref": "Env"}, "prod"),
    "Ref to a list": ({"Ref": "Many"}, ["a", "b"]),
    "Ref to the account": ({"Ref": "AWS::AccountId"}, ACCOUNT),
    "Ref to a role": ({"Ref": "Other"}, "other"),
    "Sub": ({"Fn::Sub": "arn:${AWS::Partition}:s3:::${Env}-${!aws:username}"}, "arn:aws:s3:::prod-${aws:username}"),
    "Sub with a map": ({"Fn::Sub": ["${A}-${Env}", {"A": {"Ref": "AWS::URLSuffix"}}]}, "amazonaws.com-prod"),
    "Sub of an attribute": ({"Fn::Sub": "${Other.Arn}/x"}, f"arn:aws:iam::{ACCOUNT}:role/team/other/x"),
    "GetAtt": ({"Fn::GetAtt": ["Other", "Arn"]}, f"arn:aws:iam::{ACCOUNT}:role/team/other"),
    "GetAtt as text": ({"Fn::GetAtt": "Other.Arn"}, f"arn:aws:iam::{ACCOUNT}:role/team/other"),
    "Join": ({"Fn::Join": ["-", ["a", {"Ref": "Env"}]]}, "a-prod"),
    "Join of a list parameter": ({"Fn::Join": ["-", {"Ref": "Many"}]}, "a-b"),
    "If, taken": ({"Fn::If": ["Prod", "yes", "no"]}, "yes"),
    "If, not taken": ({"Fn::If": ["NotProd", {"Fn::ImportValue": "x"}, "no"]}, "no"),
    "If without value": (["a", {"Fn::If": ["Prod", {"Ref": "AWS::NoValue"}, "no"]}], ["a"]),
    "Or settled by one part": ({"Fn::If": ["Settled", "yes", "no"]}, "yes"),
    "Select": ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b/c"]}]}, "b"),
    "FindInMap": ({"Fn::FindInMap": ["Regions", "us-east-2", "bucket"]}, "ohio"),
}


@pytest.mark.parametrize(("node", "expected"), RESOLVED.values(), ids=RESOLVED)
def test_a_function_that_the_template_decides_is_its_value(tmp_path: Path, node: Any, expected: Any) -> None:
    snapshot = read(tmp_path, with_resource(node))
    assert roles(snapshot)["porter-manager"].policies[0].document == Observed(allow(expected))
    assert details(snapshot).status is UnitStatus.COMPLETE


OPEN = {
    "a parameter without value": ({"Ref": "Name"}, "parameter `Name` has no value: give --template-param Name=..."),
    "a parameter of Parameter Store": ({"Ref": "Secret"}, "is read from Parameter Store"),
    "the region": ({"Ref": "AWS::Region"}, "`AWS::Region` has no value"),
    "another resource": ({"Fn::GetAtt": ["Bucket", "Arn"]}, "`Bucket.Arn` is known only when the stack is created"),
    "nothing": ({"Ref": "Nobody"}, "there is no parameter or resource `Nobody`"),
    "an export": ({"Fn::ImportValue": "x"}, "`Fn::ImportValue` is known only when"),
    "a macro": ({"Fn::Transform": {"Name": "m"}}, "`Fn::Transform` is known only when"),
    "an open condition": ({"Fn::If": ["Open", "a", "b"]}, "condition `Open`: parameter `Name` has no value"),
    "a condition that is not there": ({"Fn::If": ["Nope", "a", "b"]}, "there is no condition `Nope`"),
    "a condition on itself": ({"Fn::If": ["Round", "a", "b"]}, "condition `Round`"),
    "a dynamic reference": ("{{resolve:ssm:/x}}", "a dynamic reference"),
    "a reference made by Join": ({"Fn::Join": ["", ["{{res", "olve:ssm:/x}}"]]}, "a dynamic reference"),
    "a function beside a key": ({"Ref": "Env", "x": 1}, "`Ref` stands beside other keys"),
    "a selection of nothing": ({"Fn::Select": [7, ["a"]]}, "`Fn::Select` selects nothing"),
    "no such mapping": ({"Fn::FindInMap": ["Regions", "eu-west-1", "bucket"]}, "finds no `eu-west-1`"),
    "too few arguments": ({"Fn::Join": ["-"]}, "`Fn::Join` without its two arguments"),
    "a list in a text": ({"Fn::Sub": "${Many}"}, "a list or an object stands where text is needed"),
}


@pytest.mark.parametrize(("node", "reason"), OPEN.values(), ids=OPEN)
def test_a_function_that_creation_decides_leaves_the_document_unread(tmp_path: Path, node: Any, reason: str) -> None:
    found = roles(read(tmp_path, with_resource(node)))["porter-manager"].policies[0].document
    assert isinstance(found, NotObserved)
    assert reason in found.reason
    assert "/Resources/Role/Properties/Policies/0/PolicyDocument" in found.reason


def test_a_given_value_decides(tmp_path: Path) -> None:
    snapshot = read(tmp_path, with_resource({"Fn::Sub": "${Name}-${AWS::Region}"}), Name="n", AWS__Region="us-east-2")
    assert roles(snapshot)["porter-manager"].policies[0].document == Observed(allow("n-us-east-2"))


def test_the_region_names_the_partition(tmp_path: Path) -> None:
    snapshot = read(tmp_path, template({"Role": role()}), AWS__Region="cn-north-1")
    assert roles(snapshot)["porter-manager"].arn == f"arn:aws-cn:iam::{ACCOUNT}:role/porter-manager"


def test_the_account_not_named_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(template({"Role": role()})))
    snapshot = read_input(path, now=NOW, hmac_key=b"k" * 32)
    assert (snapshot.scopes[0].id, snapshot.source) == ("000000000000", SourceKind.TEMPLATE)
    assert "the account is not named" in notes(snapshot)


def test_every_way_to_give_a_role_a_policy_is_read(tmp_path: Path) -> None:
    resources = {
        "Role": role(ManagedPolicyArns=[{"Ref": "Own"}, "arn:aws:iam::aws:policy/ReadOnlyAccess"]),
        "Own": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": allow("own")}},
        "To": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"ManagedPolicyName": "to", "PolicyDocument": allow("to"), "Roles": [{"Ref": "Role"}]},
        },
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyName": "q", "PolicyDocument": allow("policy"), "Roles": [{"Ref": "Role"}]},
        },
        "One": {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {"PolicyName": "one", "PolicyDocument": allow("one"), "RoleName": "porter-manager"},
        },
        "Profile": {
            "Type": "AWS::IAM::InstanceProfile",
            "Properties": {"InstanceProfileName": "nodes", "Roles": ["porter-manager"]},
        },
    }
    snapshot = read(tmp_path, template(resources))
    found = roles(snapshot)["porter-manager"]
    seen = {p.document.value["Statement"][0]["Resource"] for p in found.policies if isinstance(p.document, Observed)}
    assert seen == {"own", "to", "policy", "one"}
    assert [p.arn for p in found.policies if isinstance(p.document, NotObserved)] == [
        "arn:aws:iam::aws:policy/ReadOnlyAccess"
    ]
    assert found.instance_profiles == ("nodes",)
    assert details(snapshot).status is UnitStatus.COMPLETE


def test_a_policy_for_a_role_outside_the_template_leaves_that_role_open(tmp_path: Path) -> None:
    properties = {"PolicyName": "q", "PolicyDocument": allow("x"), "Roles": ["porter-manager"]}
    found = roles(read(tmp_path, template({"P": {"Type": "AWS::IAM::Policy", "Properties": properties}})))
    live = found["porter-manager"]
    assert isinstance(live.trust, NotObserved)
    assert {type(policy.document) for policy in live.policies} == {Observed, NotObserved}


def test_a_policy_that_is_not_decided_is_one_unread_policy(tmp_path: Path) -> None:
    arns = ["arn:aws:iam::aws:policy/A", {"Fn::ImportValue": "x"}]
    found = roles(read(tmp_path, template({"Role": role(ManagedPolicyArns=arns)})))["porter-manager"]
    assert len(found.policies) == 2
    assert any("Fn::ImportValue" in p.document.reason for p in found.policies if isinstance(p.document, NotObserved))


LOST = {
    "a nested stack": ({"S": {"Type": "AWS::CloudFormation::Stack"}}, {}, "`AWS::CloudFormation::Stack` is not read"),
    "a custom resource": ({"S": {"Type": "Custom::Roles"}}, {}, "`Custom::Roles` is not read"),
    "a user": ({"S": {"Type": "AWS::IAM::User"}}, {}, "`AWS::IAM::User` is not read"),
    "a module": ({"S": {"Type": "My::Own::Thing::MODULE"}}, {}, "MODULE` is not read"),
    "an unknown type": ({"S": {"Type": "Vendor::Thing::Role"}}, {}, "`Vendor::Thing::Role` is not read"),
    "a transform": ({}, {"Transform": "AWS::Serverless-2016-10-31"}, "a transform rewrites the template"),
    "a loop": ({"Fn::ForEach::Roles": ["N", ["a"], {}]}, {}, "is expanded only when the stack is created"),
    "a generated name": ({"R": role(RoleName=None)}, {}, "the role's name is not known"),
    "an open name": ({"R": role(RoleName={"Ref": "AWS::StackName"})}, {}, "`AWS::StackName` has no value"),
    "names that rest on each other": (
        {"R": role(RoleName={"Ref": "Q"}), "Q": role(RoleName={"Ref": "R"})},
        {},
        "the name rests on itself",
    ),
    "two roles of one name": ({"R": role(RoleName="Porter-Manager")}, {}, "two resources make a role named"),
    "an open condition": ({"R": {**role(RoleName="r"), "Condition": "Nope"}}, {}, "whether it is made is open"),
    "properties made by a macro": (
        {"R": {"Type": "AWS::IAM::Role", "Properties": {"Fn::Transform": {"Name": "m"}}}},
        {},
        "`Fn::Transform` makes the properties on creation",
    ),
    "a policy for an unknown role": (
        {"P": {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Fn::ImportValue": "x"}]}}},
        {},
        "the role is not known",
    ),
    "a policy for users": (
        {"P": {"Type": "AWS::IAM::Policy", "Properties": {"Users": ["u"]}}},
        {},
        "users and groups of a template are not read",
    ),
}


@pytest.mark.parametrize(("resources", "more", "reason"), LOST.values(), ids=LOST)
def test_what_may_hide_identities_keeps_the_list_from_counting_as_whole(
    tmp_path: Path, resources: Json, more: Json, reason: str
) -> None:
    snapshot = read(tmp_path, template({"Role": role(), **resources}, **more))
    assert details(snapshot).status is UnitStatus.TRUNCATED
    assert reason in lost(snapshot)
    assert "porter-manager" in roles(snapshot)


def test_a_generated_name_starts_with_the_stacks(tmp_path: Path) -> None:
    snapshot = read(tmp_path, template({"Role": role(RoleName=None)}), AWS__StackName="PorterRole")
    assert list(roles(snapshot)) == ["PorterRole-Role-(made on creation)"]
    assert details(snapshot).status is UnitStatus.COMPLETE


def test_a_role_whose_condition_is_false_is_not_made_and_that_is_said(tmp_path: Path) -> None:
    resources = {"Role": role(), "No": {**role(RoleName="no"), "Condition": "Never"}}
    snapshot = read(tmp_path, template(resources, Conditions={"Never": {"Fn::Equals": ["a", "b"]}}))
    assert list(roles(snapshot)) == ["porter-manager"]
    assert "`No` is not made" in notes(snapshot)


def test_other_resources_and_defaults_are_said(tmp_path: Path) -> None:
    snapshot = read(tmp_path, with_resource("x"))
    assert "AWS::S3::Bucket (1)" in notes(snapshot)
    assert "judged with the default of `Env`" in notes(snapshot)


def test_an_external_id_given_for_a_parameter_is_never_stored(tmp_path: Path) -> None:
    secret = "kept-very-" + "secret-4711"
    document = trust("arn:aws:iam::1:root")
    document["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalIdParameter"}}}
    parameters = {"ExternalIdParameter": {"Type": "String"}}
    resources = {"Role": role(AssumeRolePolicyDocument=document, Description={"Ref": "ExternalIdParameter"})}
    snapshot = read(tmp_path, template(resources, Parameters=parameters), ExternalIdParameter=secret)
    assert secret not in repr(snapshot)
    assert len(snapshot.external_ids) == 1


YAML = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Join ['-', [porter, manager]]
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: "s3:*", Resource: !ImportValue x}]}
"""


def test_yaml_with_short_forms_is_read_and_open_places_have_lines(tmp_path: Path) -> None:
    found = roles(read(tmp_path, YAML, ".yaml"))["porter-manager"]
    assert isinstance(found.trust, Observed)
    assert found.trust.value["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    document = found.policies[0].document
    assert isinstance(document, NotObserved)
    assert "(line 13)" in document.reason


def test_json_in_a_file_named_template_is_read(tmp_path: Path) -> None:
    assert list(roles(read(tmp_path, template({"Role": role()}), ".template"))) == ["porter-manager"]


REFUSED = {
    "no resources": (template({}), ".json", "the template has no resources"),
    "resources that are a list": (
        template({}) | {"Resources": []},
        ".json",
        "/Resources: `Resources` is not an object",
    ),
    "a resource without type": (template({"R": {"Properties": {}}}), ".json", "/Resources/R: resource `R` has no type"),
    "properties that are text": (
        template({"R": {"Type": "AWS::IAM::Role", "Properties": "x"}}),
        ".json",
        "the properties are not an object",
    ),
    "YAML that is no template": ("a: 1\n", ".yaml", "not recognised"),
    "an alias": ("Resources: &a {}\n", ".yaml", "line 1: anchors are not allowed"),
    "a resource without type, in YAML": ("Resources:\n  A:\n    Type: x\n  R: {}\n", ".yaml", "/Resources/R (line 4)"),
    "a tag of no function": ("Resources: !Foo {}\n", ".yaml", "line 1: tag `!Foo` is not allowed"),
}


@pytest.mark.parametrize(("given", "suffix", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_template_is_refused_in_one_line(tmp_path: Path, given: Any, suffix: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, given, suffix)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_value_for_a_parameter_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the template has no parameter `Nmae`"):
        read(tmp_path, with_resource("x"), Nmae="n")


def test_a_value_that_is_not_allowed_is_refused(tmp_path: Path) -> None:
    parameters = {"Env": {"Type": "String", "AllowedValues": ["prod"]}}
    with pytest.raises(InputError, match="the value given for `Env` is not an allowed one"):
        read(tmp_path, template({"Role": role()}, Parameters=parameters), Env="dev")


def test_template_values_for_an_export_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is for CloudFormation templates"):
        read(tmp_path, {"RoleDetailList": []}, Name="n")


def test_conditions_that_share_parts_are_decided_once(tmp_path: Path) -> None:
    """Each of sixty conditions names the one before it twice: without memory that is 2**60 steps."""
    conditions: Json = {"C0": {"Fn::Equals": [{"Ref": "Name"}, "b"]}}
    conditions |= {f"C{i}": {"Fn::And": [{"Condition": f"C{i - 1}"}] * 2} for i in range(1, 60)}
    resources = {"Role": {**role(), "Condition": "C59"}}
    snapshot = read(tmp_path, template(resources, Conditions=conditions, Parameters={"Name": {"Type": "String"}}))
    assert "whether it is made is open" in lost(snapshot)


HUGE = {
    "Sub": {"Fn::Sub": "${P}" * 20_000},
    "Join": {"Fn::Join": ["", [{"Ref": "P"}] * 20_000]},
    "Split": [{"Fn::Split": ["x", {"Ref": "P"}]}] * 20_000,
    "FindInMap": [{"Fn::FindInMap": ["M", "a", "b"]}] * 20_000,
}


@pytest.mark.parametrize("node", HUGE.values(), ids=HUGE)
def test_values_that_grow_without_end_are_undecided(tmp_path: Path, node: Any) -> None:
    parameters = {"P": {"Type": "String", "Default": "x" * 100_000}}
    mappings = {"M": {"a": {"b": ["x"] * 100_000}}}
    policies = [{"PolicyName": "p", "PolicyDocument": allow(node)}]
    huge = template({"Role": role(Policies=policies)}, Parameters=parameters, Mappings=mappings)
    found = roles(read(tmp_path, huge))["porter-manager"].policies[0].document
    assert isinstance(found, NotObserved)
    assert "functions make more than" in found.reason


def test_names_of_the_template_cannot_steer_a_terminal(tmp_path: Path) -> None:
    resources = {"Role": role(), "Ev\x1b[31mil": {"Type": "Custom::\x1b[2JThing"}}
    assert "\x1b" not in lost(read(tmp_path, template(resources))) + notes(read(tmp_path, template(resources)))
