"""Starting to read: one clear line for everything that can be wrong with profile, credentials, region and role."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_aws import Drop, FakeAws, Fault

from scanner.collect.aws.account import collect_aws
from scanner.collect.aws.session import AwsOptions
from scanner.errors import CollectError
from scanner.model.snapshot import Snapshot

ROLE = "arn:aws:iam::123456789012:role/reader"
SECRET = "kept-very-secret-4711"


def collect(options: AwsOptions) -> Snapshot:
    return collect_aws(options, clock=lambda: datetime.now(UTC), hmac_key=b"k" * 32)


def refused(options: AwsOptions) -> CollectError:
    with pytest.raises(CollectError) as caught:
        collect(options)
    message = str(caught.value)
    assert "\n" not in message
    assert not message.endswith(".")
    assert SECRET not in message
    assert "test-secret" not in message
    return caught.value


def test_an_unknown_profile_is_named(credentials: None) -> None:
    error = refused(AwsOptions(profile="no-such-profile"))
    assert "`no-such-profile`" in str(error)


def test_an_unknown_profile_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    assert "`gone`" in str(refused(AwsOptions()))


def test_a_broken_configuration_file_is_one_line(
    credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile a\nregion = nowhere\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert "configuration" in str(refused(AwsOptions()))


def test_no_credentials_at_all_says_how_to_get_some() -> None:
    error = refused(AwsOptions())
    assert str(error) == "no AWS credentials found"
    assert error.advice is not None
    assert "--profile" in error.advice


def test_half_of_a_credential_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test-key-id")
    assert "cannot be loaded" in str(refused(AwsOptions()))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredToken", "have expired"),
        ("RequestExpired", "have expired"),
        ("InvalidClientTokenId", "not accepted in partition `aws`"),
        ("SignatureDoesNotMatch", "not accepted in partition `aws`"),
    ],
)
def test_credentials_that_aws_turns_down_stop_the_scan(aws: FakeAws, code: str, words: str) -> None:
    aws.answers["sts:GetCallerIdentity"] = Fault(code, "no", 403)
    assert words in str(refused(AwsOptions(endpoint_url=aws.url)))
    assert set(aws.operations()) == {"sts:GetCallerIdentity"}


def test_an_endpoint_where_nobody_listens_stops_the_scan(credentials: None) -> None:
    options = AwsOptions(endpoint_url="http://127.0.0.1:1", max_attempts=1)
    assert "cannot be reached" in str(refused(options))


def test_an_endpoint_that_hangs_up_stops_the_scan(aws: FakeAws) -> None:
    aws.answers["sts:GetCallerIdentity"] = Drop()
    assert "cannot be reached" in str(refused(AwsOptions(endpoint_url=aws.url, max_attempts=1)))


def test_an_endpoint_that_is_no_address_is_one_line(credentials: None) -> None:
    assert "no client can be made" in str(refused(AwsOptions(endpoint_url="not a url")))


def test_a_region_of_no_partition_is_named(credentials: None) -> None:
    assert "`atlantis-7x`" in str(refused(AwsOptions(regions=("atlantis-7x",))))


def test_regions_of_two_partitions_are_refused(credentials: None) -> None:
    error = refused(AwsOptions(regions=("us-east-1", "cn-north-1")))
    assert re.search(r"`cn-north-1` is in partition `aws-cn`", str(error))


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")]
)
def test_the_partition_is_the_callers(aws: FakeAws, region: str, partition: str) -> None:
    arn = f"arn:{partition}:sts::123456789012:assumed-role/reader/me"
    aws.answers["sts:GetCallerIdentity"] = {"UserId": "x", "Account": "123456789012", "Arn": arn}
    snapshot = collect(AwsOptions(endpoint_url=aws.url, regions=(region,)))
    assert snapshot.scopes[0].partition == partition
    assert {request.region for request in aws.requests if request.service == "eks"} == {region}


def test_the_region_that_aws_containers_set_is_used(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    collect(AwsOptions(endpoint_url=aws.url, max_attempts=1))
    assert {request.region for request in aws.requests if request.service == "ec2"} == {"eu-central-1"}


# --- assuming a role -------------------------------------------------------------------------------------------------


def grant(params: dict[str, str]) -> dict[str, object]:
    credentials = {"AccessKeyId": "assumed-id", "SecretAccessKey": "assumed-secret", "SessionToken": "assumed-token"}
    return {"Credentials": {**credentials, "Expiration": "2030-01-01T00:00:00Z"}}


def test_an_assumed_role_reads_and_its_external_id_is_nowhere(aws: FakeAws) -> None:
    aws.answers["sts:AssumeRole"] = grant
    options = AwsOptions(endpoint_url=aws.url, assume_role_arn=ROLE, assume_external_id=SECRET)
    snapshot = collect(options)
    assert aws.requests[0].params["ExternalId"] == SECRET
    assert snapshot.calls[0].operation == "AssumeRole"
    assert snapshot.calls[0].params == {"RoleArn": ROLE, "RoleSessionName": "porter-audit"}
    assert SECRET not in repr(snapshot)
    assert "assumed-secret" not in repr(snapshot)
    assert SECRET not in repr(options)


def test_a_refused_role_is_named_with_what_to_check(aws: FakeAws) -> None:
    aws.answers["sts:AssumeRole"] = Fault("AccessDenied", f"with {SECRET}", 403)
    error = refused(AwsOptions(endpoint_url=aws.url, assume_role_arn=ROLE, assume_external_id=SECRET))
    assert str(error) == f"role `{ROLE}` cannot be assumed: AccessDenied"
    assert error.advice is not None
    assert "ExternalId" in error.advice


def test_expired_credentials_are_not_blamed_on_the_role(aws: FakeAws) -> None:
    aws.answers["sts:AssumeRole"] = Fault("ExpiredToken", "no", 403)
    assert "have expired" in str(refused(AwsOptions(endpoint_url=aws.url, assume_role_arn=ROLE)))


def test_a_role_of_another_partition_is_refused_unsent(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    role = ROLE.replace("arn:aws:", "arn:aws-cn:")
    assert "partition `aws`" in str(refused(AwsOptions(endpoint_url=aws.url, assume_role_arn=role)))
    assert aws.requests == []
