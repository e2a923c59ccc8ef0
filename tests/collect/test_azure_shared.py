"""Subscriptions of one tenant in a fleet run: the tenant is read once, and each says when and by which requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from azure_cloud import PLAN, loopback, running, unit

from scanner.collect.azure.allowlist import GRAPH
from scanner.collect.azure.session import AzureOptions
from scanner.collect.azure.shared import MAX_AGE, SharedReader, TenantAnswers
from scanner.collect.azure.subscriptions import collect_azure
from scanner.collect.outcome import UnitStop
from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.azure_tenant import DEMO_SUBSCRIPTION_ID as FIRST
from scanner.localcloud.azure_tenant import another_subscription, role_assignment
from scanner.model import kinds_azure as kinds
from scanner.model.snapshot import Snapshot, Unit, UnitStatus

SECOND, THIRD = "bbbbbbbb-0000-4000-8000-00000000000b", "bbbbbbbb-0000-4000-8000-00000000000c"
NIGHT = datetime(2026, 6, 1, 2, tzinfo=UTC)
ENTRA = {kind.kind for kind in kinds.ENTRA_UNIT_KINDS}


class Clock:
    """Goes on by a second whenever somebody looks."""

    def __init__(self) -> None:
        self.now = NIGHT

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(scope="module")
def tenant() -> Iterator[LoopbackAzure]:
    with running(PLAN, page_size=1) as cloud:
        more = {**cloud.state.rows("servicePrincipals")[0], "id": "eeeeeeee-0000-4000-8000-00000000000e"}
        cloud.state.rows("servicePrincipals").append(more)
        cloud.others = tuple(another_subscription(cloud.state, one) for one in (SECOND, THIRD))
        yield cloud


@pytest.fixture
def cloud(tenant: LoopbackAzure) -> Iterator[LoopbackAzure]:
    tenant.forget_requests()
    yield tenant
    tenant.clear_faults()


Read = Callable[..., Snapshot]


@pytest.fixture
def read(cloud: LoopbackAzure, request: pytest.FixtureRequest) -> Read:
    """Return what reads a subscription as one of a run that is this test's own."""

    def of(one: str, clock: Any = None, run: str | None = request.node.name, **options: Any) -> Snapshot:
        asked = {"loopback": loopback(cloud), "max_attempts": 2, "fleet_run_id": run, "deadline_s": 10**6, **options}
        return collect_azure(AzureOptions(subscriptions=(one,), **asked), clock=clock or Clock())

    return of


def asked_of_graph(cloud: LoopbackAzure) -> Counter[str]:
    return Counter(one.path for one in cloud.requests if one.service == "graph")


def entra(snapshot: Snapshot) -> list[Unit]:
    return [one for one in snapshot.units if one.kind in ENTRA]


def lines(snapshot: Snapshot) -> list[Any]:
    return [call for call in snapshot.calls if call.service == GRAPH]


def said(one: Unit) -> tuple[Any, ...]:
    return (one.unit_id, one.status, one.items, one.pages, one.error)


def test_the_second_subscription_holds_what_the_first_was_answered_and_says_when(
    cloud: LoopbackAzure, read: Read
) -> None:
    clock = Clock()
    first = read(FIRST, clock)
    once = asked_of_graph(cloud)
    second = read(SECOND, clock)
    assert asked_of_graph(cloud) == once
    assert [said(one) for one in entra(second)] == [said(one) for one in entra(first)]
    assert {one.status for one in entra(second)} == {UnitStatus.COMPLETE}
    assert second.redactions == first.redactions > 0
    sent = lines(first)
    assert all(call.attempts for call in sent)
    assert lines(second) == [msgspec.structs.replace(call, attempts=0) for call in sent]
    read_before = [one for one in entra(second) if any(call.unit_id == one.unit_id for call in sent)]
    assert len(read_before) > 5
    for one in read_before:
        mine = [call for call in sent if call.unit_id == one.unit_id]
        assert (one.started, one.ended) == (min(c.started for c in mine), max(c.ended for c in mine))
    assert second.collected_at > max(call.ended for call in sent)


def test_what_is_shared_is_what_a_subscription_alone_would_have_read(cloud: LoopbackAzure, read: Read) -> None:
    alone = read(THIRD, run=None)
    read(FIRST)
    shared_with = read(THIRD)
    assert [said(one) for one in shared_with.units] == [said(one) for one in alone.units]


