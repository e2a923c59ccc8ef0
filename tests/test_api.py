"""The public Python API."""

from __future__ import annotations

import pytest

import scanner

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
