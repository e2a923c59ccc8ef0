"""`porter-audit compare` in the languages of the three clouds, from files as the clouds' command lines print them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Porter = Callable[..., Any]

PORTER_AKS = {
    "roleName": "porter-aks-restricted",
    "permissions": [
        {
            "actions": ["*"],
            "notActions": [
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
            ],
            "dataActions": [],
            "notDataActions": [],
        }
    ],
}
WITHOUT_ROLE_WRITES = {
    "roleName": "narrow",
    "permissions": [{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/write"]}],
}
READER = {"name": "roles/reader", "includedPermissions": ["storage.buckets.get"]}
WRITER = {"name": "roles/writer", "includedPermissions": ["storage.buckets.get", "storage.buckets.delete"]}
AWS_READ = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}
AWS_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}


@pytest.mark.parametrize(
    ("cloud", "wide", "narrow", "fragment"),
    [
        ("aws", AWS_ALL, AWS_READ, "s3:"),
        ("azure", [PORTER_AKS], [WITHOUT_ROLE_WRITES], "Microsoft.Authorization/"),
        ("gcp", [WRITER], READER, "storage.buckets.delete"),
    ],
)
def test_what_goes_beyond_is_named_and_what_is_inside_is_clean(
    porter: Porter, tmp_path: Path, cloud: str, wide: object, narrow: object, fragment: str
) -> None:
    (tmp_path / "wide.json").write_text(json.dumps(wide))
    (tmp_path / "narrow.json").write_text(json.dumps(narrow))
    files = {name: str(tmp_path / f"{name}.json") for name in ("wide", "narrow")}
    beyond = porter("compare", "--cloud", cloud, "--live", files["wide"], "--documented", files["narrow"])
    assert (beyond.code, fragment in beyond.out) == (1, True)
    same = porter("compare", "--cloud", cloud, "--live", files["wide"], "--documented", files["wide"])
    assert same.code == 0
    machine = porter(
        "compare", "--cloud", cloud, "--live", files["wide"], "--documented", files["narrow"], "--format", "json"
    )
    document = json.loads(machine.out)
    assert document["schema"] == "porter-audit/comparison/v1"
    assert fragment in document["excess"][0]["witness"]["action"]


def test_a_file_that_holds_no_objects_is_one_line(porter: Porter, tmp_path: Path) -> None:
    path = tmp_path / "numbers.json"
    path.write_text("[1, 2]")
    done = porter("compare", "--cloud", "azure", "--live", str(path), "--documented", str(path))
    assert done.code == 3
    assert "not an object" in done.err
