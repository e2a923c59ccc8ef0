"""The account as written: other text than the document, the same access, inside AWS's limits, the same every time."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from scanner.access.compare import compare
from scanner.access.records import NamedDocument
from scanner.app.catalogue import load_catalogue
from scanner.baseline.documents import permission_documents
from scanner.errors import UsageError
from scanner.localcloud.demo import provisioned_aws
from scanner.localcloud.reshape import INLINE_LIMIT, MANAGED_LIMIT, documents, length
from scanner.localcloud.scenario_file import scenario_names

from .conftest import NOW

DOCUMENTED_AWS_MANAGED = {
    "porter-controlplane-manager": 1,
    "porter-node-manager": 6,
}


def details(account) -> dict:
    found = account.cloud.client("iam").get_account_authorization_details()
    return {key: found[key] for key in ("RoleDetailList", "UserDetailList", "GroupDetailList", "Policies")}


@pytest.fixture(scope="module")
def written(documented) -> Iterator[dict]:
    with provisioned_aws("documented", documented.roles, now=NOW) as account:
        yield details(account)


@pytest.fixture(scope="module")
def roles(written) -> dict[str, dict]:
    return {r["RoleName"]: r for r in written["RoleDetailList"]}


@pytest.mark.parametrize("limit", [900, 2048, MANAGED_LIMIT, INLINE_LIMIT])
def test_reshaped_documents_grant_what_is_documented(documented, limit):
    """Whatever the size of the policies; the page's one phantom action is written as what it means."""
    catalogue = load_catalogue()
    for role in documented.roles:
        by_aws = {sid for policy in role.managed_policies for sid in policy.sids}
        rows = tuple(s for s in role.statements if s.sid not in by_aws)
        page = permission_documents(type(role)(**{**_fields(role), "statements": rows}), documented.aliases)
        live = [NamedDocument(f"p{n}", body) for n, body in enumerate(documents(role, limit))]
        found = compare(live, page, catalogue=catalogue, account_id="111122223333", partition="aws")
        assert found.excess == (), role.key
        assert found.undecided == (), role.key
        assert {a for p in found.missing for a in p.actions} <= {"ec2:DeleteVpcEndpoint"}, role.key


def _fields(record) -> dict:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def test_reshaped_documents_are_not_the_pages_text(documented):
    for role in documented.roles:
        printed = {(s.sid, s.actions) for s in role.statements if len(s.actions) > 1}
        kept = [
            s
            for body in documents(role, MANAGED_LIMIT)
            for s in body["Statement"]
            if (s.get("Sid"), tuple(s["Action"])) in printed
        ]
        assert kept == [], role.key


def test_every_policy_is_inside_awss_size_limits(written):
    for policy in written["Policies"]:
        if ":iam::aws:" not in policy["Arn"]:
            assert all(length(v["Document"]) <= MANAGED_LIMIT for v in policy["PolicyVersionList"])
    for role in written["RoleDetailList"]:
        assert sum(length(p["PolicyDocument"]) for p in role["RolePolicyList"]) <= INLINE_LIMIT
        assert length(role["AssumeRolePolicyDocument"]) <= 2048
        assert len(role["AttachedManagedPolicies"]) <= 10


def test_the_largest_role_needs_several_policies(roles):
    assert len(roles["porter-manager"]["AttachedManagedPolicies"]) >= 2


def test_awss_own_policies_are_attached_by_arn(roles):
    for name, role in roles.items():
        if name.startswith("porter-"):
            by_aws = [p for p in role["AttachedManagedPolicies"] if ":iam::aws:" in p["PolicyArn"]]
            assert len(by_aws) == DOCUMENTED_AWS_MANAGED.get(name, 0), name


def test_the_plural_action_is_written_and_never_the_phantom(written):
    text = json.dumps(written, default=str).lower()
    assert "ec2:deletevpcendpoints" in text
    assert '"ec2:deletevpcendpoint"' not in text


def test_the_nodes_role_has_an_instance_profile(roles):
    assert [p["InstanceProfileName"] for p in roles["porter-node-manager"]["InstanceProfileList"]] == [
        "porter-node-manager"
    ]


def test_a_wider_version_that_is_not_the_default_is_left_behind(written):
    policy = next(p for p in written["Policies"] if p["PolicyName"] == "porter-telemetry-manager-policy-1")
    versions = {v["VersionId"]: v["IsDefaultVersion"] for v in policy["PolicyVersionList"]}
    assert versions == {"v1": True, "v2": False}


def test_the_stack_owns_the_access_manager(documented):
    with provisioned_aws("documented", documented.roles, now=NOW) as account:
        cloudformation = account.cloud.client("cloudformation", "us-east-2")
        stack = cloudformation.describe_stacks(StackName="PorterRole")["Stacks"][0]
        resources = cloudformation.list_stack_resources(StackName="PorterRole")["StackResourceSummaries"]
        assert {p["ParameterKey"] for p in stack["Parameters"]} == {"ExternalIdParameter", "TrustArnParameter"}
        assert [r["PhysicalResourceId"] for r in resources] == ["porter-access-manager"]


@pytest.mark.parametrize("scenario", scenario_names())
def test_the_same_scenario_is_the_same_account_every_time(documented, scenario):
    """But for the moments of creation that moto takes from the clock."""
    seen = []
    for _ in range(2):
        with provisioned_aws(scenario, documented.roles, now=NOW) as account:
            seen.append(_without_times(details(account)))
    assert seen[0] == seen[1]


def _without_times(value):
    if isinstance(value, dict):
        return {k: _without_times(v) for k, v in value.items() if k not in ("CreateDate", "UpdateDate")}
    return [_without_times(v) for v in value] if isinstance(value, list) else value


def test_the_external_id_looks_like_no_key(documented):
    with provisioned_aws("documented", documented.roles, now=NOW) as account:
        value = account.facts.external_id
        assert value.startswith("demo-project-")
        assert value.islower()
        assert len(value) < 24


def test_an_unknown_scenario_is_one_clear_line(documented):
    for name in ("nothing", "../../pyproject", "bystanders/x"):
        with pytest.raises(UsageError, match="known are `documented`, `drifted`") as caught:
            provisioned_aws(name, documented.roles, now=NOW).__enter__()
        assert "\n" not in str(caught.value)
