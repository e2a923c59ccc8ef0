"""`porter-audit can`: an answer in words, and in the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Porter = Callable[..., Any]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    statement = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
    role = {
        "Arn": "arn:aws:iam::111122223333:role/reader",
        "RoleName": "reader",
        "RoleId": "AROA" + "0" * 17,
        "Path": "/",
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "RolePolicyList": [
            {"PolicyName": "read", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}},
        ],
        "AttachedManagedPolicies": [],
    }
    page = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": [], "IsTruncated": False}
    path = tmp_path / "gaad.json"
    path.write_text(json.dumps(page))
    return path


def test_yes_is_exit_0_and_no_is_exit_1(porter: Porter, source: Path) -> None:
    yes = porter("can", "reader", "s3:GetObject", "arn:aws:s3:::b/k", "--from", str(source))
    assert (yes.code, "YES" in yes.out) == (0, True)
    no = porter("can", "reader", "s3:PutObject", "arn:aws:s3:::b/k", "--from", str(source), "--format", "json")
    assert (no.code, json.loads(no.out)["effect"]) == (1, "implicit_deny")


def test_a_context_that_is_no_pair_is_a_usage_error(porter: Porter, source: Path) -> None:
    done = porter("can", "reader", "s3:GetObject", "*", "--from", str(source), "--context", "nonsense")
    assert done.code == 3
    assert "`nonsense` is not key=value" in done.err
