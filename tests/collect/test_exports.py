"""Offline inputs: recognised by content, refused in one line that says where and what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from gaad import ACCOUNT, allow, page, policy, role, trust

from scanner.collect.exports.read import read_input
from scanner.collect.snapshot_io import dump_snapshot, save_snapshot
from scanner.collect.strict_json import read_values
from scanner.errors import InputError
from scanner.model import kinds
from scanner.model.common import NotObserved
from scanner.model.snapshot import Snapshot, SourceKind, Unit, UnitStatus
from scanner.normalize.inventory import normalize

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEY = b"k" * 32
SECRET = "kept-very-secret-4711"


def read(path: Path, **more: Any) -> Snapshot:
    return read_input(path, now=NOW, hmac_key=KEY, **more)


def write(path: Path, value: Any) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def details(snapshot: Snapshot) -> Unit:
    return next(unit for unit in snapshot.units if unit.kind == kinds.AUTHORIZATION_DETAILS)


def role_names(snapshot: Snapshot) -> list[str]:
    return [found.name for found in normalize(snapshot).aws[0].roles]


ONE, TWO = page(role("a"), IsTruncated=True, Marker="m"), page(role("b"), IsTruncated=False)
SHAPES = {
    "one object": json.dumps(page(role("a"), role("b"))),
    "a list of pages": json.dumps([ONE, TWO]),
    "JSON lines": json.dumps(ONE) + "\n" + json.dumps(TWO) + "\n",
    "pretty objects one after the other": json.dumps(ONE, indent=2) + "\n" + json.dumps(TWO, indent=2),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_the_shapes_of_an_export_give_the_same_roles(tmp_path: Path, text: str) -> None:
    snapshot = read(write(tmp_path / "gaad.json", text))
    assert role_names(snapshot) == ["a", "b"]
    assert (details(snapshot).status, details(snapshot).items) == (UnitStatus.COMPLETE, 2)
    assert snapshot.source is SourceKind.EXPORT
    assert snapshot.collected_at == NOW
    assert (snapshot.scopes[0].id, snapshot.scopes[0].partition) == (ACCOUNT, "aws")


def test_a_directory_of_pages_is_read_in_natural_order(tmp_path: Path) -> None:
    for number in range(1, 12):
        last = number == 11
        write(tmp_path / f"page-{number}.json", page(role(f"r{number:02}"), IsTruncated=not last, Marker="m"))
    snapshot = read(tmp_path)
    assert details(snapshot).status is UnitStatus.COMPLETE
    assert [found["RoleDetailList"][0]["RoleName"] for found in details(snapshot).pages] == [
        f"r{number:02}" for number in range(1, 12)
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_what_a_windows_shell_redirects_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "gaad.json"
    file.write_bytes(json.dumps(page(role("röle")), ensure_ascii=False).encode(encoding))
    assert role_names(read(file)) == ["röle"]


def test_url_encoded_documents_are_decoded(tmp_path: Path) -> None:
    encoded = role(
        "a",
        AssumeRolePolicyDocument=quote(json.dumps(trust())),
        RolePolicyList=[{"PolicyName": "p", "PolicyDocument": quote(json.dumps(allow("s3:Get*")))}],
    )
    plain = role(
        "a",
        AssumeRolePolicyDocument=trust(),
        RolePolicyList=[{"PolicyName": "p", "PolicyDocument": allow("s3:Get*")}],
    )
    pair = [
        normalize(read(write(tmp_path / f"{name}.json", page(found)))).aws[0].roles[0]
        for name, found in (("encoded", encoded), ("plain", plain))
    ]
    assert pair[0] == pair[1]


def test_what_an_export_cannot_show_is_not_in_the_input(tmp_path: Path) -> None:
    snapshot = read(write(tmp_path / "gaad.json", page(role("a"))), presence="expected")
    statuses = {unit.kind: unit.status for unit in snapshot.units}
    assert statuses == {
        kind.kind: UnitStatus.COMPLETE if kind.kind == kinds.AUTHORIZATION_DETAILS else UnitStatus.NOT_IN_INPUT
        for kind in kinds.AWS_UNIT_KINDS
    }
    assert snapshot.scopes[0].presence == "expected"


@pytest.mark.parametrize(
    "value",
    [
        page(role("a"), IsTruncated=True, Marker="m"),
        page(role("a"), NextToken="t"),
        [ONE, page(role("b"), IsTruncated=True, Marker="n")],
        {"RoleDetailList": [role("a")]},
        {key: value for key, value in page(role("a")).items() if key != "Policies"},
    ],
    ids=["truncated", "max-items token", "last page missing", "roles only", "policies missing"],
)
def test_an_export_that_is_not_the_whole_answer_is_truncated(tmp_path: Path, value: Any) -> None:
    found = details(read(write(tmp_path / "gaad.json", value)))
    assert found.status is UnitStatus.TRUNCATED
    assert found.pages
    assert found.error is not None
    assert found.error.message


BIG = role("a", AssumeRolePolicyDocument={"Statement": ["x" * 1_100_000]})
DEEP = '{"RoleDetailList": ' + "[" * 100_000 + "]" * 100_000 + "}"
REFUSED = {
    "not JSON": ("hello", "is not JSON: line 1 column 1"),
    "cut off": (json.dumps(page(role("a")))[:-200], "the JSON ends early"),
    "cut off in a string": ('{"RoleDetailList": [{"Arn": "arn:aws', "the JSON ends early"),
    "empty": ("", "is empty"),
    "empty list": ("[]", "the list is empty"),
    "a number": ("5", "not recognised"),
    "something else": ('{"Buckets": []}', "not recognised: an object with the keys `Buckets`"),
    "one page is something else": (json.dumps([ONE, {"Buckets": []}]), "not recognised"),
    "duplicate key": ('{"RoleDetailList": [], "Policies": [], "RoleDetailList": []}', "duplicate key `RoleDetailList`"),
    "duplicate key inside an encoded document": (
        json.dumps(page(role("a", AssumeRolePolicyDocument=quote('{"Statement":[],"Statement":[]}')))),
        "/RoleDetailList/0/AssumeRolePolicyDocument`: duplicate key `Statement`",
    ),
    "an encoded document that is none": (
        json.dumps(page(role("a", AssumeRolePolicyDocument="%5B%5D"))),
        "is not one JSON object",
    ),
    "not a number": ('{"RoleDetailList": [NaN]}', "`NaN` is not a JSON number"),
    "two accounts": (
        json.dumps(page(role("a"), role("b", Arn="arn:aws:iam::210987654321:role/b"))),
        "several accounts: 123456789012 in `in.json`, 210987654321 in `in.json`",
    ),
    "a role twice": (json.dumps([page(role("a")), page(role("a"))]), "`arn:aws:iam::123456789012:role/a` stands here"),
    "no entity": (json.dumps(page()), "its account is unknown"),
    "not an IAM ARN": (json.dumps(page(role("a", Arn="arn:aws:s3:::bucket"))), "is not the ARN of an IAM entity"),
    "a document of more than 1 MB": (json.dumps(page(BIG)), "a policy document of more than 1 MB"),
    "an encoded document of more than 1 MB": (
        json.dumps(page(role("a", AssumeRolePolicyDocument="%7B" + " " * 1_000_001 + "%7D"))),
        "a policy document of more than 1 MB",
    ),
    "nested too deeply": (DEEP, "nested too deeply"),
    "a snapshot of the future": ('{"schema": "porter-audit/snapshot/v99"}', "is not `porter-audit/snapshot/v1`"),
    "a broken snapshot": ('{"schema": "porter-audit/snapshot/v1", "units": 5}', "not a valid snapshot"),
    "a number too long to be one": ('{"RoleDetailList": [' + "1" * 5000 + "]}", "digits"),
    "hostile key": ('{"a\\u001b[31m\\n": 1}', "keys `a?[31m?`"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_a_broken_input_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(write(tmp_path / "in.json", text))
    message = str(caught.value)
    assert words in message
    assert "in.json" in message
    assert message.isprintable()
    assert len(message) < 400


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "in.json"
    file.write_bytes(b"\x89PNG\xff\xfe\xfd")
    with pytest.raises(InputError, match="is not text"):
        read(file)


def test_a_missing_file_and_a_directory_without_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "gone.json")
    with pytest.raises(InputError, match="no JSON file"):
        read(tmp_path)


def test_a_file_over_the_cap_is_refused_unread(tmp_path: Path) -> None:
    file = write(tmp_path / "in.json", page(role("a")))
    with pytest.raises(InputError, match="larger than"):
        read_values(file, max_bytes=100)


def test_half_a_surrogate_pair_neither_crashes_nor_survives(tmp_path: Path) -> None:
    text = json.dumps(page(role("a", Description="x"))).replace('"x"', '"\\ud800"')
    assert dump_snapshot(read(write(tmp_path / "in.json", text)))


def test_no_external_id_of_an_export_reaches_the_snapshot(tmp_path: Path) -> None:
    conditions = {"StringLike": {"STS:externalid": [SECRET, f"{SECRET}-*"]}}
    nested = {"InstanceProfileName": "p", "Roles": [role("a", AssumeRolePolicyDocument=trust(conditions))]}
    exported = page(
        role(
            "a",
            AssumeRolePolicyDocument=quote(json.dumps(trust(conditions))),
            InstanceProfileList=[nested],
            Description=f"id {SECRET}",
            Tags=[{"Key": "external-id", "Value": SECRET}],
            RolePolicyList=[{"PolicyName": "p", "PolicyDocument": trust(conditions)}],
        ),
        policies=(policy("p", trust(conditions)),),
    )
    snapshot = read(write(tmp_path / "in.json", exported), expected_external_id=SECRET)
    assert SECRET.encode() not in dump_snapshot(snapshot)
    assert [(fact.equals_expected, fact.wildcard) for fact in snapshot.external_ids] in (
        [(True, False), (False, True)],
        [(False, True), (True, False)],
    )


def test_a_snapshot_is_recognised_and_read_back_equal(tmp_path: Path) -> None:
    first = read(write(tmp_path / "gaad.json", page(role("a", AssumeRolePolicyDocument=trust()))))
    save_snapshot(first, tmp_path / "snapshot.json")
    assert read(tmp_path / "snapshot.json") == first


def test_the_expected_external_id_is_compared_with_a_snapshot_of_the_same_key(tmp_path: Path) -> None:
    conditions = {"StringEquals": {"sts:ExternalId": SECRET}}
    other = {"StringEquals": {"sts:ExternalId": "another-value"}}
    exported = page(
        role("a", AssumeRolePolicyDocument=trust(conditions)), role("b", AssumeRolePolicyDocument=trust(other))
    )
    save_snapshot(read(write(tmp_path / "in.json", exported)), tmp_path / "snapshot.json")
    facts = read(tmp_path / "snapshot.json", expected_external_id=SECRET).external_ids
    assert sorted(str(fact.equals_expected) for fact in facts) == ["False", "True"]


def test_a_snapshot_of_another_key_leaves_the_comparison_open(tmp_path: Path) -> None:
    conditions = {"StringEquals": {"sts:ExternalId": SECRET}}
    save_snapshot(
        read(write(tmp_path / "in.json", page(role("a", AssumeRolePolicyDocument=trust(conditions))))),
        tmp_path / "snapshot.json",
    )
    elsewhere = read_input(tmp_path / "snapshot.json", now=NOW, hmac_key=b"x" * 32, expected_external_id=SECRET)
    assert [fact.equals_expected for fact in elsewhere.external_ids] == [None]


@pytest.mark.parametrize("count", [1_000, 10_000])
def test_an_export_with_many_roles_is_read(tmp_path: Path, count: int) -> None:
    conditions = {"StringEquals": {"sts:ExternalId": "value-%"}}
    document = json.dumps(trust(conditions))
    roles = [
        role(
            f"r{number}",
            AssumeRolePolicyDocument=json.loads(document.replace("%", str(number))),
            RolePolicyList=[{"PolicyName": "p", "PolicyDocument": allow(*(f"s3:Get{i}" for i in range(10)))}],
            AttachedManagedPolicies=[{"PolicyName": "m", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/m"}],
        )
        for number in range(count)
    ]
    snapshot = read(write(tmp_path / "in.json", page(*roles, policies=(policy("m", allow("s3:*")),))))
    account = normalize(snapshot).aws[0]
    assert len(account.roles) == len(snapshot.external_ids) == count
    assert not any(isinstance(item.document, NotObserved) for found in account.roles for item in found.policies)
