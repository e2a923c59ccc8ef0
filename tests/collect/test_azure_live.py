"""The real Azure clients and the standard credential chain against a cloud on this machine, over TLS."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.collect.azure.allowlist import AZURE_CALLS, refuse_unlisted_request
from scanner.collect.azure.session import AzureOptions
from scanner.collect.azure.subscriptions import collect_azure
from scanner.errors import CollectError, ForbiddenCallError
from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.azure_operations import apply_azure
from scanner.localcloud.azure_tenant import role_assignment
from scanner.model import kinds_azure as kinds
from scanner.model.snapshot import UnitStatus
from scanner.normalize.inventory import normalize

sys.path.insert(0, str(Path(__file__).resolve().parent))

from azure_cloud import collect, loopback, running, unit


@pytest.fixture
def cloud() -> Iterator[LoopbackAzure]:
    with running() as started:
        yield started


def test_everything_is_read_page_by_page_to_the_end(cloud: LoopbackAzure) -> None:
    snapshot = collect(cloud)
    assert {u.status for u in snapshot.units} == {UnitStatus.COMPLETE}
    assert [u.kind for u in snapshot.units] == [k.kind for k in (*kinds.AZURE_UNIT_KINDS, *kinds.ENTRA_UNIT_KINDS)]
    definitions = unit(snapshot, kinds.ROLE_DEFINITIONS)
    assert (definitions.items, len(definitions.pages)) == (5, 3)
    assert all(call.attempts == 1 and call.http_status == 200 and call.request_id for call in snapshot.calls)
    assert snapshot.scopes[0].id == cloud.state.subscription_id
    assert cloud.state.tenant_id in snapshot.callers[0].principal


def test_no_trace_of_a_secret_is_kept(cloud: LoopbackAzure) -> None:
    snapshot = collect(cloud)
    kept = msgspec.json.encode(snapshot)
    assert b'"hint"' not in kept
    assert b"secretText" not in kept
    assert b"AZURE_CLIENT" not in kept
    credential = unit(snapshot, kinds.APPLICATIONS).pages[0]["value"][0]["passwordCredentials"][0]
    assert {"keyId", "startDateTime", "endDateTime"} <= set(credential)
    assert snapshot.redactions > 0


def test_only_reads_are_sent(cloud: LoopbackAzure) -> None:
    collect(cloud)
    assert {r.status for r in cloud.requests} == {200}
    sent = {r.operation for r in cloud.requests if r.service != "login"}
    assert sent <= {call.operation for call in AZURE_CALLS}
    assert all("porter-audit" in r.user_agent for r in cloud.requests if r.service != "login")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("denied", UnitStatus.DENIED),
        ("throttled", UnitStatus.THROTTLED),
        ("timeout", UnitStatus.TIMEOUT),
        ("truncated", UnitStatus.TRUNCATED),
        ("malformed", UnitStatus.ERROR),
        ("unavailable", UnitStatus.ERROR),
    ],
)
@pytest.mark.parametrize("operation", ["RoleAssignments.ListForSubscription", "ListApplications"])
def test_a_broken_call_ends_its_unit_and_no_other(
    cloud: LoopbackAzure, operation: str, kind: str, status: UnitStatus
) -> None:
    cloud.fault(operation, kind)
    snapshot = collect(cloud)
    call = next(c for c in AZURE_CALLS if c.operation == operation)
    assert unit(snapshot, call.kind).status is status
    assert unit(snapshot, kinds.ROLE_DEFINITIONS).status is UnitStatus.COMPLETE


def test_an_answer_cut_in_the_middle_is_not_the_answer(cloud: LoopbackAzure) -> None:
    cloud.fault("RoleDefinitions.List", "cut", after=1)
    found = unit(collect(cloud), kinds.ROLE_DEFINITIONS)
    assert found.status in (UnitStatus.ERROR, UnitStatus.TIMEOUT)
    assert found.items == 2


def test_a_service_that_recovers_is_read_with_retries(cloud: LoopbackAzure) -> None:
    cloud.retry_after_s = 1
    cloud.fault("ListAppRoleAssignments", "throttled", times=1)
    snapshot = collect(cloud)
    assert unit(snapshot, kinds.APP_ROLE_ASSIGNMENTS).status is UnitStatus.COMPLETE
    assert max(call.attempts for call in snapshot.calls) == 2


def test_a_wait_longer_than_the_time_left_ends_the_unit_at_once(cloud: LoopbackAzure) -> None:
    cloud.retry_after_s = 3600
    cloud.fault("RoleAssignments.ListForSubscription", "throttled")
    found = unit(collect(cloud), kinds.ROLE_ASSIGNMENTS)
    assert found.status is UnitStatus.THROTTLED
    assert found.error is not None
    assert "3600 s" in found.error.message


def test_without_consent_for_graph_the_subscription_is_still_read(cloud: LoopbackAzure) -> None:
    cloud.fault("*", "denied", service="graph")
    snapshot = collect(cloud)
    assert unit(snapshot, kinds.ROLE_ASSIGNMENTS).status is UnitStatus.COMPLETE
    for kind in kinds.ENTRA_UNIT_KINDS:
        assert unit(snapshot, kind.kind).status is not UnitStatus.COMPLETE, kind.kind


def test_what_depends_on_an_unread_list_is_not_complete(cloud: LoopbackAzure) -> None:
    cloud.fault("RoleAssignments.ListForSubscription", "denied")
    assert unit(collect(cloud), kinds.SERVICE_PRINCIPALS).status is not UnitStatus.COMPLETE


def test_a_principal_that_holds_the_role_is_read_whatever_its_name(cloud: LoopbackAzure) -> None:
    other: dict[str, Any] = {"id": "dddddddd-0000-4000-8000-000000000009", "appId": "x", "displayName": "innocent"}
    other |= {"passwordCredentials": [], "keyCredentials": []}
    cloud.state.rows("servicePrincipals").append(other)
    definition = cloud.state.rows("roleDefinitions")[-1]["id"]
    scope = f"/subscriptions/{cloud.state.subscription_id}"
    for holder in (other["id"], "eeeeeeee-0000-4000-8000-00000000000a"):
        cloud.state.rows("roleAssignments").append(role_assignment(scope, definition, holder))
    found = unit(collect(cloud), kinds.SERVICE_PRINCIPALS)
    assert found.status is UnitStatus.COMPLETE, "a principal that is gone is a full answer"
    assert "innocent" in json.dumps(found.pages)


@pytest.mark.parametrize(
    ("rows", "kind"), [("applications", kinds.APPLICATIONS), ("servicePrincipals", kinds.SERVICE_PRINCIPALS)]
)
@pytest.mark.parametrize("left_out", ["passwordCredentials", "keyCredentials"])
def test_a_row_that_does_not_say_its_credentials_is_not_read_in_full(
    cloud: LoopbackAzure, rows: str, kind: str, left_out: str
) -> None:
    for row in cloud.state.rows(rows):
        row[left_out] = None
    found = unit(collect(cloud), kind)
    assert found.status is UnitStatus.TRUNCATED
    assert found.error is not None
    assert found.error.code == "CredentialsLeftOut"
    assert left_out in found.error.message


def test_a_tenant_without_the_licence_for_eligible_assignments_has_none(cloud: LoopbackAzure) -> None:
    cloud.no_eligibility_licence = True
    found = unit(collect(cloud), kinds.ELIGIBLE_ASSIGNMENTS)
    assert (found.status, found.items) == (UnitStatus.COMPLETE, 0)


def test_refused_credentials_are_one_line(cloud: LoopbackAzure) -> None:
    cloud.fault("Token", "denied")
    with pytest.raises(CollectError, match="AADSTS7000215") as caught:
        collect(cloud)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_an_unknown_subscription_is_one_line(cloud: LoopbackAzure) -> None:
    with pytest.raises(CollectError, match="SubscriptionNotFound"):
        collect(cloud, subscriptions=("99999999-0000-4000-8000-000000000002",))
    with pytest.raises(CollectError, match="not a subscription id"):
        collect(cloud, subscriptions=("../x",))


def test_a_management_group_names_its_subscriptions(cloud: LoopbackAzure) -> None:
    snapshot = collect(cloud, management_group="root-group")
    assert [scope.id for scope in snapshot.scopes] == [cloud.state.subscription_id]


def test_the_only_visible_subscription_needs_no_name(cloud: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID")
    assert [scope.id for scope in collect(cloud).scopes] == [cloud.state.subscription_id]


@pytest.mark.parametrize("way", ["malformed", "cut", "denied", "throttled"])
def test_a_list_of_subscriptions_that_cannot_be_read_is_told_in_one_line(
    cloud: LoopbackAzure, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID")
    cloud.fault("Subscriptions.List", way)
    with pytest.raises(CollectError, match=r"the list of subscriptions cannot be read: \w+\Z"):
        collect(cloud)


def test_after_the_deadline_nothing_is_sent(cloud: LoopbackAzure) -> None:
    snapshot = collect(cloud, deadline_s=0)
    assert {u.status for u in snapshot.units} == {UnitStatus.NOT_ATTEMPTED}


def test_endpoints_are_replaced_on_this_machine_only(cloud: LoopbackAzure) -> None:
    elsewhere = msgspec.structs.replace(
        loopback(cloud), endpoints=msgspec.structs.replace(loopback(cloud).endpoints, graph="https://example.org")
    )
    with pytest.raises(CollectError, match="not on this machine"):
        collect(cloud, loopback=elsewhere)


@pytest.mark.parametrize(
    ("service", "method", "path"),
    [
        ("graph", "POST", "/v1.0/applications"),
        ("graph", "GET", "/v1.0/applications/x/secrets"),
        ("graph", "GET", "/v1.0/users"),
        ("arm", "POST", "/subscriptions/x/providers/Microsoft.Authorization/roleAssignments"),
        ("arm", "GET", "/subscriptions/x/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s/listKeys"),
    ],
)
def test_nothing_unlisted_leaves_the_program(service: str, method: str, path: str) -> None:
    with pytest.raises(ForbiddenCallError):
        refuse_unlisted_request(service, method, path)


def test_every_listed_call_only_reads() -> None:
    for call in AZURE_CALLS:
        assert all(need.endswith(("/read", ".Read.All")) for need in call.needs), call.operation


def test_a_role_for_one_resource_group_and_its_eligible_holder_are_read(cloud: LoopbackAzure) -> None:
    group = f"/subscriptions/{cloud.state.subscription_id}/resourceGroups/rg"
    apply_azure(
        cloud.state,
        [
            {"op": "create_role", "role": "porter-extra", "actions": ["*"]},
            {"op": "edit_role", "role": "porter-extra", "set": {"assignableScopes": [group]}},
            {"op": "create_application", "name": "innocent"},
            {"op": "assign", "role": "porter-extra", "to": "innocent", "scope": group, "eligible": True},
        ],
    )
    read = normalize(collect(cloud)).azure[0]
    assert "porter-extra" in {d.name for d in read.definitions}
    assert "innocent" in {p.name for p in read.principals}


def test_directory_roles_are_read_of_the_principal_alone(cloud: LoopbackAzure) -> None:
    apply_azure(
        cloud.state,
        [
            {"op": "create_application", "name": "innocent"},
            {"op": "assign_directory_role", "who": "innocent", "name": "Other"},
            {"op": "assign_directory_role", "who": "azure-porter-restricted-sp", "name": "Own", "scope": "/x"},
        ],
    )
    (principal,) = normalize(collect(cloud)).azure[0].principals
    assert [(m.name, m.kind, m.scope) for m in principal.memberships] == [("Own", "directoryRole", "/x")]


@pytest.mark.parametrize("state", ["Disabled", "Deleted", ""])
def test_a_subscription_that_does_not_work_is_said_to_be_so(cloud: LoopbackAzure, state: str) -> None:
    cloud.state.subscription["state"] = state
    own = unit(collect(cloud), kinds.SUBSCRIPTION)
    assert own.status is UnitStatus.UNSTABLE
    assert own.error is not None
    assert (state or "no known state") in own.error.message


def test_nobody_signed_in_is_one_line_and_no_screen_of_warnings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The developer's part of the chain says of its tools that they are "not found": that is no tenant."""
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "dev")
    monkeypatch.setenv("PATH", str(tmp_path))
    options = AzureOptions(subscriptions=("bbbbbbbb-0000-4000-8000-000000000002",))
    with pytest.raises(CollectError, match="no Azure credentials found"):
        collect_azure(options, clock=lambda: datetime.now(UTC))
    assert capfd.readouterr().err == ""
