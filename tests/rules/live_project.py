"""A small language for GCP projects as rules see them: a documented project, and what a case does to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from scanner.baseline.load import find, load_gcp
from scanner.baseline.variables_gcp import bind_gcp
from scanner.collect.gcp.projects import collect_gcp
from scanner.collect.gcp.session import GcpOptions
from scanner.collect.ledger import Answer
from scanner.collect.outcome import UnitStop
from scanner.engine_gcp import gcp_values
from scanner.localcloud.gcp_operations import apply_gcp
from scanner.localcloud.gcp_provision import federated_project, gcp_parameters, keyed_project
from scanner.localcloud.gcp_state import DEMO_PROJECT, GcpRefusal, GcpState
from scanner.model.snapshot import Snapshot, SourceKind, Unit, UnitError, UnitStatus
from scanner.normalize.inventory import normalize
from scanner.rules.base import Settings
from scanner.rules.gcp_context import GcpContext, build_gcp_context

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
Json = dict[str, Any]


class DirectSession:
    """Answers from the state itself, without sockets."""

    region = "global"
    attempts = 1

    def __init__(self, state: GcpState) -> None:
        self._state = state

    def expired(self) -> bool:
        return False

    def principal(self) -> str:
        return "test"

    def endpoint_of(self, operation: str) -> str | None:
        return None

    def send(self, operation: str, params: Json) -> Answer:
        try:
            asked = {"showDeleted": True, "keyTypes": ["USER_MANAGED"], **params}
            return Answer(data=self._state.answer(operation, asked))
        except GcpRefusal as refusal:
            raise UnitStop(UnitStatus.UNSTABLE, refusal.status, refusal.message) from refusal


def state_of(case: Json) -> GcpState:
    starts = {"keyed": keyed_project, "federated": federated_project}
    start = case.get("start", "empty")
    state = starts[start](AS_OF) if start in starts else GcpState()
    apply_gcp(state, case.get("do", ()), AS_OF)
    return state


def snapshot_of(case: Json) -> Snapshot:
    session = DirectSession(state_of(case))
    presence = case.get("presence", "unknown")
    options = GcpOptions(projects=(DEMO_PROJECT,))
    snapshot = collect_gcp(options, clock=lambda: AS_OF, presence=presence, session=session)
    unread: Json = case.get("units", {})
    units = tuple(_unread(u, unread[u.kind]) if u.kind in unread else u for u in snapshot.units)
    return replace(snapshot, units=units, source=SourceKind(case.get("source", "live")))


def _unread(unit: Unit, status: str) -> Unit:
    return replace(unit, status=UnitStatus(status), pages=(), error=UnitError("PermissionDenied", "denied"))


def version_of(case: Json) -> str:
    return str(case.get("baseline") or ("porter@2026-08" if case.get("start") == "federated" else "porter@2026-05"))


def context(case: Json) -> tuple[GcpContext, tuple[Unit, ...]]:
    """Return the context of a case's project, and the units that were read."""
    inventory = normalize(snapshot_of(case))
    version = version_of(case)
    baseline = load_gcp(find(version))
    given = gcp_parameters(version) if case.get("parameters", True) else {}
    project = inventory.gcp[0]
    bound = bind_gcp(baseline, gcp_values(project, baseline, given))
    previous = {name: tuple(permissions) for name, permissions in case.get("previous_roles", {}).items()}
    conditions = {name: tuple(texts) for name, texts in case.get("previous_conditions", {}).items()}
    settings = Settings(
        has_previous=bool(previous or conditions),
        previous_gcp_roles=tuple(previous.items()),
        previous_conditions=tuple(conditions.items()),
    )
    return build_gcp_context(project, inventory, bound, settings, AS_OF), inventory.units
