"""Where targets are read: threads of this process, or Dask workers; one interface, that of `concurrent.futures`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeAlias

import msgspec

from scanner.errors import UsageError

MAX_HANDS = 256
_FORM = "threads:N, dask:local:N or dask://HOST:PORT"
_THREADS = re.compile(r"threads:([0-9]{1,4})\Z")
_LOCAL = re.compile(r"dask:local:([0-9]{1,4})\Z")
_REMOTE = re.compile(r"dask://((?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5})\Z")
_CONNECT_TIMEOUT_S = 15
# Reading waits for the network about as long as judging keeps a core busy.
_THREADS_OF_A_WORKER = 4
# A worker's profiler looks at the stacks of all it does every 10 ms and keeps what it saw for a quarter of an hour: a
# megabyte for each account, read by nobody (distributed 2026.8, `Worker.trigger_profile` and `profile_keys_history`).
_WORKER_SETTINGS = {"distributed.worker.profile.enabled": False}


class Threads(msgspec.Struct, frozen=True):
    """Threads of this process."""

    hands: int


class DaskLocal(msgspec.Struct, frozen=True):
    """Worker processes on this machine, a few targets each at a time."""

    hands: int


class DaskRemote(msgspec.Struct, frozen=True):
    """Workers of a scheduler that runs already."""

    address: str
    """HOST:PORT"""


ExecutorSpec: TypeAlias = Threads | DaskLocal | DaskRemote


def parse_executor(text: str) -> ExecutorSpec:
    """Return what `--executor` names; raises `UsageError`."""
    for form, made in ((_THREADS, Threads), (_LOCAL, DaskLocal)):
        found = form.match(text)
        if found is not None:
            hands = int(found[1])
            if not 1 <= hands <= MAX_HANDS:
                raise UsageError(f"executor `{text}`: give 1 to {MAX_HANDS}")
            return made(hands)
    remote = _REMOTE.match(text)
    if remote is None or int(remote[1].rpartition(":")[2]) > 65_535:
        raise UsageError("executor has an unknown form", advice=f"write {_FORM}")
    return DaskRemote(remote[1])


class OpenExecutor(msgspec.Struct, frozen=True):
    """An executor that takes work, and how many targets it works on side by side."""

    executor: Executor
    hands: int
    remote: bool
    """Work may be done on another machine: with its files, its environment and its credentials."""


@contextmanager
def open_executor(spec: ExecutorSpec) -> Iterator[OpenExecutor]:
    """Yield an executor; at the end nothing is waited for.

    The interpreter itself joins threads when it ends: who must stop with work still under way leaves by `os._exit`.
    Raises `UsageError` if Dask is not installed or its scheduler does not answer.
    """
    if isinstance(spec, Threads):
        pool = ThreadPoolExecutor(spec.hands, thread_name_prefix="fleet")
        try:
            yield OpenExecutor(pool, spec.hands, remote=False)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return
    with _dask_client(spec) as client:
        hands = max(1, sum(client.nthreads().values()))
        executor = client.get_executor(retries=0)
        yield OpenExecutor(executor, hands, remote=isinstance(spec, DaskRemote))


@contextmanager
def _dask_client(spec: DaskLocal | DaskRemote) -> Iterator[Any]:
    try:
        import dask.config
        import distributed
    except ModuleNotFoundError as error:
        raise UsageError("Dask is not installed", advice="pip install 'porter-audit[fleet]'") from error
    made: Any = distributed
    if isinstance(spec, DaskLocal):
        options = {
            "processes": True,
            "threads_per_worker": _THREADS_OF_A_WORKER,
            "dashboard_address": None,
            "host": "127.0.0.1",
        }
        with (
            dask.config.set(_WORKER_SETTINGS),
            made.LocalCluster(n_workers=spec.hands, **options) as cluster,
            made.Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = made.Client(f"tcp://{spec.address}", timeout=_CONNECT_TIMEOUT_S)
    except OSError as error:
        raise UsageError(f"no Dask scheduler answers at `{spec.address}`") from error
    with client:
        if not client.nthreads():
            raise UsageError(f"the Dask scheduler at `{spec.address}` has no workers")
        yield client
