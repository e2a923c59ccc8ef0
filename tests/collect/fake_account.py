"""A small account as the scripted AWS answers for it: one of everything that the collector reads, paged."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from fake_aws import Answer, Fault, Reply

ACCOUNT = "123456789012"
SECRET = "kept-very-secret-4711"
"""The ExternalId, planted in several places."""
KEY_ID = "AKIA" + "TESTONLY" + "NOTREAL1"

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::108458755588:role/CAPIManagement"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": SECRET}},
        }
    ],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


def encoded(document: Any) -> str:
    """Return a policy document as IAM sends it."""
    return quote(json.dumps(document))


def arn(kind: str, name: str) -> str:
    """Return the ARN of an IAM entity of the account."""
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def role(name: str, **more: Any) -> dict[str, Any]:
    """Return one entry of RoleDetailList."""
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper()}",
        "Arn": arn("role", name),
        "CreateDate": "2024-05-01T12:00:00Z",
        "AssumeRolePolicyDocument": encoded(TRUST),
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": encoded(ALLOW)}],
        "AttachedManagedPolicies": [{"PolicyName": "shared", "PolicyArn": arn("policy", "shared")}],
        "Tags": [{"Key": "note", "Value": f"the id is {SECRET}"}],
        **more,
    }


def user(name: str) -> dict[str, Any]:
    """Return one entry of UserDetailList."""
    return {
        "Path": "/",
        "UserName": name,
        "UserId": f"AIDA{name.upper()}",
        "Arn": arn("user", name),
        "CreateDate": "2024-05-01T12:00:00Z",
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "Tags": [{"Key": KEY_ID, "Value": "made for the test"}],
    }


POLICY = {
    "PolicyName": "shared",
    "PolicyId": "ANPASHARED",
    "Arn": arn("policy", "shared"),
    "DefaultVersionId": "v2",
    "PolicyVersionList": [
        {"VersionId": "v2", "IsDefaultVersion": True, "Document": encoded(ALLOW)},
        {"VersionId": "v1", "IsDefaultVersion": False, "Document": encoded(TRUST)},
    ],
}
LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
DETAIL_PAGES: list[dict[str, Any]] = [
    {"UserDetailList": [user("porter-ci"), user("somebody")]},
    {"RoleDetailList": [role("porter-manager"), role("other")]},
    {"Policies": [POLICY]},
]


def detail_page(number: int, pages: list[dict[str, Any]]) -> Reply:
    """Return page `number` (from 0) of GetAccountAuthorizationDetails."""
    page = {**{key: [] for key in LISTS}, **pages[number]}
    last = number == len(pages) - 1
    return {**page, "IsTruncated": False} if last else {**page, "IsTruncated": True, "Marker": f"m{number + 1}"}


def details(params: dict[str, Any]) -> Reply:
    """Answer GetAccountAuthorizationDetails by the marker that is asked for."""
    return detail_page(int((params.get("Marker") or "m0")[1:]), DETAIL_PAGES)


def keys(params: dict[str, Any]) -> Reply:
    """Answer ListAccessKeys: every user has one key."""
    row = {"UserName": params["UserName"], "AccessKeyId": KEY_ID, "Status": "Active"}
    return {"AccessKeyMetadata": [{**row, "CreateDate": "2024-05-01T12:00:00Z"}], "IsTruncated": False}


def _bare_role(name: str) -> dict[str, Any]:
    """Return a role as it stands in an instance profile: without its policies."""
    return {k: v for k, v in role(name).items() if k in ("Path", "RoleName", "RoleId", "Arn", "CreateDate")}


def profiles(params: dict[str, Any]) -> Reply:
    """Answer ListInstanceProfiles in two pages of one profile: one holds a role, the other none."""
    second = params.get("Marker") == "more"
    name = "empty" if second else "nodes"
    row = {
        "Path": "/",
        "InstanceProfileName": name,
        "InstanceProfileId": f"AIPA{name.upper()}",
        "Arn": arn("instance-profile", name),
        "CreateDate": "2024-05-01T12:00:00Z",
        "Roles": [] if second else [_bare_role("other")],
    }
    more = {"IsTruncated": False} if second else {"IsTruncated": True, "Marker": "more"}
    return {"InstanceProfiles": [row], **more}


STACK_ID = f"arn:aws:cloudformation:us-east-2:{ACCOUNT}:stack/PorterRole/1"
STACKS: Reply = {
    "Stacks": [
        {
            "StackId": STACK_ID,
            "StackName": "PorterRole",
            "CreationTime": "2024-05-01T12:00:00Z",
            "StackStatus": "CREATE_COMPLETE",
            "Parameters": [{"ParameterKey": "ExternalIdParameter", "ParameterValue": SECRET}],
            "Outputs": [{"OutputKey": "external-id", "OutputValue": SECRET}],
            "DriftInformation": {"StackDriftStatus": "IN_SYNC"},
        }
    ]
}
NO_STACK = Fault("ValidationError", "Stack with id PorterRole does not exist")


def stack_resources(params: dict[str, Any]) -> Reply:
    """Answer ListStackResources in two pages of one resource."""
    second = params.get("NextToken") == "more"
    name = "Second" if second else "First"
    row = {
        "LogicalResourceId": name,
        "PhysicalResourceId": name.lower(),
        "ResourceType": "AWS::IAM::Role",
        "LastUpdatedTimestamp": "2024-05-01T12:00:00Z",
        "ResourceStatus": "CREATE_COMPLETE",
    }
    return {"StackResourceSummaries": [row]} if second else {"StackResourceSummaries": [row], "NextToken": "more"}


def cluster(params: dict[str, Any]) -> Reply:
    """Answer DescribeCluster."""
    name = params["name"]
    issuer = f"https://oidc.example/{name}"
    arn_ = f"arn:aws:eks:us-east-2:{ACCOUNT}:cluster/{name}"
    return {"cluster": {"name": name, "arn": arn_, "identity": {"oidc": {"issuer": issuer}}}}


def associations(params: dict[str, Any]) -> Reply:
    """Answer ListPodIdentityAssociations in two pages of one association."""
    second = params.get("nextToken") == "more"
    number = "2" if second else "1"
    row = {
        "clusterName": params["clusterName"],
        "namespace": "porter-agent-system",
        "serviceAccount": f"sa-{number}",
        "associationId": f"a-{number}",
    }
    return {"associations": [row]} if second else {"associations": [row], "nextToken": "more"}


def association(params: dict[str, Any]) -> Reply:
    """Answer DescribePodIdentityAssociation."""
    number = params["associationId"]
    row = {
        "clusterName": params["clusterName"],
        "namespace": "porter-agent-system",
        "serviceAccount": f"sa-{number[-1]}",
        "associationId": number,
        "roleArn": arn("role", "porter-manager"),
    }
    return {"association": row}


def policies_for_target(params: dict[str, Any]) -> Reply:
    """Answer ListPoliciesForTarget: one service control policy on every level, no resource control policy."""
    if params["Filter"] == "RESOURCE_CONTROL_POLICY":
        return {"Policies": []}
    return {"Policies": [{"Id": "p-full", "Name": "FullAWSAccess"}]}


def small_account() -> dict[str, Answer]:
    """Return the answers; tests replace those they break."""
    provider = arn("oidc-provider", "oidc.example/c1")
    return {
        "sts:GetCallerIdentity": {
            "UserId": "AROAREADER:me",
            "Account": ACCOUNT,
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me",
        },
        "iam:GetAccountAuthorizationDetails": details,
        "iam:ListAccessKeys": keys,
        "iam:GetAccountSummary": {"SummaryMap": {"Roles": 2, "Policies": 1}},
        "iam:ListSAMLProviders": {"SAMLProviderList": [{"Arn": f"arn:aws:iam::{ACCOUNT}:saml-provider/sso"}]},
        "iam:ListInstanceProfiles": profiles,
        "iam:ListOpenIDConnectProviders": {"OpenIDConnectProviderList": [{"Arn": provider}]},
        "iam:GetOpenIDConnectProvider": {"Url": "oidc.example/c1", "ClientIDList": ["sts.amazonaws.com"]},
        "ec2:DescribeRegions": {"Regions": [{"RegionName": "us-east-2"}, {"RegionName": "eu-west-1"}]},
        "account:ListRegions": {"Regions": [{"RegionName": "us-east-2", "RegionOptStatus": "ENABLED_BY_DEFAULT"}]},
        "cloudformation:DescribeStacks": NO_STACK,
        "cloudformation:DescribeStacks@us-east-2": STACKS,
        "cloudformation:ListStackResources": stack_resources,
        "eks:ListClusters": {"clusters": []},
        "eks:ListClusters@us-east-2": {"clusters": ["c1"]},
        "eks:DescribeCluster": cluster,
        "eks:ListPodIdentityAssociations": associations,
        "eks:DescribePodIdentityAssociation": association,
        "organizations:DescribeOrganization": {"Organization": {"Id": "o-1"}},
        "organizations:ListParents": {"Parents": [{"Id": "r-root", "Type": "ROOT"}]},
        "organizations:ListPoliciesForTarget": policies_for_target,
        "cloudtrail:LookupEvents": {"Events": []},
        "organizations:DescribePolicy": {"Policy": {"PolicySummary": {"Id": "p-full"}, "Content": json.dumps(ALLOW)}},
    }
