"""One concrete permission, decided from a snapshot of a GCP project."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.app.can.aws import CanOutcome, as_json, as_text, can
from scanner.cli.main import run
from scanner.collect.snapshot_io import save_snapshot
from scanner.errors import InputError, UsageError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

from live_project import snapshot_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PROJECT = "//cloudresourcemanager.googleapis.com/projects/porter-demo-project"
PORTER = "porter-manager@porter-demo-project.iam.gserviceaccount.com"
ACCOUNT = f"//iam.googleapis.com/projects/porter-demo-project/serviceAccounts/{PORTER}"
OTHER = "serviceAccount:billing-api@porter-demo-project.iam.gserviceaccount.com"
BIGQUERY = "roles/bigquery.admin"
GET_DATA = ("bigquery.tables.getData", PROJECT, "undecided")
UNTIL = {"title": "until", "expression": 'request.time < timestamp("2027-01-01T00:00:00Z")'}
SET_POLICY = "resourcemanager.projects.setIamPolicy"


NO_GROUP = {
    "op": "unbind",
    "node": "organization",
    "role": "roles/resourcemanager.folderAdmin",
    "member": "group:admins@example.com",
}
"""Without it the organization's group may hold a role that was not read, and every NO is open."""


def asked(
    tmp_path: Path,
    identity: str,
    permission: str,
    resource: str = PROJECT,
    context: dict[str, list[str]] | None = None,
    **case: Any,
) -> CanOutcome:
    path = tmp_path / "snapshot.json"
    save_snapshot(snapshot_of({"start": "keyed", **case, "do": [NO_GROUP, *case.get("do", [])]}), path)
    return can(path, identity, permission, resource, context or {}, now=NOW)


def bind(role: str, member: str = "PORTER", **more: Any) -> dict[str, Any]:
    return {"op": "bind", "role": role, "member": member, **more}


@pytest.mark.parametrize("identity", [PORTER, f"serviceAccount:{PORTER}", "porter-manager", PORTER.upper()])
def test_a_binding_allows_and_is_named(tmp_path: Path, identity: str) -> None:
    outcome = asked(tmp_path, identity, SET_POLICY)
    assert (outcome.decision.effect, outcome.exit_code) == ("allowed", 0)
    assert [s.statement for s in outcome.decision.statements] == ["bindings[2] roles/resourcemanager.projectIamAdmin"]
    assert "YES" in as_text(outcome)
    assert json.loads(as_json(outcome))["schema"] == "porter-audit/decision/v1"


@pytest.mark.parametrize(
    "resource",
    [
        "projects/porter-demo-project",
        "projects/123456789012",
        "//cloudresourcemanager.googleapis.com/projects/123456789012",
        "//storage.googleapis.com/projects/_/buckets/logs",
        ACCOUNT,
    ],
)
def test_a_binding_reaches_the_project_by_number_and_what_is_below(tmp_path: Path, resource: str) -> None:
    assert asked(tmp_path, PORTER, SET_POLICY, resource).decision.effect == "allowed"


@pytest.mark.parametrize(
    ("do", "permission", "resource", "effect", "reason"),
    [
        ([], "bigquery.tables.getData", PROJECT, "implicit_deny", "no binding"),
        ([], SET_POLICY, "organizations/789", "implicit_deny", "no binding"),
        ([bind(BIGQUERY, node="folder")], "bigquery.tables.getData", PROJECT, "allowed", ""),
        ([], "bigquery.tables.getData", "//bigquery.googleapis.com/x/y", "undecided", "itself"),
        ([bind(BIGQUERY, OTHER), bind(BIGQUERY, "group:a@b.com")], *GET_DATA, "group:a@b.com"),
        ([bind("roles/viewer", "group:a@b.com")], "bigquery.tables.getData", PROJECT, "undecided", "roles/viewer"),
        ([bind("roles/unheard.of")], "bigquery.tables.getData", PROJECT, "undecided", "roles/unheard.of was not read"),
        ([bind(BIGQUERY, condition=UNTIL)], "bigquery.tables.getData", PROJECT, "undecided", "--context"),
        ([bind(BIGQUERY, "allUsers")], "bigquery.tables.getData", PROJECT, "allowed", ""),
    ],
)
def test_what_the_documents_do_not_tell_is_not_decided(
    tmp_path: Path, do: list[Any], permission: str, resource: str, effect: str, reason: str
) -> None:
    decision = asked(tmp_path, PORTER, permission, resource, do=do).decision
    assert (decision.effect, reason in decision.reason) == (effect, True), decision.reason


