"""What each account of the loopback organization holds: the vendor's ten roles, forty others, and the policies."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec

from scanner.localcloud.aws_wire import xml
from scanner.localcloud.fleet_aws import ANY_ACCOUNT, FleetSpec
from scanner.localcloud.provision import (
    CLUSTER,
    NAMESPACE_OF,
    PORTER_ACCOUNT_ID,
    STACK_REGION,
    AwsFacts,
    trust_of,
)
from scanner.localcloud.reshape import MANAGED_LIMIT, PageRole, documents
from scanner.model.common import JsonObject

_CREATED = "2026-01-01T00:00:00Z"
_OUTSIDE = f"arn:aws:iam::{PORTER_ACCOUNT_ID}:role/CAPIManagement"
_PAGE = 100
EXTRA_ACTIONS = ("s3:PutBucketPolicy", "s3:PutBucketAcl")
"""What `drifted` gives to porter-telemetry-manager beyond its page."""


def spec_of(
    accounts: Sequence[str], roles: Sequence[PageRole], *, external_id: str, now: datetime, drifted: Sequence[str] = ()
) -> FleetSpec:
    """Return an organization whose accounts hold the documented `roles` (bound with `ANY_ACCOUNT`).

    In the accounts of `drifted` one role has more. Change what it does with `msgspec.structs.replace`.
    """
    facts = AwsFacts(account_id=ANY_ACCOUNT, external_id=external_id, now=now)
    bodies = tuple(tuple(_pages(_items(roles, facts, drifted=extra))) for extra in (False, True))
    counts = {"Users": 0, "Groups": 0, "Roles": len(roles) + 40, "InstanceProfiles": 0}
    associations = {one["associationId"]: json.dumps(one) for one in _associations(roles, facts)}
    entries = "".join(f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in counts.items())
    return FleetSpec(
        accounts=tuple(accounts),
        bodies=bodies,
        kinds=dict.fromkeys(drifted, 1),
        summary=f"<SummaryMap>{entries}</SummaryMap>",
        external_id=external_id,
        stack=xml("Stacks", [_STACK]),
        stack_resources=xml("StackResourceSummaries", [_STACK_RESOURCE]),
        cluster=CLUSTER,
        associations=associations,
    )


@contextmanager
def running(spec: FleetSpec, folder: Path) -> Iterator[str]:
    """Yield the address of the organization, served by a process of its own."""
    file = folder / "fleet.json"
    file.write_bytes(msgspec.json.encode(spec))
    command = [sys.executable, "-m", "scanner.localcloud.fleet_aws", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout is not None else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def environment(endpoint: str) -> dict[str, str]:
    """Return the environment variables with which any AWS SDK reads the organization."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "loopback",
        "AWS_SECRET_ACCESS_KEY": "loopback",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


_STACK: JsonObject = {
    "StackName": "PorterRole",
    "StackId": f"arn:aws:cloudformation:{STACK_REGION}:{ANY_ACCOUNT}:stack/PorterRole/fleet",
    "CreationTime": _CREATED,
    "StackStatus": "CREATE_COMPLETE",
    "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    "Parameters": [{"ParameterKey": "TrustArnParameter", "ParameterValue": _OUTSIDE}],
}
_STACK_RESOURCE: JsonObject = {
    "LogicalResourceId": "PorterAccessManagerRole",
    "PhysicalResourceId": "porter-access-manager",
    "ResourceType": "AWS::IAM::Role",
    "ResourceStatus": "CREATE_COMPLETE",
    "LastUpdatedTimestamp": _CREATED,
}


def _associations(roles: Sequence[PageRole], facts: AwsFacts) -> Iterator[JsonObject]:
    head = f"arn:aws:eks:{STACK_REGION}:{ANY_ACCOUNT}:podidentityassociation/{CLUSTER}"
    for number, role in enumerate(role for role in roles if role.key in NAMESPACE_OF):
        namespace, account = NAMESPACE_OF[role.key]
        yield {
            "clusterName": CLUSTER,
            "namespace": namespace,
            "serviceAccount": account,
            "roleArn": f"arn:aws:iam::{ANY_ACCOUNT}:role/{facts.live_name(role.key)}",
            "associationArn": f"{head}/a-fleet{number}",
            "associationId": f"a-fleet{number}",
        }


