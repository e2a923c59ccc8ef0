"""Writes the vendor's ten roles into a loopback account, as the vendor and AWS really write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from scanner.localcloud.aws import LoopbackAws
from scanner.localcloud.reshape import INLINE_LIMIT, MANAGED_LIMIT, PageRole, documents
from scanner.model.common import JsonObject

PORTER_ACCOUNT_ID = "108458755588"
"""The vendor's account in its 2024 code; the default of the documented version's parameter."""
STACK_REGION = "us-east-2"
CLUSTER = "porter-prod"
NAMESPACE_OF: dict[str, tuple[str, str]] = {
    "porter-karpenter": ("kube-system", "karpenter"),
    "porter-telemetry-manager": ("monitoring", "otel-collector"),
    "porter-agent-compliance-manager": ("porter-agent-system", "porter-agent"),
    "porter-eso-secrets-manager": ("external-secrets", "external-secrets"),
    "porter-s3-*": ("monitoring", "loki"),
}
"""Documented pod role -> the one (namespace, service account) that has it."""

_INLINE = (
    "porter-controlplane-manager",
    "porter-agent-compliance-manager",
    "porter-eso-secrets-manager",
    "porter-s3-*",
)
"""Roles whose own grants are written inline; the others have customer-managed policies."""
_POD = "pods.eks.amazonaws.com"
_ASSUME_AND_TAG = ["sts:AssumeRole", "sts:TagSession"]


class AwsFacts(msgspec.Struct, frozen=True):
    """What the demo account is made of; also what scenario files may name in braces."""

    account_id: str
    external_id: str
    now: datetime
    porter_account_id: str = PORTER_ACCOUNT_ID
    partition: str = "aws"

    @property
    def external_role(self) -> str:
        """Return the ARN of the vendor's role that may come in from outside."""
        return f"arn:aws:iam::{self.porter_account_id}:role/CAPIManagement"

    @property
    def s3_role(self) -> str:
        """Return the live name of the one bucket role."""
        return f"porter-s3-{sha256(b'bucket of the demo').hexdigest()[:10]}"

    def live_name(self, key: str) -> str:
        """Return the name a documented role has in the account."""
        return self.s3_role if key == "porter-s3-*" else key


def demo_external_id() -> str:
    """Return the demo's ExternalId, made from a fixed seed and of a form that no key or token has."""
    return "demo-project-" + sha256(b"ExternalId of the demo").hexdigest()[:8]


def provision(cloud: LoopbackAws, roles: Sequence[PageRole], facts: AwsFacts) -> None:
    """Write the documented roles, the stack, the cluster and its associations into an empty account."""
    iam = cloud.client("iam")
    for role in roles:
        name = facts.live_name(role.key)
        if name == "porter-access-manager":
            _create_stack(cloud, role, facts)
        else:
            trust = json.dumps(trust_of(role.key, facts))
            tags = [{"Key": "porter.run/managed", "Value": "true"}]
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=tags)
            _grant(iam, role, name, facts)
    _outdated_version(iam, facts)
    iam.create_instance_profile(InstanceProfileName="porter-node-manager")
    iam.add_role_to_instance_profile(InstanceProfileName="porter-node-manager", RoleName="porter-node-manager")
    _create_cluster(cloud, roles, facts)
    _date(cloud, roles, facts)


def trust_of(key: str, facts: AwsFacts) -> JsonObject:
    """Return a role's trust policy as the vendor's templates write it."""
    outside: JsonObject = {"Effect": "Allow", "Principal": {"AWS": facts.external_role}, "Action": "sts:AssumeRole"}
    services: Any
    match key:
        case "porter-manager":
            # The case of the condition key is one of the spellings that AWS takes for the same.
            required = {"StringEquals": {"sts:ExternalID": facts.external_id}}
            services = _services(["eks.amazonaws.com", "ec2.amazonaws.com"])
            statements = [{"Sid": "PorterAssumeRole", **outside, "Condition": required}, services]
        case "porter-infra-manager":
            services = _services([_POD, "ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com", "eks.amazonaws.com"])
            statements = [services, outside | {"Principal": {"AWS": [facts.external_role]}}]
        case "porter-controlplane-manager" | "porter-node-manager":
            service = "eks.amazonaws.com" if "controlplane" in key else "ec2.amazonaws.com"
            statements = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
        case _:
            statements = [_services(_POD)]
    return {"Version": "2012-10-17", "Statement": statements}


