"""One concrete request, decided from an export."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.app.can.aws import as_json, as_text, can
from scanner.errors import InputError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROLE = "arn:aws:iam::111122223333:role/team/reader"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **s} for s in statements]}


def export(tmp_path: Path, **extra: Any) -> Path:
    role = {
        "Arn": ROLE,
        "RoleName": "reader",
        "RoleId": "AROA" + "0" * 17,
        "Path": "/team/",
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": policy(),
        "RolePolicyList": [{"PolicyName": "read", "PolicyDocument": policy({"Action": "s3:Get*"})}],
        "AttachedManagedPolicies": [],
        **extra,
    }
    role["AssumeRolePolicyDocument"] = {"Version": "2012-10-17", "Statement": []}
    page = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": [], "IsTruncated": False}
    path = tmp_path / "gaad.json"
    path.write_text(json.dumps(page))
    return path


@pytest.mark.parametrize("identity", [ROLE, "reader", "READER"])
def test_an_identity_is_found_by_arn_or_name(tmp_path: Path, identity: str) -> None:
    outcome = can(export(tmp_path), identity, "s3:GetObject", "arn:aws:s3:::b/k", {}, now=NOW)
    assert outcome.decision.effect == "allowed"
    assert outcome.exit_code == 0
    assert "YES" in as_text(outcome)


def test_what_nothing_allows_is_denied_and_the_layer_is_named(tmp_path: Path) -> None:
    outcome = can(export(tmp_path), "reader", "s3:PutObject", "arn:aws:s3:::b/k", {}, now=NOW)
    assert outcome.exit_code == 1
    document = json.loads(as_json(outcome))
    assert document["effect"] == "implicit_deny"
    assert {"identity"} <= {x["layer"] for x in document["layers"]}


def test_a_policy_that_was_not_in_the_export_leaves_the_answer_open(tmp_path: Path) -> None:
    attached = [{"PolicyName": "elsewhere", "PolicyArn": "arn:aws:iam::111122223333:policy/elsewhere"}]
    outcome = can(
        export(tmp_path, AttachedManagedPolicies=attached), "reader", "s3:GetObject", "arn:aws:s3:::b/k", {}, now=NOW
    )
    assert outcome.exit_code == 2
    assert "elsewhere" in outcome.decision.reason


def test_context_reaches_the_conditions(tmp_path: Path) -> None:
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    source = export(
        tmp_path,
        RolePolicyList=[
            {"PolicyName": "read", "PolicyDocument": policy({"Action": "s3:Get*", "Condition": condition})},
        ],
    )
    with_tls = can(source, "reader", "s3:GetObject", "arn:aws:s3:::b/k", {"aws:SecureTransport": ["true"]}, now=NOW)
    without = can(source, "reader", "s3:GetObject", "arn:aws:s3:::b/k", {}, now=NOW)
    assert (with_tls.exit_code, without.exit_code) == (0, 1)


def test_an_unknown_identity_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`nobody` is not in the snapshot"):
        can(export(tmp_path), "nobody", "s3:GetObject", "*", {}, now=NOW)


def assuming(tmp_path: Path, *trust: dict[str, Any]) -> Path:
    """Return an export in which the reader may be named by another role's trust policy."""
    path = export(tmp_path)
    page = json.loads(path.read_text())
    target = {**page["RoleDetailList"][0], "Arn": TARGET, "RoleName": "target", "RoleId": "AROA" + "1" * 17}
    target["AssumeRolePolicyDocument"] = {"Version": "2012-10-17", "Statement": list(trust)}
    path.write_text(json.dumps({**page, "RoleDetailList": [*page["RoleDetailList"], target]}))
    return path


TARGET = "arn:aws:iam::111122223333:role/target"
NAMES_THE_READER = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}


@pytest.mark.parametrize("action", ["sts:AssumeRole", "STS:assumerole"])
def test_a_role_of_the_snapshot_is_assumed_by_its_trust_policy(tmp_path: Path, action: str) -> None:
    assert can(assuming(tmp_path, NAMES_THE_READER), "reader", action, TARGET, {}, now=NOW).decision.effect == "allowed"


def test_a_trust_policy_that_names_somebody_else_lets_nobody_in(tmp_path: Path) -> None:
    other = {**NAMES_THE_READER, "Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}}
    outcome = can(assuming(tmp_path, other), "reader", "sts:AssumeRole", TARGET, {}, now=NOW)
    assert outcome.decision.effect == "implicit_deny"


def test_a_role_whose_trust_is_not_in_the_snapshot_leaves_the_answer_open(tmp_path: Path) -> None:
    elsewhere = "arn:aws:iam::777788889999:role/target"
    outcome = can(export(tmp_path), "reader", "sts:AssumeRole", elsewhere, {}, now=NOW)
    assert outcome.decision.effect == "undecided"
    assert elsewhere in outcome.decision.reason