def _pages(items: list[tuple[str, JsonObject]]) -> Iterator[str]:
    for start in range(0, len(items), _PAGE):
        page = items[start : start + _PAGE]
        yield "".join(
            xml(name, [value for where, value in page if where == name])
            for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
        )


def _items(roles: Sequence[PageRole], facts: AwsFacts, *, drifted: bool) -> list[tuple[str, JsonObject]]:
    items: list[tuple[str, JsonObject]] = []
    by_aws: dict[str, list[JsonObject]] = {}
    used = (facts.now - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for role in roles:
        name = facts.live_name(role.key)
        attached = [managed.arn for managed in role.managed_policies]
        for managed in role.managed_policies:
            by_aws.setdefault(managed.arn, [_statement(row) for row in role.statements if row.sid in managed.sids])
        for number, document in enumerate(documents(role, MANAGED_LIMIT), 1):
            arn = f"arn:aws:iam::{ANY_ACCOUNT}:policy/{name}-policy-{number}"
            items.append(("Policies", _policy(arn, document)))
            attached.append(arn)
        extra = _extra() if drifted and role.key == "porter-telemetry-manager" else []
        items.append(("RoleDetailList", _role(name, trust_of(role.key, facts), attached, extra, used)))
    items += [("RoleDetailList", _role(f"app-{n:02d}", _LAMBDA, [], _own(n), used)) for n in range(40)]
    return items + [("Policies", _policy(arn, _document(rows))) for arn, rows in sorted(by_aws.items())]


def _statement(row: object) -> JsonObject:
    sid, actions, resources, conditions = (getattr(row, name) for name in ("sid", "actions", "resources", "conditions"))
    made = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return made | ({"Condition": conditions} if conditions else {})


def _document(statements: list[JsonObject]) -> JsonObject:
    return {"Version": "2012-10-17", "Statement": statements}


_LAMBDA = _document([{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}])


def _own(number: int) -> list[tuple[str, JsonObject]]:
    where = [f"arn:aws:s3:::data-{number}", f"arn:aws:s3:::data-{number}/*"]
    grant = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": where}
    return [("own", _document([grant]))]


def _extra() -> list[tuple[str, JsonObject]]:
    grant = {"Effect": "Allow", "Action": list(EXTRA_ACTIONS), "Resource": f"arn:aws:s3:::porter-{ANY_ACCOUNT}-logs"}
    return [("extra", _document([grant]))]


def _role(
    name: str, trust: JsonObject, attached: list[str], inline: list[tuple[str, JsonObject]], used: str
) -> JsonObject:
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROA{name.upper().replace('-', ''):X<17.17}",
        "Arn": f"arn:aws:iam::{ANY_ACCOUNT}:role/{name}",
        "CreateDate": _CREATED,
        "AssumeRolePolicyDocument": quote(json.dumps(trust)),
        "InstanceProfileList": [],
        "RolePolicyList": [{"PolicyName": p, "PolicyDocument": quote(json.dumps(d))} for p, d in inline],
        "AttachedManagedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in attached],
        "Tags": [],
        "RoleLastUsed": {"LastUsedDate": used, "Region": STACK_REGION},
    }


def _policy(arn: str, document: JsonObject) -> JsonObject:
    name = arn.rpartition("/")[2]
    version = {
        "Document": quote(json.dumps(document)),
        "VersionId": "v1",
        "IsDefaultVersion": True,
        "CreateDate": _CREATED,
    }
    return {
        "PolicyName": name,
        "PolicyId": f"ANPA{name.upper().replace('-', ''):X<17.17}",
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 1,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "CreateDate": _CREATED,
        "UpdateDate": _CREATED,
        "PolicyVersionList": [version],
    }
