"""Comparing versions: what came, what went, who may use it, in words that name the variables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_baseline import role, small, statement, trust
from small_clouds import AZURE, GCP, fresh

from scanner.app.baselines.diff import diff_baselines, diff_json, diff_markdown, diff_text, grants_more
from scanner.app.catalogue import load_catalogue
from scanner.baseline.diff import diff
from scanner.baseline.diff_records import BaselineDiff
from scanner.baseline.load import known, load_aws, load_part
from scanner.errors import BaselineError, UsageError

CATALOGUE = load_catalogue()
Data = dict[str, Any]
Change = Callable[[Data], object]


def _diff(tmp_path: Path, before: Data, after: Data, cloud: str = "aws") -> BaselineDiff:
    parts = []
    for name, data in (("before", before), ("after", after)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{cloud}.yaml").write_text(json.dumps(data), encoding="utf-8")
        parts.append(load_part(tmp_path / name, cloud))
    return diff(parts[0], parts[1], CATALOGUE)


# name: (what the newer version changes, field of the change, what its words hold)
CHANGES: dict[str, tuple[Change, str, str]] = {
    "an action": (
        lambda d: statement(d)["actions"].append("s3:PutObject"),
        "adds",
        "s3:PutObject on arn:aws:s3:::acme-",
    ),
    "an action less": (lambda d: statement(d)["actions"].remove("s3:ListBucket"), "takes", "s3:ListBucket"),
    "a wider resource": (lambda d: statement(d).update(resources=["*"]), "adds", "on *"),
    "a dropped condition": (lambda d: statement(d).pop("conditions"), "adds", "s3:Get*"),
    "another principal": (
        lambda d: trust(d)["statements"][0]["principals"].update(Service=["ec2.amazonaws.com"]),
        "who_adds",
        "by Service ec2.amazonaws.com",
    ),
    "another account": (
        lambda d: trust(d)["statements"][0]["principals"].update(AWS=["arn:aws:iam::999988887777:root"]),
        "who_takes",
        "by AWS {vendor_id}",
    ),
}


def _small() -> Data:
    """Return the small version with one statement, so that a change of it is a change of the role."""
    data = small()
    role(data)["statements"] = role(data)["statements"][:1]
    statement(data)["resources"] = ["arn:aws:s3:::acme-{suffix}/*"]
    return data


@pytest.mark.parametrize(("change", "field", "words"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_told_on_its_side(tmp_path: Path, change: Change, field: str, words: str) -> None:
    newer = _small()
    change(newer)
    result = _diff(tmp_path, _small(), newer)
    (only,) = result.identities
    assert only.change == "changed"
    assert any(words in access.what for access in getattr(only, field)), only


@pytest.mark.parametrize("name", ["an action", "a wider resource", "another principal"])
def test_an_addition_has_an_example_request_with_variables_in_braces(tmp_path: Path, name: str) -> None:
    newer = _small()
    CHANGES[name][0](newer)
    (only,) = _diff(tmp_path, _small(), newer).identities
    added = (*only.adds, *only.who_adds)
    assert all(access.example for access in added)
    assert "stand-in" not in str(added)


@pytest.mark.parametrize(
    ("name", "more"), [("an action", True), ("another principal", True), ("an action less", False)]
)
def test_only_more_access_counts_as_more(tmp_path: Path, name: str, more: bool) -> None:
    newer = _small()
    CHANGES[name][0](newer)
    assert _diff(tmp_path, _small(), newer).grants_more is more


def test_rewriting_without_meaning_is_no_change(tmp_path: Path) -> None:
    newer = _small()
    first = statement(newer)
    first["actions"] = ["S3:listbucket", "s3:GET*"]
    role(newer)["statements"].append({**first, "sid": "Again"})
    result = _diff(tmp_path, _small(), newer)
    assert [i.change for i in result.identities] == ["unchanged"]
    assert not result.grants_more


def test_roles_that_came_and_went_are_told_with_all_they_hold(tmp_path: Path) -> None:
    newer = _small()
    newer["roles"]["acme-writer"] = {**newer["roles"].pop("acme-reader"), "name_pattern": "acme-writer"}
    result = _diff(tmp_path, _small(), newer)
    by_key = {item.key: item for item in result.identities}
    assert by_key["acme-writer"].change == "added"
    assert by_key["acme-writer"].adds[0].what.startswith("s3:Get*, s3:ListBucket on arn:aws:s3:::acme-{suffix}")
    assert by_key["acme-writer"].who_adds[0].what.endswith("if StringEquals sts:ExternalId {external_id}")
    assert by_key["acme-reader"].change == "removed"
    assert by_key["acme-reader"].takes
    assert result.grants_more


def test_facts_that_are_no_access_are_told_too(tmp_path: Path) -> None:
    newer = _small()
    role(newer)["managed_policies"][0]["arn"] = "arn:aws:iam::aws:policy/SecurityAudit"
    role(newer).update(optional=True)
    newer["variables"]["vendor_id"]["default"] = "444455556666"
    result = _diff(tmp_path, _small(), newer)
    (only,) = result.identities
    assert "optional: no before, now yes" in only.facts
    assert "AWS-managed policy added: arn:aws:iam::aws:policy/SecurityAudit" in only.facts
    assert "default of variable vendor_id: 111122223333 before, now 444455556666" in result.facts


def test_gcp_is_compared_grant_by_grant(tmp_path: Path) -> None:
    newer = fresh(GCP)
    newer["service_accounts"]["acme-reader"]["grants"][0]["role"] = "roles/owner"
    newer["service_accounts"]["acme-reader"]["keys"] = {
        "user_managed": "forbidden",
        "reason": "x",
        "source": {"document": "D1"},
    }
    result = _diff(tmp_path, GCP, newer, "gcp")
    changed = {item.key: item for item in result.identities}["acme-reader"]
    assert [access.what for access in changed.adds] == [
        "roles/owner on the project (granted by the customer, documented)"
    ]
    assert [access.what for access in changed.who_takes] == ["whoever holds a key file (at most 1)"]
    assert "user-managed keys: expected before, now forbidden" in changed.facts


def test_azure_operations_carry_what_bounds_them(tmp_path: Path) -> None:
    newer = fresh(AZURE)
    newer["role_definitions"]["acme-role"]["permissions"][0]["not_actions"] = []
    result = _diff(tmp_path, AZURE, newer, "azure")
    changed = {item.key: item for item in result.identities}["acme-role"]
    assert [access.what for access in changed.adds] == ["operation */read on /subscriptions/{subscription_id}"]
    assert [access.what for access in changed.takes] == [
        "operation */read without Microsoft.Authorization/* on /subscriptions/{subscription_id}"
    ]


def test_letter_case_of_an_azure_operation_is_no_change(tmp_path: Path) -> None:
    newer = fresh(AZURE)
    newer["role_definitions"]["acme-role"]["permissions"][0]["actions"] = ["*/Read"]
    assert {item.change for item in _diff(tmp_path, AZURE, newer, "azure").identities} == {"unchanged"}


def test_parts_for_different_clouds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "gcp.yaml").write_text(json.dumps(GCP), encoding="utf-8")
    (tmp_path / "aws.yaml").write_text(json.dumps(small()), encoding="utf-8")
    with pytest.raises(BaselineError, match="different clouds"):
        diff(load_aws(tmp_path), load_part(tmp_path, "gcp"), CATALOGUE)
    with pytest.raises(UsageError, match="no part for the same cloud"):
        diff_baselines(str(tmp_path / "aws.yaml"), str(tmp_path / "gcp.yaml"))


@pytest.mark.parametrize("spec", known())
def test_a_version_compared_with_itself_is_the_same_access(spec: str) -> None:
    results = diff_baselines(spec, spec)
    assert all(item.change == "unchanged" for result in results for item in result.identities)
    assert all(result.facts == () for result in results)
    assert not grants_more(results)
    assert "the same access" in diff_text(results)


def test_may_and_august_differ_in_federation_and_not_on_aws() -> None:
    results = {result.cloud: result for result in diff_baselines("porter@2026-05", "porter@2026-08")}
    assert {item.change for item in results["aws"].identities} == {"unchanged"}
    (gcp,) = results["gcp"].identities
    assert [access.what for access in gcp.who_takes] == ["whoever holds a key file (at most 1)"]
    assert len(gcp.who_adds) == 1
    azure = {item.key: item.change for item in results["azure"].identities}
    assert azure == {
        "porter-aks-restricted": "unchanged",
        "azure-porter-federated-sp": "added",
        "azure-porter-restricted-sp": "removed",
    }


def test_markdown_and_json_hold_what_the_text_holds() -> None:
    results = diff_baselines("porter@2026-05", "porter@2026-08")
    markdown, plain = diff_markdown(results), json.loads(diff_json(results))
    assert plain["schema"] == "porter-audit/baseline-diff/v1"
    bare = markdown.replace("\\", "")
    text = " ".join(diff_text(results).split())
    for part in plain["parts"]:
        for identity in part["identities"]:
            for access in (*identity["adds"], *identity["takes"], *identity["who_adds"], *identity["who_takes"]):
                assert access["what"] in bare
                assert access["what"] in text
        for fact in part["facts"]:
            assert fact in bare


def test_hostile_names_cannot_leave_their_line_or_their_marks(tmp_path: Path) -> None:
    newer = _small()
    role(newer)["optional"] = True
    newer["publication"] = "published \x1b[31m <script> | *x*"
    result = _diff(tmp_path, _small(), newer)
    markdown = diff_markdown([result])
    assert all(line.isprintable() for line in markdown.split("\n"))
    assert "\\<script\\>" in markdown
    assert all(line.isprintable() for line in diff_text([result]).split("\n"))
