"""Where targets are read: threads, or Dask workers of which one is killed in the middle of its work."""

from __future__ import annotations

import os
import pickle
import signal
import time
import weakref
from collections import Counter
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import pytest

from scanner.app.fleet.executor import DaskLocal, DaskRemote, OpenExecutor, Threads, open_executor, parse_executor
from scanner.app.fleet.journal import RunFolder
from scanner.app.fleet.run import FleetRun, Orders, at_once
from scanner.app.fleet.target import broken, key_check, read_target, unread
from scanner.app.fleet.work import Done, Work
from scanner.errors import UsageError
from scanner.localcloud.fleet_content import running
from scanner.model.config import Thresholds
from scanner.model.fleet import PLAN_SCHEMA, Approval, FleetTarget, Place, Plan, Reach

from ..localcloud.fleet import EXTERNAL_ID, accounts, organization, release, requests, variables
from .fleet_setup import journal, results

IDS = accounts(4)
RUN_ID = "01970000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("threads:1", Threads(1)),
        ("dask:local:2", DaskLocal(2)),
        ("dask://scheduler.example:8786", DaskRemote("scheduler.example:8786")),
        ("dask://[::1]:8786", DaskRemote("[::1]:8786")),
    ],
)
def test_the_forms_of_an_executor(text: str, spec: object) -> None:
    assert parse_executor(text) == spec


@pytest.mark.parametrize(
    "text",
    ["", "threads", "threads:0", "threads:257", "threads:-1", "dask:local:0", "dask://x", "dask://x:70000", "spark"],
)
def test_another_form_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_executor(text)


def test_a_scheduler_that_does_not_answer_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.app.fleet.executor._CONNECT_TIMEOUT_S", 1)
    with (
        pytest.raises(UsageError, match=r"no Dask scheduler answers at `127\.0\.0\.1:9`"),
        open_executor(DaskRemote("127.0.0.1:9")),
    ):
        pass


def target(one: str, cloud: str = "aws", kind: str = "account", **changes: Any) -> FleetTarget:
    made = FleetTarget(
        place=Place(cloud, kind, one),
        asked="targets[1]",
        approval=Approval.NAMED,
        documented="porter@2026-05",
        parameters=("external_id=env:FLEET_EXTERNAL_ID",),
        role=f"arn:aws:iam::{one}:role/porter-audit",
        external_id="env:FLEET_EXTERNAL_ID",
    )
    return msgspec.structs.replace(made, **changes)


def now() -> datetime:
    return datetime.now(UTC)


def quiet(what: str, key: str) -> None:
    assert what
    assert key


def orders(limits: dict[str, int]) -> Orders:
    ends_at = now() + timedelta(minutes=1)
    return Orders(Thresholds(), ends_at, 60, key_check(), (), at_once=at_once(limits, 4))


def work(one: FleetTarget, **changes: Any) -> Work:
    ends_at = datetime.now(UTC) + timedelta(minutes=5)
    return msgspec.structs.replace(Work(one, RUN_ID, Thresholds(), ends_at, 60.0, key_check()), **changes)


def test_work_and_its_result_travel_and_hold_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_EXTERNAL_ID", EXTERNAL_ID)
    asked = work(target(IDS[0]))
    done = unread(asked, Reach.FAILED, "nobody answers")
    assert pickle.loads(pickle.dumps(asked)) == asked
    assert pickle.loads(pickle.dumps(done)) == done
    assert EXTERNAL_ID.encode() not in pickle.dumps((asked, done))


def test_another_installation_key_is_refused_before_anything_is_read() -> None:
    done = read_target(work(target(IDS[0]), key_check="another"))
    assert done.result.reach is Reach.FAILED
    assert "the installation key here is another" in done.result.why


def test_after_the_deadline_nothing_is_read() -> None:
    done = read_target(work(target(IDS[0]), ends_at=now() - timedelta(seconds=1)))
    assert (done.result.reach, done.result.exit_code) == (Reach.LATE, 2)
    assert b'"not_attempted"' in done.files["report.json"]


@pytest.mark.parametrize(
    "place",
    [
        Place("aws", "account", IDS[0]),
        Place("gcp", "project", "acme-prod"),
        Place("azure", "subscription", "8a3d1f6e-6f0e-4a2b-9d5c-1f2e3d4c5b6a"),
    ],
    ids=lambda place: place.cloud,
)
def test_a_target_that_was_not_read_has_a_report_without_any_pass(place: Place) -> None:
    done = unread(work(target(place.id, place.cloud, place.kind)), Reach.FAILED, "no credentials")
    assert done.result.exit_code == 2
    assert done.result.as_documented == "not proven"
    assert done.result.results["PASS"] == 0
    assert done.result.open_points


def test_an_error_of_this_program_is_named_and_ends_with_4() -> None:
    done = broken(work(target(IDS[0])), KeyError("Arn"))
    assert (done.result.reach, done.result.exit_code) == (Reach.BROKEN, 4)
    assert "KeyError: 'Arn'" in done.result.why