@pytest.mark.parametrize("other", ["alone", "run", "tenant"])
def test_another_run_or_tenant_is_asked_for_itself(
    cloud: LoopbackAzure, read: Read, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(FIRST)
    once = asked_of_graph(cloud)
    if other == "tenant":
        monkeypatch.setattr(cloud.state, "tenant_id", "aaaaaaaa-0000-4000-8000-0000000000ff")
    second = read(SECOND, **{"alone": {"run": None}, "run": {"run": "another"}, "tenant": {}}[other])
    assert asked_of_graph(cloud) == once + once
    assert all(call.attempts for call in lines(second))


def test_what_is_too_old_is_read_again(cloud: LoopbackAzure, read: Read) -> None:
    clock = Clock()
    read(FIRST, clock)
    once = asked_of_graph(cloud)
    clock.now += MAX_AGE
    third = read(THIRD, clock)
    assert asked_of_graph(cloud) == once + once
    assert min(call.started for call in lines(third)) > NIGHT + MAX_AGE


def test_where_the_tenant_is_refused_every_subscription_says_so(cloud: LoopbackAzure, read: Read) -> None:
    cloud.fault("ListApplications", "denied")
    found = [read(one) for one in (FIRST, SECOND)]
    for snapshot in found:
        assert unit(snapshot, kinds.APPLICATIONS).status is UnitStatus.DENIED
        assert unit(snapshot, kinds.FEDERATED_CREDENTIALS).status is UnitStatus.NOT_ATTEMPTED
        assert unit(snapshot, kinds.SERVICE_PRINCIPALS).status is UnitStatus.COMPLETE


@pytest.mark.parametrize(
    ("kind", "after"), [("denied", 0), ("throttled", 1), ("truncated", 1), ("malformed", 0), ("cut", 1)]
)
def test_a_failure_is_said_by_whom_it_met_and_the_next_asks_for_itself(
    cloud: LoopbackAzure, read: Read, kind: str, after: int
) -> None:
    cloud.fault("ListServicePrincipals", kind, after=after)
    met = read(FIRST)
    assert unit(met, kinds.SERVICE_PRINCIPALS).status is not UnitStatus.COMPLETE
    cloud.clear_faults()
    alone = [said(one) for one in entra(read(SECOND, run=None))]
    assert [said(one) for one in entra(read(SECOND))] == alone


def test_a_principal_that_only_one_subscription_knows_of_is_read_for_it(cloud: LoopbackAzure, read: Read) -> None:
    other, role = "dddddddd-0000-4000-8000-00000000000d", cloud.state.rows("roleDefinitions")[-1]
    second = cloud.others[0]
    scope = f"/subscriptions/{SECOND}"
    row = {"id": other, "appId": other, "displayName": "quiet", "passwordCredentials": [], "keyCredentials": []}
    cloud.state.rows("servicePrincipals").append(row)
    grant = role_assignment(scope, role["id"].replace(FIRST, SECOND), other)
    second.rows("roleAssignments").append(grant)
    try:
        found = [read(one) for one in (FIRST, SECOND, THIRD)]
    finally:
        cloud.state.rows("servicePrincipals").remove(row)
        second.rows("roleAssignments").remove(grant)
    knows = [other in msgspec.json.encode(entra(snapshot)).decode() for snapshot in found]
    assert knows == [False, True, False]
    assert {one.status for snapshot in found for one in entra(snapshot)} == {UnitStatus.COMPLETE}


def test_subscriptions_that_are_read_side_by_side_read_the_tenant_once(cloud: LoopbackAzure, read: Read) -> None:
    read(FIRST, run=None)
    once = asked_of_graph(cloud)
    cloud.forget_requests()
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(read, (FIRST, SECOND, THIRD)))
    assert asked_of_graph(cloud) == once
    for name in {call.operation for call in lines(found[0])}:
        assert {call.request_id for s in found for call in lines(s) if call.operation == name} == {
            call.request_id for call in lines(found[0]) if call.operation == name
        }
    assert sum(call.attempts > 0 for snapshot in found for call in lines(snapshot)) == sum(once.values())


def test_who_waits_for_another_target_waits_no_longer_than_its_own_time() -> None:
    answers = TenantAnswers()
    reader = SharedReader(Clock(), answers, lambda: 0.01)

    class Silent:
        service, region, endpoint_host, attempts = GRAPH, "global", None, 0

        def listed(self, operation: str) -> Any:
            raise AssertionError("nothing may be sent")

        send: Any = listed

    key = '["graph", "ListApplications", {}, null]'
    with answers.turn(key, 1), pytest.raises(UnitStop) as stop:
        list(reader.pages_of(Silent(), "ListApplications"))
    assert (stop.value.status, stop.value.code) == (UnitStatus.TIMEOUT, "DeadlineExceeded")
    assert reader.calls == []
