"""What else a customer's account holds: roles, users and groups that have nothing to do with the vendor."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from scanner.localcloud.aws import LoopbackAws
from scanner.localcloud.provision import CLUSTER, AwsFacts
from scanner.localcloud.scenario_file import read_yaml
from scanner.model.common import JsonObject

_FILE = "bystanders.yaml"


def add_bystanders(cloud: LoopbackAws, facts: AwsFacts) -> None:
    """Write the customer's own identities, from `scenarios/bystanders.yaml`, into the account."""
    content = read_yaml(_FILE, facts)
    iam = cloud.client("iam")
    for service in content["service_linked_roles"]:
        iam.create_service_linked_role(AWSServiceName=service)
    for provider in content["oidc_providers"]:
        iam.create_open_id_connect_provider(Url=provider["url"], ClientIDList=provider["clients"])
    for policy in content["policies"]:
        iam.create_policy(PolicyName=policy["name"], PolicyDocument=_document(policy["statements"]))
    for role in content["roles"]:
        _role(cloud, iam, role, facts)
    for group in content["groups"]:
        iam.create_group(GroupName=group["name"])
        iam.put_group_policy(
            GroupName=group["name"], PolicyName="group", PolicyDocument=_document(group["statements"])
        )
    for user in content["users"]:
        _user(iam, user)
    eks = cloud.client("eks")
    for pods in content["associations"]:
        eks.create_pod_identity_association(clusterName=CLUSTER, **pods)


def _role(cloud: LoopbackAws, iam: Any, role: JsonObject, facts: AwsFacts) -> None:
    name = role["name"]
    iam.create_role(
        RoleName=name,
        Path=role.get("path", "/"),
        Description=role.get("description", ""),
        AssumeRolePolicyDocument=_document([role["trust"]]),
    )
    for arn in role.get("attached", ()):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    if "statements" in role:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(role["statements"]))
    if "boundary" in role:
        iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=role["boundary"])
    used = facts.now - timedelta(days=2)
    cloud.state.backdate(name, created=facts.now - timedelta(days=700), used=used, region=cloud.regions[0])


def _user(iam: Any, user: JsonObject) -> None:
    iam.create_user(UserName=user["name"], Path=user.get("path", "/"))
    for group in user.get("groups", ()):
        iam.add_user_to_group(UserName=user["name"], GroupName=group)
    for arn in user.get("attached", ()):
        iam.attach_user_policy(UserName=user["name"], PolicyArn=arn)
    if user.get("access_key"):
        iam.create_access_key(UserName=user["name"])


def _document(statements: list[JsonObject]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