class Counting(Executor):
    """Reads nothing: notes how many targets of each cloud are under way at once."""

    def __init__(self, hands: int) -> None:
        self._pool = ThreadPoolExecutor(hands)
        self._lock = Lock()
        self._busy: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._pool.submit(self._pretend, args[0])

    def _pretend(self, asked: Work) -> Done:
        cloud = asked.target.place.cloud
        with self._lock:
            self._busy[cloud] += 1
            self.most[cloud] = max(self.most[cloud], self._busy[cloud])
        time.sleep(0.01)
        with self._lock:
            self._busy[cloud] -= 1
        return Done(broken(asked, ValueError("not read")).result, {})


def test_no_cloud_has_more_targets_under_way_than_its_limit(tmp_path: Path) -> None:
    targets = [target(one) for one in accounts(6)] + [target(f"project-{n}", "gcp", "project") for n in range(6)]
    plan = Plan(PLAN_SCHEMA, RUN_ID, datetime.now(UTC), "0", "0" * 64, (), tuple(targets))
    folder = RunFolder.begin(tmp_path, plan)
    executor = Counting(4)
    FleetRun(folder, plan, orders({"aws": 1, "gcp": 2}), clock=now, tell=quiet).go(
        OpenExecutor(executor, 4, remote=False)
    )
    assert executor.most["aws"] == 1
    assert executor.most["gcp"] == 2
    assert len(journal(folder.path)) == 12


class Remembering(Executor):
    """Ends each target at once, and counts at each how many earlier ones are still held by whoever asked."""

    def __init__(self) -> None:
        self._given: list[weakref.ref[Future[Any]]] = []
        self.held: list[int] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.held.append(sum(future() is not None for future in self._given))
        made: Future[Any] = Future()
        made.set_result(Done(broken(args[0], ValueError("not read")).result, {}))
        self._given.append(weakref.ref(made))
        return made


def test_who_leads_the_run_holds_no_result_once_it_is_written_down(tmp_path: Path) -> None:
    plan = Plan(PLAN_SCHEMA, RUN_ID, now(), "0", "0" * 64, (), tuple(target(one) for one in IDS))
    folder, executor = RunFolder.begin(tmp_path, plan), Remembering()
    FleetRun(folder, plan, orders({}), clock=now, tell=quiet).go(OpenExecutor(executor, 1, remote=False))
    assert executor.held == [0, 0, 0, 0]


def test_a_worker_keeps_no_record_of_the_work_it_has_done() -> None:
    """Dask's own profiler, asked what it saw of a task that kept a core busy for thirty of its looks: nothing."""
    with open_executor(DaskLocal(1)) as opened:
        assert opened.executor.submit(_busy, 0.3).result(30) > 0
        client: Any = opened.executor._client  # type: ignore[attr-defined]
        assert client.profile()["count"] == 0


def _busy(seconds: float) -> int:
    rounds, end = 0, time.process_time() + seconds
    while time.process_time() < end:
        rounds += 1
    return rounds


def test_a_worker_killed_in_the_middle_loses_no_target_and_doubles_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(PLAN_SCHEMA, RUN_ID, now(), "0", "0" * 64, (), tuple(target(one) for one in IDS))
    folder = RunFolder.begin(tmp_path, plan)
    done: list[str] = []
    killed: list[int] = []
    with running(organization(IDS, held=IDS[1:2]), tmp_path) as endpoint:
        for name, value in variables(endpoint).items():
            monkeypatch.setenv(name, value)
        with open_executor(DaskLocal(2)) as opened:

            def tell(what: str, key: str) -> None:
                done.append(key if what == "journaled" else "")
                if len(list(filter(None, done))) == 3 and not killed:
                    killed.append(_kill_the_busy_worker(opened, endpoint))
                    release(endpoint)

            FleetRun(folder, plan, orders({}), clock=now, tell=tell).go(opened)
        began = {one: requests(endpoint)[f"{one} GetCallerIdentity"] for one in IDS}
    assert len(killed) == 1
    assert {one: (result.reach, result.exit_code) for one, result in results(folder.path).items()} == dict.fromkeys(
        IDS, (Reach.READ, 0)
    )
    assert sorted(line.key for line in journal(folder.path)) == [f"aws-{one}" for one in IDS]
    # It was begun twice, and counts once.
    assert began == {IDS[0]: 1, IDS[1]: 2, IDS[2]: 1, IDS[3]: 1}


def _kill_the_busy_worker(opened: OpenExecutor, endpoint: str) -> int:
    """Kill the process that is reading the account that is held, once it has begun; all others are done."""
    deadline = time.monotonic() + 20
    while f"{IDS[1]} GetCallerIdentity" not in requests(endpoint):
        assert time.monotonic() < deadline, "no worker began"
        time.sleep(0.01)
    client: Any = opened.executor._client  # type: ignore[attr-defined]
    busy = [address for address, tasks in client.processing().items() if tasks]
    assert len(busy) == 1
    pid: int = client.run(os.getpid)[busy[0]]
    os.kill(pid, signal.SIGKILL)
    return pid
