"""The command that repeats a call by hand is a safe shell line."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import sample_report as sample
from msgspec.structs import replace

from scanner.collect.azure.allowlist import AZURE_CALLS, AzureCall
from scanner.collect.gcp.allowlist import GCP_CALLS, GcpCall
from scanner.render.calls import command

CALL = sample.clean().calls[0]


@pytest.mark.parametrize(
    ("service", "operation", "region", "params", "expected"),
    [
        ("sts", "GetCallerIdentity", "us-east-1", {}, "aws sts get-caller-identity --region us-east-1"),
        ("iam", "ListOpenIDConnectProviders", "aws-global", {}, "aws iam list-open-id-connect-providers"),
        ("iam", "GetSAMLProvider", "", {"SAMLProviderArn": "a"}, "aws iam get-saml-provider --saml-provider-arn a"),
        (
            "eks",
            "ListPodIdentityAssociations",
            "eu-west-1",
            {"clusterName": "prod blue", "nextToken": "t", "maxResults": 100},
            "aws eks list-pod-identity-associations --region eu-west-1 --cluster-name 'prod blue'",
        ),
        ("ec2", "DescribeRegions", "global", {"AllRegions": False}, "aws ec2 describe-regions --no-all-regions"),
        ("ec2", "DescribeRegions", "global", {"AllRegions": True}, "aws ec2 describe-regions --all-regions"),
        ("ec2", "X", "", {"Filters": [{"Name": "a"}]}, 'aws ec2 x --filters \'[{"Name": "a"}]\''),
    ],
)
def test_command(service: str, operation: str, region: str, params: dict[str, Any], expected: str) -> None:
    call = replace(CALL, service=service, operation=operation, region=region, params=params)
    assert command(call, "aws") == expected


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("projects.get", {"name": "projects/p"}, "projects describe p"),
        ("projects.list", {"parent": "folders/4"}, "projects list --filter parent.id=4"),
        ("folders.list", {"parent": "organizations/7"}, "resource-manager folders list --organization 7"),
        ("folders.list", {"parent": "folders/4"}, "resource-manager folders list --folder 4"),
        (
            "projects.serviceAccounts.getIamPolicy",
            {"resource": "projects/p/serviceAccounts/a@p.example", "options": {"requestedPolicyVersion": 3}},
            "iam service-accounts get-iam-policy a@p.example --project p",
        ),
        ("roles.get", {"name": "roles/owner"}, "iam roles describe roles/owner"),
        ("roles.get", {"name": "projects/p/roles/mine"}, "iam roles describe mine --project p"),
        ("roles.get", {"name": "organizations/7/roles/mine"}, "iam roles describe mine --organization 7"),
        (
            "policies.get",
            {"name": "policies/crm%2Fprojects%2Fp/denypolicies/freeze"},
            "iam policies get freeze --attachment-point crm%2Fprojects%2Fp --kind denypolicies",
        ),
        (
            "projects.locations.workloadIdentityPools.providers.list",
            {"parent": "projects/12/locations/global/workloadIdentityPools/pool"},
            "iam workload-identity-pools providers list --location global --show-deleted "
            "--workload-identity-pool pool --project 12",
        ),
    ],
)
def test_gcp_command(operation: str, params: dict[str, Any], expected: str) -> None:
    assert command(replace(CALL, operation=operation, params=params), "gcp") == f"gcloud {expected} --format json"


_NAMES = {
    "name": "projects/p/serviceAccounts/x",
    "parent": "projects/p/locations/global/workloadIdentityPools/pool",
    "resource": "projects/p/serviceAccounts/x",
    "scope": "projects/p",
}


@pytest.mark.parametrize("listed", GCP_CALLS, ids=[call.api for call in GCP_CALLS])
def test_every_listed_gcp_call_has_a_command(listed: GcpCall) -> None:
    line = command(replace(CALL, service=listed.service, operation=listed.operation, params=_NAMES), "gcp")
    assert line is not None
    assert command(replace(CALL, service=listed.service, operation=listed.operation, params={}), "gcp") is None


@pytest.mark.parametrize("listed", AZURE_CALLS, ids=[call.api for call in AZURE_CALLS])
def test_every_listed_azure_call_has_a_command_with_its_path_and_version(listed: AzureCall) -> None:
    params = {"id": "i d", "group": "g", "identity": "n"}
    call = replace(CALL, unit_id="azure/sub-1/global/x", service=listed.service, operation=listed.operation)
    line = command(replace(call, params=params), "azure")
    assert line is not None
    words = shlex.split(line)
    path, _, query = words[5].removeprefix("https://graph.microsoft.com").partition("?")
    assert words[:5] == ["az", "rest", "--method", "get", "--url"]
    assert path == listed.path.format(subscription="sub-1", id="i%20d", group="g", identity="n")
    asked = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    needed = {k: v.format(id="i%20d") for k, v in listed.query if k not in {"$select", "$top"}}
    assert needed.items() <= asked.items()
    assert ("ConsistencyLevel=eventual" in words) is ("$search" in needed)


@pytest.mark.parametrize("cloud", ["azure", "gcp", "oci"])
def test_there_is_no_command_for_a_call_that_nobody_knows(cloud: str) -> None:
    assert command(replace(CALL, operation="Unheard.Of"), cloud) is None


def test_an_azure_call_without_its_parameter_has_no_command() -> None:
    assert command(replace(CALL, service="graph", operation="ListMemberships", params={}), "azure") is None


@pytest.mark.parametrize("text", ["; rm -rf /", "$(id)", "`id`", "a'b", 'a"b', "a\nb", "\x1b[2J", "-x"])
def test_a_hostile_value_stays_one_word_on_one_line(text: str) -> None:
    line = command(replace(CALL, region="global", params={"Name": text}), "aws")
    assert line is not None
    assert "\n" not in line
    assert "\x1b" not in line
    assert len(shlex.split(line)) == 5
