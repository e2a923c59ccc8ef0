"""Loopback clouds with several subscriptions and projects, read by a command line in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scanner.baseline.load import find, load_azure
from scanner.collect.azure.session import LOOPBACK_VARIABLE
from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.azure_tenant import BUILT_IN, another_subscription, object_id, role_assignment
from scanner.localcloud.gcp import LoopbackGcp
from scanner.localcloud.gcp_demo import KEYED, provisioned_gcp
from scanner.localcloud.gcp_state import GcpState
from scanner.localcloud.scenario_azure import provisioned_azure

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rules"))

from live_subscription import plan_of

SECOND, THIRD = "bbbbbbbb-0000-4000-8000-00000000000b", "bbbbbbbb-0000-4000-8000-00000000000c"
STAGING, STAGING_NUMBER = "acme-staging", "987654321098"


@contextmanager
def subscriptions() -> Iterator[LoopbackAzure]:
    """Serve a tenant with three subscriptions: two as documented, in the third Porter is Owner, too."""
    plan = plan_of(load_azure(find("porter@2026-05")))
    with provisioned_azure("documented", plan, now=datetime.now(UTC)) as (cloud, _):
        third = another_subscription(cloud.state, THIRD)
        scope = f"/subscriptions/{THIRD}"
        owner = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{BUILT_IN[0][1]}"
        principal = object_id(f"sp/{plan.application}")
        third.rows("roleAssignments").append(role_assignment(scope, owner, principal))
        cloud.others = (another_subscription(cloud.state, SECOND), third)
        yield cloud


@contextmanager
def projects() -> Iterator[LoopbackGcp]:
    """Serve an organization with two projects below its folder, both as documented."""
    with provisioned_gcp("documented", start=KEYED, now=datetime.now(UTC)) as running:
        cloud = running.cloud
        second = another_project(cloud.state, STAGING, STAGING_NUMBER)
        cloud.others = (second,)
        cloud.state.nodes[second.node] = second.nodes[second.node]
        yield cloud


def another_project(state: GcpState, project_id: str, number: str) -> GcpState:
    """Return a copy of a project under another id and number."""
    made = GcpState(project_id, number)
    for name, value in vars(deepcopy(state)).items():
        text = json.dumps(value).replace(state.project_id, project_id).replace(state.number, number)
        setattr(made, name, json.loads(text))
    return made


def azure_variables(cloud: LoopbackAzure) -> dict[str, str]:
    """Return the environment with which any process reads the tenant."""
    return {LOOPBACK_VARIABLE: f"{cloud.endpoint},{cloud.ca_file}"}


def arrived(cloud: LoopbackAzure, operation: str, contains: str = "") -> int:
    """Return how many requests of an operation the tenant has had."""
    found: list[Any] = [one for one in cloud.requests if one.operation == operation and contains in one.path]
    return len(found)
