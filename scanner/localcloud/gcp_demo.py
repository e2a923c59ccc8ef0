"""One call from nothing to a loopback organization in the state of a scenario: what demo and tests scan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from scanner.errors import UsageError
from scanner.localcloud.gcp import LoopbackGcp, start_gcp
from scanner.localcloud.gcp_operations import PORTER, apply_gcp, porter_email
from scanner.localcloud.gcp_provision import federated_project, keyed_project
from scanner.localcloud.gcp_state import GcpState
from scanner.localcloud.services import service_steps
from scanner.model.common import JsonObject

_SCENARIOS = Path(__file__).resolve().parent / "scenarios_gcp"
KEYED, FEDERATED = "keyed", "federated"


class GcpChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One deviation from the documented project, and how it must be reported."""

    id: str
    kind: str
    """The kind of mutation: binding_added, scope_raised, key_added ..."""
    title: str
    subject: str
    """Name of the finding's subject; `PORTER` is the documented account."""
    reported_by: frozenset[str]
    """Every rule that must report it."""
    mark: str
    """Text that the finding of at least one of these rules must hold."""
    do: tuple[JsonObject, ...]
    starts: frozenset[str] = frozenset({KEYED, FEDERATED})
    witness: bool = False
    """Access changed: a finding must show a request (member, permission, resource) that is allowed now."""


class GcpScenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `scenarios_gcp/`."""

    scenario: str
    title: str
    changes: tuple[GcpChange, ...] = ()


class ProvisionedGcp(msgspec.Struct, frozen=True):
    """A running organization and what a scan of its project must report."""

    cloud: LoopbackGcp
    environment: dict[str, str]
    expected: tuple[GcpChange, ...]


def gcp_scenario_names() -> tuple[str, ...]:
    """Return the scenarios that ship, sorted."""
    return tuple(sorted(path.stem for path in _SCENARIOS.glob("*.yaml")))


def load_gcp_scenario(name: str) -> GcpScenario:
    """Return a scenario. Raises `UsageError` if there is none of this name."""
    import yaml

    if name not in gcp_scenario_names():
        raise UsageError(f"unknown scenario `{name}`: known are {', '.join(gcp_scenario_names())}")
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    raw = yaml.load((_SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8"), Loader=loader)
    return msgspec.convert(raw, GcpScenario)


def scenario_state(scenario: GcpScenario, start: str, now: datetime) -> tuple[GcpState, tuple[GcpChange, ...]]:
    """Return the project with the scenario's changes for one set-up, and these changes with their real subjects."""
    state = federated_project(now) if start == FEDERATED else keyed_project(now)
    own = porter_email(state).partition("@")[0]
    changes = tuple(c for c in scenario.changes if start in c.starts)
    for change in changes:
        apply_gcp(state, change.do, now)
    return state, tuple(msgspec.structs.replace(c, subject=own) if c.subject == PORTER else c for c in changes)


@contextmanager
def provisioned_gcp(name: str, *, start: str, now: datetime, services: bool = False) -> Iterator[ProvisionedGcp]:
    """Serve a scenario's project until the block ends; `start` is `keyed` or `federated`.

    With `services` it holds what services of the examples run with, too.
    """
    state, changes = scenario_state(load_gcp_scenario(name), start, now)
    if services:
        apply_gcp(state, service_steps("gcp", name, project_id=state.project_id), now)
    with start_gcp(state) as cloud:
        yield ProvisionedGcp(cloud, cloud.environment(), changes)