@pytest.mark.parametrize(
    ("time", "effect"), [("2026-11-22T00:00:00Z", "allowed"), ("2028-01-01T00:00:00Z", "implicit_deny")]
)
def test_a_condition_is_evaluated_on_the_context(tmp_path: Path, time: str, effect: str) -> None:
    do = [bind(BIGQUERY, condition=UNTIL)]
    outcome = asked(tmp_path, PORTER, "bigquery.tables.getData", context={"request.time": [time]}, do=do)
    assert outcome.decision.effect == effect


DENY = {
    "op": "deny",
    "id": "guard",
    "principals": ["principalSet://goog/public:all"],
    "permissions": ["cloudresourcemanager.googleapis.com/projects.setIamPolicy"],
}


def test_a_deny_rule_beats_the_binding_and_is_named(tmp_path: Path) -> None:
    decision = asked(tmp_path, PORTER, SET_POLICY, do=[DENY]).decision
    assert (decision.effect, [s.effect for s in decision.statements]) == ("explicit_deny", ["Deny"])
    assert decision.layers[0].layer == "deny guard"


def test_a_deny_rule_that_may_apply_leaves_it_open(tmp_path: Path) -> None:
    rule = {**DENY, "condition": {"expression": "resource.matchTag('1/env', 'prod')"}}
    assert asked(tmp_path, PORTER, SET_POLICY, do=[rule]).decision.effect == "undecided"


@pytest.mark.parametrize(
    ("kind", "permission", "effect"),
    [
        ("gcp.project_policy", "bigquery.tables.getData", "undecided"),
        ("gcp.ancestors", "bigquery.tables.getData", "undecided"),
        ("gcp.deny_policies", SET_POLICY, "undecided"),
        ("gcp.deny_policies", "bigquery.tables.getData", "implicit_deny"),
        ("gcp.roles", SET_POLICY, "undecided"),
        ("gcp.billing", SET_POLICY, "allowed"),
    ],
)
def test_an_unread_unit_is_never_taken_for_an_empty_one(
    tmp_path: Path, kind: str, permission: str, effect: str
) -> None:
    decision = asked(tmp_path, PORTER, permission, units={kind: "denied"}).decision
    assert decision.effect == effect, decision.reason


def test_who_may_be_the_account_is_read_in_its_own_policy(tmp_path: Path) -> None:
    do = [{"op": "bind_account", "account": "PORTER", "role": "roles/iam.serviceAccountUser", "member": "user:x@y.com"}]
    outcome = asked(tmp_path, "user:X@y.com", "iam.serviceAccounts.actAs", ACCOUNT, do=do)
    assert outcome.decision.effect == "allowed"
    assert outcome.decision.statements[0].document == 0


@pytest.mark.parametrize(
    ("identity", "permission", "resource", "error"),
    [
        ("nobody", SET_POLICY, PROJECT, InputError),
        (PORTER, "s3:GetObject", PROJECT, UsageError),
        (PORTER, SET_POLICY, "everything", UsageError),
    ],
)
def test_what_cannot_be_asked_is_one_clear_line(
    tmp_path: Path, identity: str, permission: str, resource: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        asked(tmp_path, identity, permission, resource)
    assert "\n" not in str(raised.value)


def test_a_group_above_whose_role_was_not_read_is_named(tmp_path: Path) -> None:
    group = {**NO_GROUP, "op": "bind"}
    decision = asked(tmp_path, PORTER, "bigquery.tables.getData", do=[group]).decision
    assert (decision.effect, "folderAdmin was not read" in decision.reason) == ("undecided", True)


def test_the_command_answers_and_says_it_in_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(tmp_path, PORTER, SET_POLICY)
    codes = []
    for permission in (SET_POLICY, "bigquery.tables.getData"):
        argv = ["porter-audit", "can", PORTER, permission, PROJECT, "--from", str(tmp_path / "snapshot.json")]
        monkeypatch.setattr("sys.argv", argv)
        codes.append(run())
    assert codes == [0, 1]
    assert "allow policy of projects/porter-demo-project" in capsys.readouterr().out
