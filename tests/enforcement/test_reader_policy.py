"""The published read-only policy against an emulator that enforces IAM: it suffices, and nothing in it is idle.

The emulator is another project's, in its own environment and process (`make emulator`); what it decides is independent
of our loopback account and of our evaluators.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import scanner
from scanner.collect.aws.account import collect_aws
from scanner.collect.aws.allowlist import READ_ONLY_CALLS
from scanner.collect.aws.permissions import aws_policy
from scanner.collect.aws.session import AwsOptions
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot, UnitStatus

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".venv" / "emulator" / "bin" / "ministack"
READER = "reader"
REGION = "us-east-1"
# The emulator has no organization to describe, and `account:ListRegions` is asked only where EC2 refuses.
IDLE_HERE = {"account:ListRegions"}
ACTIONS = sorted({action for s in aws_policy("account")["Statement"] for action in s["Action"]} - IDLE_HERE)

# AWS authorizes DescribePodIdentityAssociation on the association (Service Authorization Reference); the emulator asks
# for the cluster instead.
_ASSOCIATIONS, _CLUSTERS = "eks:*:*:podidentityassociation/*/*", "eks:*:*:cluster/*"


class Emulator:
    """The running emulator: its address, and clients of its root user."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def client(self, service: str, key: str = "test", secret: str = "test") -> Any:
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    if not PROGRAM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("the emulator is not installed: make emulator")
        pytest.skip("the emulator is not installed: make emulator")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AUTH": "true", "HOME": "/nowhere"}
    folder = tmp_path_factory.mktemp("emulator")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM], env={"PATH": "/usr/bin:/bin", **settings}, cwd=folder, stdout=log, stderr=log
        )
    try:
        _wait(port, process)
        yield Emulator(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the emulator ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the emulator does not answer")


@pytest.fixture(scope="module")
def account(emulator: Emulator) -> Emulator:
    """An account that gives every call something to answer: a stack, a cluster, an association, users, providers."""
    iam, eks = emulator.client("iam"), emulator.client("eks")
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:*"}],
        }
    )
    role = iam.create_role(RoleName="porter-s3-00decade00", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.create_user(UserName="porter-ci")
    iam.create_access_key(UserName="porter-ci")
    iam.create_open_id_connect_provider(
        Url="https://oidc.eks.us-east-1.amazonaws.com/id/0",
        ClientIDList=["sts.amazonaws.com"],
        ThumbprintList=["0" * 40],
    )
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}
    emulator.client("cloudformation").create_stack(StackName="PorterRole", TemplateBody=json.dumps(template))
    subnets = {"subnetIds": ["subnet-1", "subnet-2"]}
    eks.create_cluster(name="apps", roleArn=role, resourcesVpcConfig=subnets)
    eks.create_pod_identity_association(clusterName="apps", namespace="default", serviceAccount="api", roleArn=role)
    iam.create_user(UserName=READER)
    return emulator


@pytest.fixture(scope="module")
def key(account: Emulator) -> dict[str, str]:
    made: dict[str, str] = account.client("iam").create_access_key(UserName=READER)["AccessKey"]
    return made


def read(
    account: Emulator,
    key: dict[str, str],
    policy: JsonObject,
    monkeypatch: pytest.MonkeyPatch,
    *,
    regions: tuple[str, ...] = (),
) -> Snapshot:
    document = json.dumps(policy).replace(_ASSOCIATIONS, _CLUSTERS)
    account.client("iam").put_user_policy(UserName=READER, PolicyName="read", PolicyDocument=document)
    for name, value in (
        ("AWS_ACCESS_KEY_ID", key["AccessKeyId"]),
        ("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"]),
        ("AWS_ENDPOINT_URL", account.endpoint),
        ("AWS_DEFAULT_REGION", REGION),
    ):
        monkeypatch.setenv(name, value)
    options = AwsOptions(regions=regions, max_attempts=1)
    return collect_aws(options, clock=lambda: datetime.now(UTC), hmac_key=b"of the tests alone" * 2)


def without(action: str) -> JsonObject:
    policy = aws_policy("account")
    statements = [{**s, "Action": [a for a in s["Action"] if a != action]} for s in policy["Statement"]]
    return {**policy, "Statement": [s for s in statements if s["Action"]]}


def test_the_policy_suffices_for_a_whole_scan(
    account: Emulator, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = read(account, key, aws_policy("account"), monkeypatch)
    unread = {u.kind: u.error for u in snapshot.units if u.status is not UnitStatus.COMPLETE}
    assert {kind: error for kind, error in unread.items() if "organizations" not in kind} == {}
    sent = {f"{call.service}:{call.operation}" for call in snapshot.calls}
    assert sent <= {call.api for call in READ_ONLY_CALLS}
    # Every permission of the policy was put to use, so the test of each one below can fail.
    used = {action for call in READ_ONLY_CALLS if call.api in sent for action in call.iam_actions}
    assert set(ACTIONS) <= used


@pytest.mark.parametrize("action", ACTIONS)
def test_each_permission_is_needed(
    account: Emulator, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    everywhere = () if action == "ec2:DescribeRegions" else (REGION,)
    snapshot = read(account, key, without(action), monkeypatch, regions=everywhere)
    denied = {
        f"{call.service}:{call.operation}" for call in snapshot.calls if call.outcome is UnitStatus.DENIED
    }
    assert {call.api for call in READ_ONLY_CALLS if action in call.iam_actions} <= denied


@pytest.mark.parametrize(
    ("shown", "effect"), [(None, "implicit_deny"), ("wrong", "implicit_deny"), ("right", "allowed")]
)
def test_an_independent_enforcer_agrees_on_the_external_id(
    account: Emulator, key: dict[str, str], shown: str | None, effect: str
) -> None:
    from botocore.exceptions import ClientError

    iam = account.client("iam")
    reader = iam.get_user(UserName=READER)["User"]["Arn"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": reader},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "right"}},
            }
        ],
    }
    name = f"porter-manager-{shown}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
    iam.put_user_policy(UserName=READER, PolicyName="assume", PolicyDocument=json.dumps(allow))
    more = {} if shown is None else {"ExternalId": shown}
    sts = account.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
    try:
        sts.assume_role(RoleArn=role, RoleSessionName="test", **more)
        enforced = "allowed"
    except ClientError:
        enforced = "implicit_deny"
    context = {} if shown is None else {"sts:ExternalId": shown}
    request = {"principal": reader, "action": "sts:AssumeRole", "resource": role, "context": context}
    decided = scanner.authorize(request, identity=[allow], trust=trust).effect
    assert (enforced, decided) == (effect, effect)
