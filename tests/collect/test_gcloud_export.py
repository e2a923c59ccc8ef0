"""Files that gcloud writes: recognised by content, judged as far as they go, refused where they are ambiguous."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scanner.app.scan import ScanOptions, ScanOutcome, scan
from scanner.errors import InputError
from scanner.localcloud.gcp_operations import apply_gcp, porter_email
from scanner.localcloud.gcp_provision import federated_project, gcp_parameters, keyed_project
from scanner.localcloud.gcp_state import GcpState
from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Result
from scanner.model.snapshot import UnitStatus

NOW = datetime(2026, 6, 1, tzinfo=UTC)
V3 = {"options": {"requestedPolicyVersion": 3}}


def export(state: GcpState, folder: Path, *, leave_out: tuple[str, ...] = ()) -> Path:
    """Write what the gcloud commands of the README print, one file each."""
    bound = {b["role"] for b in state.policies[state.node]["bindings"]}
    bound |= {b["role"] for p in state.account_policies.values() for b in p["bindings"]}
    keys = [key for found in state.keys.values() for key in found]
    files: dict[str, Any] = {
        "policy": state.answer("projects.getIamPolicy", {"resource": state.node, **V3}),
        "accounts": list(state.service_accounts.values()),
        "services": state.answer("services.list", {})["services"],
        "keys": keys,
        "pools": list(state.pools.values()),
        "providers": list(state.providers.values()),
        **{f"role-{n}": state.roles[role] for n, role in enumerate(sorted(bound)) if role in state.roles},
    }
    for email in state.service_accounts:
        name = f"{state.node}/serviceAccounts/{email}"
        files[email] = state.answer("projects.serviceAccounts.getIamPolicy", {"resource": name, **V3})
    folder.mkdir(exist_ok=True)
    for name, value in files.items():
        if value != [] and not name.startswith(leave_out or ("-",)):
            (folder / f"{name}.json").write_text(json.dumps(value))
    return folder


def judged(source: Path, version: str = "porter@2026-05", **more: Any) -> ScanOutcome:
    from scanner.app.params import Parameter

    parameters = tuple(Parameter(k, v, "argument") for k, v in gcp_parameters(version).items())
    return scan(ScanOptions(cloud="gcp", baseline=version, source=source, parameters=parameters, as_of=NOW, **more))


def status(outcome: ScanOutcome, kind: str) -> UnitStatus:
    return next(u.status for u in outcome.snapshot.units if u.kind == kind)


def test_the_federated_project_as_documented_is_as_documented_for_this_input(tmp_path: Path) -> None:
    outcome = judged(export(federated_project(NOW), tmp_path / "x", leave_out=("keys",)), "porter@2026-08")
    assert outcome.report.verdict.as_documented == "yes"
    assert "For this input only" in outcome.report.verdict.headline
    assert outcome.exit_code == 0
    assert status(outcome, kinds.ANCESTORS) is UnitStatus.NOT_IN_INPUT


def test_what_the_files_cannot_show_is_not_asked_and_never_a_pass(tmp_path: Path) -> None:
    outcome = judged(export(keyed_project(NOW), tmp_path / "x", leave_out=("keys", "role", "services")))
    said = {f.rule_id: f.result for f in outcome.report.findings}
    assert said["GCP-KEY-001"] is said["GCP-PERM-001"] is said["GCP-API-001"] is Result.NOT_APPLICABLE
    required = judged(tmp_path / "x", require_live=True)
    assert {f.result for f in required.report.findings if f.rule_id == "GCP-KEY-001"} == {Result.INCOMPLETE}


def test_a_drifted_project_is_found_in_files_too(tmp_path: Path) -> None:
    state = keyed_project(NOW)
    steps = [
        {"op": "bind", "role": "roles/owner", "member": "PORTER"},
        {
            "op": "bind_account",
            "account": "PORTER",
            "role": "roles/iam.serviceAccountTokenCreator",
            "member": "allUsers",
        },
        {"op": "add_key", "account": "PORTER", "key": "9e9e9e9e9e9e9e9e"},
    ]
    apply_gcp(state, steps, NOW)
    outcome = judged(export(state, tmp_path / "x"))
    failed = {f.rule_id for f in outcome.report.findings if f.result is Result.FAIL}
    assert {"GCP-PERM-001", "GCP-PERM-003", "GCP-IMP-001", "GCP-KEY-001"} <= failed
    assert outcome.exit_code == 1


def test_an_account_without_its_policy_file_leaves_the_unit_cut_short(tmp_path: Path) -> None:
    state = keyed_project(NOW)
    outcome = judged(export(state, tmp_path / "x", leave_out=(porter_email(state),)))
    assert status(outcome, kinds.SERVICE_ACCOUNT_POLICIES) is UnitStatus.TRUNCATED
    assert outcome.exit_code == 2


def test_key_material_never_enters_the_snapshot(tmp_path: Path) -> None:
    state = keyed_project(NOW)
    state.keys[porter_email(state)][0]["privateKeyData"] = "not-really-a-key"
    outcome = judged(export(state, tmp_path / "x"))
    assert "not-really-a-key" not in str(outcome.snapshot)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"policy.json": {"bindings": [], "etag": "ACAB"}}, "no file says which project"),
        (
            {
                "a.json": [{"name": "projects/one/serviceAccounts/a@one.x", "email": "a@one.x"}],
                "b.json": [{"name": "projects/two/serviceAccounts/b@two.x", "email": "b@two.x"}],
            },
            "several projects",
        ),
        ({"a.json": [{"name": "projects/one/serviceAccounts/a", "email": "a"}, {"x": 1}]}, "not recognised"),
        ({"a.json": [{"name": "projects/p/serviceAccounts/a", "email": 7}]}, "email: is not a non-empty string"),
        ({"a.json": [{"name": "projects/p/serviceAccounts/a", "email": "a"}], "b.json": {"x": 1}}, "not recognised"),
    ],
)
def test_files_that_cannot_be_judged_are_one_clear_line(tmp_path: Path, files: dict[str, Any], says: str) -> None:
    for name, value in files.items():
        (tmp_path / name).write_text(json.dumps(value))
    with pytest.raises(InputError, match=says):
        judged(tmp_path)


def test_an_account_that_has_only_googles_own_key_counts_as_read(tmp_path: Path) -> None:
    state = keyed_project(NOW)
    for email in state.service_accounts:
        name = f"{state.node}/serviceAccounts/{email}/keys/0a0a0a0a"
        state.keys[email] = [{"name": name, "keyType": "SYSTEM_MANAGED", "keyOrigin": "GOOGLE_PROVIDED"}]
    outcome = judged(export(state, tmp_path / "x"))
    assert status(outcome, kinds.SERVICE_ACCOUNT_KEYS) is UnitStatus.COMPLETE
    assert {f.result for f in outcome.report.findings if f.rule_id == "GCP-KEY-001"} == {Result.PASS}


def test_a_second_policy_that_names_nobody_is_refused_not_dropped(tmp_path: Path) -> None:
    folder = export(keyed_project(NOW), tmp_path / "gcp")
    (folder / "folder-policy.json").write_text(json.dumps({"etag": "x", "bindings": []}))
    with pytest.raises(InputError, match="policy of the project, and so is"):
        judged(folder)


def test_a_pool_of_whose_providers_no_file_tells_is_not_a_pool_without(tmp_path: Path) -> None:
    folder = export(federated_project(NOW), tmp_path / "gcp", leave_out=("providers",))
    outcome = judged(folder, "porter@2026-08")
    assert status(outcome, kinds.POOLS) is UnitStatus.TRUNCATED
    found = {f.rule_id: f.result for f in outcome.report.findings if f.rule_id.startswith("GCP-WIF")}
    assert found == {"GCP-WIF-001": Result.INCOMPLETE, "GCP-WIF-002": Result.INCOMPLETE}


def test_accounts_that_a_policy_binds_are_judged_where_no_file_lists_them(tmp_path: Path) -> None:
    state = keyed_project(NOW)
    folder = export(state, tmp_path / "as documented", leave_out=("accounts",))
    outcome = judged(folder)
    assert status(outcome, kinds.SERVICE_ACCOUNTS) is UnitStatus.TRUNCATED
    assert outcome.report.verdict.as_documented == "not proven"
    apply_gcp(state, [{"op": "bind", "role": "roles/owner", "member": "PORTER"}], NOW)
    outcome = judged(export(state, tmp_path / "owner", leave_out=("accounts",)))
    assert outcome.report.verdict.as_documented == "no"
    assert "GCP-PERM-001" in {f.rule_id for f in outcome.report.findings if f.result is Result.FAIL}
