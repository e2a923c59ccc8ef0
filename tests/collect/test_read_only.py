"""Only listed calls leave the machine, and the list asks for reading only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fake_aws import FakeAws, service_model

from scanner.collect.aws.allowlist import READ_ONLY_CALLS, SESSION_CALLS, read_only_call
from scanner.collect.aws.session import AwsOptions, AwsSession
from scanner.errors import ForbiddenCallError
from scanner.model.kinds import AWS_KINDS_ON_REQUEST, AWS_UNIT_KINDS

READING = ("Get", "List", "Describe", "Lookup")


def session(aws: FakeAws) -> AwsSession:
    return AwsSession(AwsOptions(endpoint_url=aws.url, max_attempts=3), lambda: datetime.now(UTC))


WRITES = [
    ("iam", "CreateRole", {"RoleName": "x", "AssumeRolePolicyDocument": "{}"}),
    ("iam", "DeleteRole", {"RoleName": "x"}),
    ("cloudformation", "DeleteStack", {"StackName": "PorterRole"}),
    ("eks", "DeleteCluster", {"name": "c1"}),
    ("organizations", "LeaveOrganization", {}),
    ("ec2", "TerminateInstances", {"InstanceIds": ["i-0"]}),
    ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::123456789012:role/x", "RoleSessionName": "session"}),
    ("iam", "ListUsers", {}),
    ("secretsmanager", "GetSecretValue", {"SecretId": "x"}),
]


@pytest.mark.parametrize(("service", "operation", "params"), WRITES)
def test_a_call_that_is_not_listed_is_refused_before_any_byte_is_sent(
    aws: FakeAws, service: str, operation: str, params: dict[str, object]
) -> None:
    with pytest.raises(ForbiddenCallError, match=f"{service}:{operation}"):
        session(aws).client(service).send(operation, params)
    assert aws.requests == []


def test_a_listed_call_is_sent(aws: FakeAws) -> None:
    session(aws).client("iam").send("GetAccountSummary", {})
    assert aws.operations() == ["iam:GetAccountSummary"]


@pytest.mark.parametrize("call", READ_ONLY_CALLS, ids=lambda call: call.api)
def test_every_listed_call_exists_reads_and_feeds_a_known_unit(call: object) -> None:
    assert isinstance(call, type(READ_ONLY_CALLS[0]))
    assert call.operation in service_model(call.service).operation_names
    assert call.operation.startswith(READING)
    assert all(action.split(":")[1].startswith(READING) for action in call.iam_actions)
    assert call.kind in {kind.kind for kind in (*AWS_UNIT_KINDS, *AWS_KINDS_ON_REQUEST)}
    assert bool(call.counts) != bool(call.holds)
    output = service_model(call.service).operation_model(call.operation).output_shape
    assert {*call.counts, *filter(None, [call.holds])} <= set(output.members)


def test_becoming_the_reader_is_the_only_call_beside_the_list() -> None:
    assert {("sts", "AssumeRole")} == SESSION_CALLS
    with pytest.raises(ForbiddenCallError):
        read_only_call("sts", "AssumeRole")


def test_every_kind_of_unit_is_fed_by_a_listed_call() -> None:
    assert {call.kind for call in READ_ONLY_CALLS} == {
        kind.kind for kind in (*AWS_UNIT_KINDS, *AWS_KINDS_ON_REQUEST)
    }