def stack_template(role: PageRole) -> JsonObject:
    """Return the template of the stack that makes porter-access-manager."""
    services = ["ec2.amazonaws.com", "eks.amazonaws.com", _POD]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": {"Ref": "TrustArnParameter"}}, "Action": "sts:AssumeRole"},
            _services(services),
        ],
    }
    policies = [
        {"PolicyName": f"PorterIAMAccess{n}", "PolicyDocument": document}
        for n, document in enumerate(documents(role, INLINE_LIMIT), 1)
    ]
    properties = {"RoleName": "porter-access-manager", "AssumeRolePolicyDocument": trust, "Policies": policies}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {"ExternalIdParameter": {"Type": "String"}, "TrustArnParameter": {"Type": "String"}},
        "Resources": {"PorterAccessManagerRole": {"Type": "AWS::IAM::Role", "Properties": properties}},
    }


def _services(names: str | list[str]) -> JsonObject:
    return {"Effect": "Allow", "Principal": {"Service": names}, "Action": _ASSUME_AND_TAG}


def _create_stack(cloud: LoopbackAws, role: PageRole, facts: AwsFacts) -> None:
    parameters = {"ExternalIdParameter": facts.external_id, "TrustArnParameter": facts.external_role}
    cloud.client("cloudformation", STACK_REGION).create_stack(
        StackName="PorterRole",
        TemplateBody=json.dumps(stack_template(role)),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )


def _grant(iam: Any, role: PageRole, name: str, facts: AwsFacts) -> None:
    for managed in role.managed_policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=managed.arn)
    if role.key in _INLINE:
        for n, document in enumerate(documents(role, INLINE_LIMIT), 1):
            iam.put_role_policy(RoleName=name, PolicyName=f"{name}-{n}", PolicyDocument=json.dumps(document))
        return
    for n, document in enumerate(documents(role, MANAGED_LIMIT), 1):
        made = iam.create_policy(PolicyName=f"{name}-policy-{n}", PolicyDocument=json.dumps(document))
        iam.attach_role_policy(RoleName=name, PolicyArn=made["Policy"]["Arn"])


def _outdated_version(iam: Any, facts: AwsFacts) -> None:
    """Leave a wider version behind the default one, as happens in real accounts; it grants nothing."""
    arn = f"arn:{facts.partition}:iam::{facts.account_id}:policy/porter-telemetry-manager-policy-1"
    wide = {"Effect": "Allow", "Action": ["aps:*", "s3:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [wide]})
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=False)


def _create_cluster(cloud: LoopbackAws, roles: Sequence[PageRole], facts: AwsFacts) -> None:
    eks = cloud.client("eks")
    head = f"arn:{facts.partition}:iam::{facts.account_id}:role"
    eks.create_cluster(
        name=CLUSTER,
        version="1.33",
        roleArn=f"{head}/porter-controlplane-manager",
        resourcesVpcConfig={"subnetIds": ["subnet-0a1", "subnet-0b2"]},
        tags={"porter.run/managed": "true"},
    )
    for role in roles:
        if role.key in NAMESPACE_OF:
            namespace, account = NAMESPACE_OF[role.key]
            eks.create_pod_identity_association(
                clusterName=CLUSTER,
                namespace=namespace,
                serviceAccount=account,
                roleArn=f"{head}/{facts.live_name(role.key)}",
            )


def _date(cloud: LoopbackAws, roles: Sequence[PageRole], facts: AwsFacts) -> None:
    """Make the roles four months old and used within the last days."""
    for n, role in enumerate(roles):
        cloud.state.backdate(
            facts.live_name(role.key),
            created=facts.now - timedelta(days=120 - n),
            used=facts.now - timedelta(hours=3 + 5 * n),
            region=cloud.regions[0],
        )
