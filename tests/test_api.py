"""The public Python API."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import scanner

TEMPLATE = Path(__file__).resolve().parents[1] / "examples" / "administrator-role.json"

ALLOW = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [ALLOW]}


def test_compare_takes_plain_documents_and_answers_with_a_witness() -> None:
    narrower = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Action": "s3:GetObject"}]}
    assert scanner.compare([narrower], [DOCUMENT]).verdict == "narrower"
    result = scanner.compare([DOCUMENT], [narrower])
    assert result.verdict == "broader"
    assert result.excess[0].witness.action.startswith("s3:")


def test_an_invalid_document_is_named_by_side_and_number() -> None:
    with pytest.raises(scanner.PolicyError, match=r"documented\[0\]"):
        scanner.compare([DOCUMENT], [{"Version": "2012-10-17"}])


@pytest.mark.parametrize("options", [{"cloud": "moon"}, {"kind": "boundary"}])
def test_an_unknown_cloud_or_kind_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(scanner.UsageError):
        scanner.compare([DOCUMENT], [DOCUMENT], **options)


def test_authorize_says_which_layer_decided() -> None:
    request = {
        "principal": "arn:aws:iam::111122223333:role/r",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "context": {"aws:ResourceAccount": "111122223333"},
    }
    assert scanner.authorize(request, identity=[DOCUMENT]).effect == "allowed"
    boundary = {"Version": "2012-10-17", "Statement": [{**ALLOW, "Action": "ec2:*"}]}
    decision = scanner.authorize(request, identity=[DOCUMENT], boundary=boundary)
    assert decision.effect == "implicit_deny"
    assert {"boundary": "implicit_deny"}.items() <= {x.layer: x.effect for x in decision.layers}.items()


def test_the_default_documented_version_loads() -> None:
    assert len(scanner.load_baseline().roles) == 10
    with pytest.raises(scanner.BaselineError):
        scanner.load_baseline("porter@1999-01")


def test_a_file_is_judged_without_the_command_line() -> None:
    document = scanner.evaluate(TEMPLATE, as_of=datetime(2026, 6, 1, tzinfo=UTC))
    assert document["verdict"]["as_documented"] == "no"
    assert document["summary"]["exit_code"] == 1
    assert "PorterRole" in json.dumps(document["findings"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"cloud": "oracle"}, "cloud `oracle` is unknown"),
        ({"as_of": datetime(2026, 6, 1)}, "no time zone"),
        ({"parameters": {"no_such": "x"}}, "no_such"),
    ],
)
def test_what_cannot_be_judged_raises_one_line(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(scanner.PorterAuditError, match=said):
        scanner.evaluate(TEMPLATE, **arguments)


def test_a_live_scan_without_credentials_raises_one_line() -> None:
    with pytest.raises(scanner.PorterAuditError, match="no AWS credentials"):
        scanner.scan("aws")
