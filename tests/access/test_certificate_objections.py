"""The certificate checker reads both statements as written: each part of the other one has to include the live part."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scanner.access.certificate import CertificateCheck, check_certificate
from scanner.access.compare import compare
from scanner.access.records import NamedDocument

Policy = dict[str, Any]
SECURE = {"Bool": {"aws:SecureTransport": True}}
FROM = {"StringEquals": {"aws:SourceAccount": ["1", "2"]}}
ROLE = "arn:aws:iam::108458755588:role/A"


def document(name: str, **statement: object) -> list[NamedDocument]:
    body = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*", **statement}
    return [NamedDocument(name, {"Version": "2012-10-17", "Statement": [{k: v for k, v in body.items() if v}]})]


def check(live: Policy, other: Policy, how: str = "covered by one statement") -> CertificateCheck:
    """Check a certificate that claims every piece of the live statement for the other one."""
    ours = document("live", **live)
    theirs = document("live" if how.startswith("denied") else "page", **other)
    certificate = compare(ours, ours, kind="trust" if "Principal" in live else "identity").certificate
    claims = [{**entry, "by": ["page: 0"], "how": how} for entry in certificate["discharged"]]
    return check_certificate({**certificate, "discharged": claims}, ours, theirs)


@pytest.mark.parametrize(
    ("live", "other"),
    [
        ({"Action": "S3:GETOBJECT"}, {}),
        ({"Action": ["s3:GetObject", "s3:getbucketacl"]}, {"Action": ["S3:GET*", "s3:Put*"]}),
        ({"Resource": ["arn:aws:s3:::b/c", "arn:aws:s3:::b/*"]}, {}),
        ({"Condition": SECURE}, {"Condition": {"bool": {"AWS:SecureTransport": "true"}}}),
        ({"Condition": SECURE}, {}),
        ({"Condition": {**SECURE, **FROM}}, {"Condition": {"StringEquals": {"aws:sourceaccount": ["2", "1"]}}}),
        ({"Action": None, "NotAction": ["iam:*", "s3:*"]}, {"Action": None, "NotAction": "IAM:*"}),
        ({"Action": None, "NotAction": "iam:*"}, {"Action": "*"}),
        ({"Resource": None, "NotResource": ["arn:aws:s3:::b", "arn:aws:s3:::c"]}, {"Resource": "*"}),
    ],
)
def test_what_includes_the_live_statement_as_written_is_confirmed(live: Policy, other: Policy) -> None:
    found = check(live, other)
    assert found.problems == ()
    assert found.confirmed
    assert found.searched == 0


@pytest.mark.parametrize(
    ("live", "other", "fragment"),
    [
        ({"Action": ["s3:GetObject", "s3:PutObject"]}, {}, "`s3:PutObject` is not inside Action"),
        ({"Action": ["s3:PutObject", "s3:GetObject"]}, {}, "`s3:PutObject` is not inside Action"),
        ({"Resource": "arn:aws:s3:::B/c"}, {}, "`arn:aws:s3:::B/c` is not inside Resource"),
        ({"Resource": "*"}, {}, "not inside Resource"),
        ({}, {"Condition": SECURE}, "condition"),
        ({"Condition": SECURE}, {"Condition": {**SECURE, **FROM}}, "condition"),
        ({"Condition": SECURE}, {"Condition": {"Bool": {"aws:SecureTransport": False}}}, "condition"),
        ({"Condition": FROM}, {"Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}, "condition"),
        ({"Condition": FROM}, {"Condition": {"StringLike": {"aws:SourceAccount": ["1", "2"]}}}, "condition"),
        ({"Condition": FROM}, {"Condition": {"StringEquals": {"aws:PrincipalAccount": ["1", "2"]}}}, "condition"),
        ({"Action": None, "NotAction": "iam:*"}, {"Action": None, "NotAction": ["iam:*", "s3:*"]}, "not inside Action"),
        ({"Action": None, "NotAction": "iam:*"}, {"Action": "s3:*"}, "not inside Action"),
        ({"Action": "s3:GetObject"}, {"Action": None, "NotAction": "iam:*"}, "not inside Action"),
        ({"Resource": None, "NotResource": "arn:aws:s3:::b"}, {}, "not inside Resource"),
    ],
)
def test_what_does_not_include_it_as_written_is_an_objection(live: Policy, other: Policy, fragment: str) -> None:
    found = check(live, other)
    assert not found.holds
    assert re.search(fragment.replace("*", r"\*"), found.problems[0])
    assert found.confirmed < len(found.problems) + 2


@pytest.mark.parametrize("how", ["covered by one statement", "denied on its own side"])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_only_an_allow_covers_and_only_a_deny_takes_away(how: str, effect: str) -> None:
    live = document("live")
    body: Policy = {"Version": "2012-10-17", "Statement": [dict(live[0].body["Statement"][0])]}
    body["Statement"].append({**body["Statement"][0], "Effect": effect, "Sid": "other"})
    documents = [NamedDocument("live", body)]
    certificate = compare(documents, documents).certificate
    claim = {"document": "live", "statement": "0", "actions": ["s3:Get*"], "resources": ["arn:aws:s3:::b/*"]}
    claims = [{"live": claim, "by": ["live: other"], "how": how}]
    claims += [{"live": {**claim, "statement": "other"}, "by": [], "how": "by search"}]
    found = check_certificate({**certificate, "discharged": claims}, documents, documents)
    assert found.holds == (how.startswith("denied") == (effect == "Deny"))
    assert found.searched == 1


@pytest.mark.parametrize(
    ("live", "other", "holds"),
    [
        ({"AWS": ROLE}, {"AWS": ROLE}, True),
        ({"AWS": ROLE}, {"AWS": [ROLE, "arn:aws:iam::108458755588:role/B"]}, True),
        ({"AWS": ROLE}, "*", True),
        ({"AWS": "*"}, "*", True),
        ("*", {"AWS": "*"}, True),
        ({"AWS": ROLE}, {"AWS": "arn:aws:iam::108458755588:root"}, True),
        ({"AWS": ROLE}, {"AWS": "108458755588"}, True),
        ({"AWS": "108458755588"}, {"AWS": "arn:aws:iam::108458755588:root"}, True),
        ({"Service": "ec2.amazonaws.com"}, {"Service": ["ec2.amazonaws.com"]}, True),
        ("*", {"AWS": ROLE}, False),
        ({"AWS": "*"}, {"AWS": ROLE}, False),
        ({"AWS": [ROLE, "arn:aws:iam::999999999999:root"]}, {"AWS": ROLE}, False),
        ({"AWS": "arn:aws:iam::999999999999:root"}, {"AWS": "arn:aws:iam::108458755588:root"}, False),
        ({"AWS": "arn:aws:iam::108458755588:root"}, {"AWS": ROLE}, False),
        ({"Service": "ec2.amazonaws.com"}, {"AWS": "ec2.amazonaws.com"}, False),
        ({"Service": "ec2.amazonaws.com"}, {"Federated": "ec2.amazonaws.com"}, False),
    ],
)  # fmt: skip
def test_a_statement_for_other_principals_confirms_nothing(live: object, other: object, holds: bool) -> None:
    trust: Policy = {"Action": "sts:AssumeRole", "Resource": None}
    found = check({**trust, "Principal": live}, {**trust, "Principal": other})
    assert found.holds == holds, found.problems
    assert holds or "principal" in found.problems[0]
