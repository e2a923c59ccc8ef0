"""A loopback GCP organization that unmodified Google clients talk to: REST and gRPC, faults, a request log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

import msgspec

from scanner.localcloud.faults import Fault, FaultBook, FaultKind
from scanner.localcloud.gcp_grpc import grpc_server
from scanner.localcloud.gcp_rest import rest_server
from scanner.localcloud.gcp_state import GcpRefusal, GcpState
from scanner.model.common import JsonObject

_HOLD_S = 30.0
"""How long a call that must time out is held; it ends at once when the servers stop."""
_ENDLESS = "endless"
_REFUSALS = {
    FaultKind.DENIED: (403, "PERMISSION_DENIED", "Permission denied on resource (or it may not exist)."),
    FaultKind.SCP: (403, "PERMISSION_DENIED", "Request is prohibited by organization's policy."),
    FaultKind.THROTTLED: (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Read requests'."),
    FaultKind.UNAVAILABLE: (503, "UNAVAILABLE", "The service is currently unavailable."),
}


class LoggedGcpRequest(msgspec.Struct, frozen=True):
    """One request that arrived, in order."""

    operation: str
    params: JsonObject
    fault: FaultKind | None


class LoopbackGcp:
    """The running organization."""

    def __init__(self, state: GcpState) -> None:
        self.state = state
        self.others: tuple[GcpState, ...] = ()
        """More projects: calls that name one are answered from its state. `state` lists them among its nodes."""
        self.rest = ""
        """Base URL of the REST APIs."""
        self.grpc = ""
        """host:port of the gRPC APIs."""
        self._faults = FaultBook()
        self._log: list[LoggedGcpRequest] = []
        self._lock = Lock()
        self._closing = Event()

    @property
    def requests(self) -> tuple[LoggedGcpRequest, ...]:
        """Return what has arrived so far."""
        with self._lock:
            return tuple(self._log)

    def forget_requests(self) -> None:
        """Start the request log anew."""
        with self._lock:
            self._log.clear()

    def fault(
        self, operation: str, kind: FaultKind | str, *, after: int = 0, times: int | None = None, contains: str = ""
    ) -> None:
        """Make calls of `operation` go wrong from now on; see `Fault` for the fields."""
        self._faults.add(Fault(operation, FaultKind(kind), after=after, times=times, contains=contains))

    def clear_faults(self) -> None:
        """Let every call go right again."""
        self._faults.clear()

    def environment(self) -> dict[str, str]:
        """Return the environment variable with which the collector reads this organization, without credentials."""
        return {"PORTER_AUDIT_GCP_ENDPOINT": f"{self.rest},{self.grpc}"}

    def stop_waiting(self) -> None:
        """End the calls that are being held."""
        self._closing.set()

    def answer(self, operation: str, params: JsonObject) -> tuple[FaultKind | None, JsonObject]:
        """Return how a call goes wrong and what it says; raises `GcpRefusal`."""
        text = json.dumps(params, sort_keys=True)
        kind = self._faults.strike("", operation, "global", text)
        state = next((one for one in self.others if one.project_id in text or one.number in text), self.state)
        with self._lock:
            self._log.append(LoggedGcpRequest(operation, params, kind))
        if kind in _REFUSALS:
            raise GcpRefusal(*_REFUSALS[kind])
        if kind is FaultKind.TIMEOUT:
            self._closing.wait(_HOLD_S)
            raise GcpRefusal(504, "DEADLINE_EXCEEDED", "held until the caller gave up")
        if kind is not FaultKind.TRUNCATED:
            return kind, state.answer(operation, params)
        return kind, _truncated(operation, state.answer(operation, {**params, "pageToken": ""}))


def _truncated(operation: str, data: JsonObject) -> JsonObject:
    """Return a list that says for ever that there is more, or a record that lacks what it consists of."""
    unpaged = ("keys.list", "clusters.list", "get", "getIamPolicy", "getBillingInfo")
    if operation.endswith(unpaged):
        return {}
    return {**data, "nextPageToken": _ENDLESS}


@contextmanager
def start_gcp(state: GcpState) -> Iterator[LoopbackGcp]:
    """Serve the organization on 127.0.0.1 at free ports, in threads of this process, until the block ends."""
    cloud = LoopbackGcp(state)
    rest = rest_server(cloud.answer)
    remote, port = grpc_server(cloud.answer)
    cloud.rest, cloud.grpc = f"http://127.0.0.1:{rest.server_port}", f"127.0.0.1:{port}"
    thread = Thread(target=rest.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="loopback-gcp")
    thread.start()
    try:
        yield cloud
    finally:
        cloud.stop_waiting()
        rest.shutdown()
        thread.join()
        rest.server_close()
        remote.stop(None)
