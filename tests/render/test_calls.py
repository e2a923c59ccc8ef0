"""The command that repeats a call by hand is a safe shell line."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import sample_report as sample
from msgspec.structs import replace

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


def test_there_is_no_command_for_a_cloud_without_one() -> None:
    assert command(CALL, "gcp") is None


@pytest.mark.parametrize("text", ["; rm -rf /", "$(id)", "`id`", "a'b", 'a"b', "a\nb", "\x1b[2J", "-x"])
def test_a_hostile_value_stays_one_word_on_one_line(text: str) -> None:
    line = command(replace(CALL, region="global", params={"Name": text}), "aws")
    assert line is not None
    assert "\n" not in line
    assert "\x1b" not in line
    assert len(shlex.split(line)) == 5
