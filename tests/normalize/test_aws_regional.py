"""Stacks, clusters, Pod Identity associations, OIDC providers, regions and counters to records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scanner.errors import InputError
from scanner.model import kinds
from scanner.model.common import NotObserved
from scanner.model.inventory import AwsAccount
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitStatus
from scanner.normalize.inventory import normalize

ACCOUNT = "123456789012"
STACK_ID = f"arn:aws:cloudformation:us-east-2:{ACCOUNT}:stack/PorterRole/1"


def account(kind: str, *pages: dict[str, Any], region: str = "us-east-2") -> AwsAccount:
    unit = Unit(
        unit_id=f"aws/{ACCOUNT}/{region}/{kind}",
        kind=kind,
        cloud="aws",
        scope_id=ACCOUNT,
        region=region,
        required=True,
        status=UnitStatus.COMPLETE,
        apis=(),
        pages=pages,
    )
    snapshot = Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.LIVE,
        tool_version="0",
        collected_at=datetime(2026, 1, 1, tzinfo=UTC),
        scopes=(Scope(cloud="aws", kind="account", id=ACCOUNT, partition="aws"),),
        units=(unit,),
    )
    return normalize(snapshot).aws[0]


def call(operation: str, **params: Any) -> dict[str, Any]:
    return {"_call": {"operation": operation, "params": params}}


STACK = {
    "StackId": STACK_ID,
    "StackName": "PorterRole",
    "StackStatus": "CREATE_COMPLETE",
    "CreationTime": "2024-05-01T12:00:00Z",
    "Parameters": [
        {"ParameterKey": "TrustArnParameter", "ParameterValue": "arn:aws:iam::108458755588:root"},
        {"ParameterKey": "ExternalIdParameter", "ParameterValue": "xid-0"},
    ],
}


def resource(name: str, **more: Any) -> dict[str, Any]:
    return {"LogicalResourceId": name, "ResourceType": "AWS::IAM::Role", "ResourceStatus": "CREATE_COMPLETE", **more}


def test_a_stack_has_its_parameters_and_the_resources_of_all_pages() -> None:
    drifted = resource("B", DriftInformation={"StackResourceDriftStatus": "MODIFIED"})
    found = account(
        kinds.STACK,
        {**call("DescribeStacks", StackName="PorterRole"), "Stacks": [STACK]},
        {**call("ListStackResources", StackName=STACK_ID), "StackResourceSummaries": [drifted]},
        {**call("ListStackResources", StackName=STACK_ID), "StackResourceSummaries": [resource("A")]},
        {**call("ListStackResources", StackName="another"), "StackResourceSummaries": [resource("C")]},
    ).stacks[0]
    assert (found.name, found.region, found.status, found.drift_status) == (
        "PorterRole",
        "us-east-2",
        "CREATE_COMPLETE",
        None,
    )
    assert dict(found.parameters)["ExternalIdParameter"] == "xid-0"
    assert [(row.logical_id, row.drift_status, row.physical_id) for row in found.resources] == [
        ("A", None, None),
        ("B", "MODIFIED", None),
    ]
    assert found.created_at == datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert found.evidence.pointer == "/0/Stacks/0"


def test_no_stack_is_no_record() -> None:
    assert account(kinds.STACK, {"_call": {"operation": "DescribeStacks", "error": {}}}).stacks == ()


def test_only_described_clusters_are_records() -> None:
    described = {"name": "c", "arn": "arn:c", "identity": {"oidc": {"issuer": "https://issuer"}}}
    found = account(kinds.CLUSTERS, {"clusters": ["c", "d"]}, {"cluster": described}).clusters
    assert [(cluster.name, cluster.oidc_issuer) for cluster in found] == [("c", "https://issuer")]


def association(number: str, **more: Any) -> dict[str, Any]:
    return {
        "clusterName": "c",
        "namespace": "n",
        "serviceAccount": "s",
        "associationId": number,
        **more,
    }


def test_an_association_takes_its_role_from_its_description() -> None:
    found = account(
        kinds.POD_IDENTITIES,
        {"associations": [association("a-2"), association("a-1")]},
        {"association": association("a-1", roleArn="arn:r", targetRoleArn="arn:t")},
    ).pod_identities
    assert [row.association_id for row in found] == ["a-1", "a-2"]
    assert (found[0].role_arn, found[0].target_role_arn) == ("arn:r", "arn:t")
    assert isinstance(found[1].role_arn, NotObserved)


def test_an_oidc_provider_that_was_only_listed_has_no_url() -> None:
    found = account(
        kinds.OIDC_PROVIDERS,
        {"OpenIDConnectProviderList": [{"Arn": "arn:b"}, {"Arn": "arn:a"}]},
        {
            **call("GetOpenIDConnectProvider", OpenIDConnectProviderArn="arn:a"),
            "Url": "u",
            "ClientIDList": ["y", "x"],
        },
        region="global",
    ).oidc_providers
    assert [(row.arn, row.url, row.client_ids) for row in found] == [("arn:a", "u", ("x", "y")), ("arn:b", None, ())]


def test_regions_and_counters_are_sorted() -> None:
    regions = [{"RegionName": name} for name in ("us-east-2", "eu-west-1", "us-east-2")]
    assert account(kinds.REGIONS, {"Regions": regions}, region="global").regions == ("eu-west-1", "us-east-2")


def test_regions_that_an_operator_typed_are_told_from_those_that_are_enabled() -> None:
    rows = {"Regions": [{"RegionName": "eu-west-1"}]}
    typed, listed = ({"_call": {"operation": name}, **rows} for name in ("--regions", "DescribeRegions"))
    assert account(kinds.REGIONS, typed, region="global").regions_named
    assert not account(kinds.REGIONS, listed, region="global").regions_named
    summary = account(kinds.ACCOUNT_SUMMARY, {"SummaryMap": {"Roles": 3, "Groups": 1}}, region="global").summary
    assert summary == (("Groups", 1), ("Roles", 3))


@pytest.mark.parametrize(
    ("kind", "page", "words"),
    [
        (kinds.STACK, {"Stacks": [{}]}, "/0/Stacks/0/StackId: is missing"),
        (kinds.CLUSTERS, {"cluster": {"name": "c"}}, "/0/cluster/arn: is missing"),
        (kinds.CLUSTERS, {"cluster": []}, "/0/cluster: is not an object"),
        (kinds.POD_IDENTITIES, {"associations": [{}]}, "/0/associations/0/clusterName: is missing"),
        (kinds.REGIONS, {"Regions": [{}]}, "/0/Regions/0/RegionName: is missing"),
        (kinds.ACCOUNT_SUMMARY, {"SummaryMap": {"a/b~": "x"}}, "/0/SummaryMap/a~1b~0: is not a whole number"),
    ],
)
def test_a_malformed_answer_is_refused_with_its_pointer(kind: str, page: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        account(kind, page)
    assert words in str(caught.value)
