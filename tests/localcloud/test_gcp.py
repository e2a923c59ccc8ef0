"""The loopback organization through Google's own clients: what it holds, how it pages, how it goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from gcp_cloud import NOW, read, serving, unit

from scanner.access.gcp.node import attached_to
from scanner.collect.gcp.allowlist import GCP_CALLS, gcp_permissions
from scanner.errors import CollectError
from scanner.localcloud.gcp import LoopbackGcp
from scanner.localcloud.gcp_provision import add_account, bind, federated_project
from scanner.localcloud.gcp_state import DEMO_NUMBER, DEMO_PROJECT, NEEDS, as_requested
from scanner.model import kinds_gcp as kinds
from scanner.model.snapshot import UnitStatus
from scanner.normalize.inventory import normalize

CONDITION = {"title": "until July", "expression": 'request.time < timestamp("2026-07-01T00:00:00Z")'}
UNPAGED = {"projects.serviceAccounts.keys.list", "projects.locations.clusters.list"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LoopbackGcp]:
    state = federated_project(NOW)
    bind(state, state.node, "roles/viewer", "serviceAccount:x@example.com", CONDITION)
    deny = f"policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{state.project_id}/denypolicies/guard"
    state.deny_policies[deny] = {
        "name": deny,
        "rules": [
            {
                "denyRule": {
                    "deniedPrincipals": ["principalSet://goog/public:all"],
                    "deniedPermissions": ["iam.googleapis.com/roles.update"],
                }
            }
        ],
    }
    state.clusters = [
        {
            "name": "prod",
            "location": "us-east1",
            "masterAuth": {"clientKey": "x"},
            "nodePools": [{"name": "n", "config": {"serviceAccount": "default"}}],
        }
    ]
    with serving(state) as running:
        yield running


@pytest.fixture(autouse=True)
def _right_again(cloud: LoopbackGcp) -> Iterator[None]:
    yield
    cloud.clear_faults()
    cloud.state.page_size = 100
    cloud.state.reader_permissions = None


def test_everything_is_read_with_the_real_clients(cloud: LoopbackGcp) -> None:
    snapshot = read()
    assert {u.kind: u.status for u in snapshot.units} == {k.kind: UnitStatus.COMPLETE for k in kinds.GCP_UNIT_KINDS}
    project = normalize(snapshot).gcp[0]
    assert project.number == cloud.state.number
    assert project.parents[-1][1] == "organizations/789"
    assert len(project.pools[0].providers) == 1
    assert project.deny_policies[0].document["rules"]
    assert project.node_pools[0].service_account == "default"
    assert all(call.outcome is UnitStatus.COMPLETE for call in snapshot.calls)


def test_a_clusters_credentials_never_enter_the_snapshot() -> None:
    assert "clientKey" not in str(unit(read(), kinds.NODES).pages)


def test_lists_are_read_to_the_last_page(cloud: LoopbackGcp) -> None:
    cloud.state.page_size = 1
    snapshot = read()
    accounts = unit(snapshot, kinds.SERVICE_ACCOUNTS)
    assert len(accounts.pages) == accounts.items == len(cloud.state.service_accounts)
    assert len(unit(snapshot, kinds.SERVICES).pages) == len(cloud.state.services)


def test_a_project_named_by_its_number_is_the_project_once(cloud: LoopbackGcp) -> None:
    by_number = read(projects=(DEMO_NUMBER, DEMO_PROJECT))
    assert [scope.id for scope in by_number.scopes] == [DEMO_PROJECT]
    assert {u.scope_id for u in by_number.units} == {DEMO_PROJECT}
    assert unit(by_number, kinds.ROLES).items == unit(read(), kinds.ROLES).items


def test_a_deny_policy_stands_at_the_project_though_the_service_prints_its_number(cloud: LoopbackGcp) -> None:
    snapshot = read()
    assert any(DEMO_NUMBER in page.get("name", "") for page in unit(snapshot, kinds.DENY_POLICIES).pages)
    (policy,) = normalize(snapshot).gcp[0].deny_policies
    assert attached_to(policy.name) == f"projects/{DEMO_PROJECT}"


def test_conditions_arrive_because_version_3_is_asked_for(cloud: LoopbackGcp) -> None:
    project = normalize(read()).gcp[0]
    assert any(b.condition == CONDITION for b in project.policy.bindings)  # type: ignore[union-attr]


def test_an_older_request_sees_a_role_name_that_hides_the_condition() -> None:
    policy = {"bindings": [{"role": "roles/viewer", "members": ["user:a@example.com"], "condition": CONDITION}]}
    shown = as_requested(policy, {"options": {"requestedPolicyVersion": 1}})
    assert shown["bindings"][0]["role"].startswith("roles/viewer_withcond_")
    assert "condition" not in shown["bindings"][0]


def test_the_generated_role_is_all_the_collector_needs(cloud: LoopbackGcp) -> None:
    cloud.state.reader_permissions = frozenset(gcp_permissions("ancestors"))
    assert all(u.status is UnitStatus.COMPLETE for u in read().units)


@pytest.mark.parametrize(
    "permission",
    sorted(
        set(NEEDS.values())
        - {"resourcemanager.projects.list", "resourcemanager.folders.list", "resourcemanager.organizations.get"}
    ),
)
def test_no_permission_of_the_generated_role_is_superfluous(cloud: LoopbackGcp, permission: str) -> None:
    cloud.state.reader_permissions = frozenset(gcp_permissions("ancestors")) - {permission}
    assert any(u.status is UnitStatus.DENIED for u in read().units)


def test_the_list_of_calls_and_what_google_asks_for_agree() -> None:
    for call in GCP_CALLS:
        assert call.permissions == (NEEDS[call.operation],)


def test_projects_of_a_folder_are_found_and_read_one_after_the_other(cloud: LoopbackGcp) -> None:
    snapshot = read(projects=(), folder="456")
    assert [(s.kind, s.id) for s in snapshot.scopes] == [("folder", "folders/456"), ("project", cloud.state.project_id)]
    organization = read(projects=(), organization="789")
    assert [s.id for s in organization.scopes] == ["organizations/789", cloud.state.project_id]


FAULTS = {
    "denied": UnitStatus.DENIED,
    "throttled": UnitStatus.THROTTLED,
    "unavailable": UnitStatus.ERROR,
    "malformed": UnitStatus.ERROR,
    "cut": UnitStatus.ERROR,
    "truncated": UnitStatus.TRUNCATED,
}
# An answer in one piece has no second page that could be missing.
BROKEN = [
    pytest.param(call, fault, status, id=f"{call.operation}-{fault}")
    for call in GCP_CALLS
    for fault, status in FAULTS.items()
    if call.kind != kinds.PROJECTS and not (fault == "truncated" and call.operation in UNPAGED)
]


@pytest.mark.parametrize(("call", "fault", "status"), BROKEN)
def test_a_call_that_goes_wrong_is_never_a_complete_unit(
    cloud: LoopbackGcp, call: object, fault: str, status: UnitStatus
) -> None:
    cloud.fault(call.operation, fault)  # type: ignore[attr-defined]
    found = unit(read(), call.kind).status  # type: ignore[attr-defined]
    assert found is not UnitStatus.COMPLETE
    if fault in ("denied", "throttled"):
        assert found is status


@pytest.mark.parametrize("operation", ["projects.get", "roles.get", "projects.locations.workloadIdentityPools.list"])
def test_a_call_nobody_answers_ends_at_its_time_limit(cloud: LoopbackGcp, operation: str) -> None:
    cloud.fault(operation, "timeout")
    kind = next(c.kind for c in GCP_CALLS if c.operation == operation)
    assert unit(read(call_timeout_s=0.3, max_attempts=1), kind).status is UnitStatus.TIMEOUT


def test_a_busy_service_is_asked_again_a_bounded_number_of_times(cloud: LoopbackGcp) -> None:
    cloud.fault("roles.get", "unavailable", times=1)
    snapshot = read()
    assert unit(snapshot, kinds.ROLES).status is UnitStatus.COMPLETE
    assert max(c.attempts for c in snapshot.calls) == 2


def test_after_the_deadline_nothing_is_sent(cloud: LoopbackGcp) -> None:
    cloud.forget_requests()
    snapshot = read(deadline_s=0.0)
    assert {u.status for u in snapshot.units} == {UnitStatus.NOT_ATTEMPTED}
    assert cloud.requests == ()


def test_a_role_that_disappears_while_reading_leaves_its_unit_unstable(cloud: LoopbackGcp) -> None:
    cloud.state.roles["roles/compute.admin"]["name"] = "roles/compute.admin"
    kept = cloud.state.roles.pop("roles/compute.admin")
    try:
        assert unit(read(), kinds.ROLES).status is UnitStatus.UNSTABLE
    finally:
        cloud.state.roles["roles/compute.admin"] = kept


def test_a_project_that_is_not_there_is_denied_not_empty(cloud: LoopbackGcp) -> None:
    snapshot = read(projects=("no-such-project",))
    assert unit(snapshot, kinds.PROJECT).status is UnitStatus.DENIED
    assert all(
        u.status is not UnitStatus.COMPLETE
        for u in snapshot.units
        if u.required and u.kind != kinds.SERVICES and u.kind != kinds.POOLS
    )


def test_a_policy_with_1500_bindings_is_read_whole(cloud: LoopbackGcp) -> None:
    before = cloud.state.policies[cloud.state.node]["bindings"]
    many = [
        {"role": "roles/viewer", "members": [f"user:u{i}@example.com"], "condition": {**CONDITION, "title": str(i)}}
        for i in range(1500)
    ]
    cloud.state.policies[cloud.state.node]["bindings"] = [*before, *many]
    try:
        project = normalize(read()).gcp[0]
        assert len(project.policy.bindings) == len(before) + 1500  # type: ignore[union-attr]
    finally:
        cloud.state.policies[cloud.state.node]["bindings"] = before


def test_no_project_named_is_one_clear_line() -> None:
    with pytest.raises(CollectError, match="no project is named"):
        read(projects=())


def test_another_machine_is_refused_as_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (
        "http://example.com:1,127.0.0.1:2",
        "http://127.0.0.1:1,example.com:2",
        "https://127.0.0.1:1,127.0.0.1:2",
    ):
        monkeypatch.setenv("PORTER_AUDIT_GCP_ENDPOINT", value)
        with pytest.raises(CollectError, match="another machine"):
            read()


def test_no_credentials_are_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PORTER_AUDIT_GCP_ENDPOINT", raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    with pytest.raises(CollectError, match="no Google credentials found"):
        read()


def test_the_same_account_twice_is_not_made(cloud: LoopbackGcp) -> None:
    before = len(cloud.state.service_accounts)
    add_account(cloud.state, "billing-api")
    assert len(cloud.state.service_accounts) == before
