"""What the demo's project looks like on different nights: one loopback organization, read after each change."""

from __future__ import annotations

from datetime import datetime

from scanner.app.demo.gcp import need_clients, set_up
from scanner.app.demo.nights_states import States
from scanner.app.demo.reading import DemoReading, made_up, own_environment
from scanner.app.sources.gcp import GcpOptions, Progress, read_gcp
from scanner.localcloud.faults import FaultKind
from scanner.localcloud.gcp_demo import load_gcp_scenario, provisioned_gcp
from scanner.localcloud.gcp_operations import apply_gcp
from scanner.localcloud.gcp_provision import gcp_parameters
from scanner.localcloud.gcp_state import DEMO_PROJECT

WIDENED = "custom-role-with-data"
"""The change that somebody accepts for a while."""
LOOSENED = "token-creator"
"""The change that is undone, and comes back."""
DENIED = ("projects.getIamPolicy", "projects.serviceAccounts.getIamPolicy")
"""What refuses to be read on one night: who holds what in the project, and who may act as its accounts."""


def read_states_gcp(baseline: str, *, made: datetime, progress: Progress | None = None) -> States:
    """Write the documented project, change it step by step and read each state once, with Google's own clients.

    Raises `PorterAuditError` without the clients.
    """
    need_clients()
    start, version = set_up(baseline)
    parameters = made_up(gcp_parameters(version))
    changes = {change.id: change.do for change in load_gcp_scenario("drifted").changes}

    def read() -> DemoReading:
        return DemoReading(
            read_gcp(GcpOptions(projects=(DEMO_PROJECT,)), presence="expected", progress=progress), parameters
        )

    with (
        provisioned_gcp("documented", start=start, now=made) as project,
        own_environment() as environ,
    ):
        environ.update(project.environment)
        first = read()
        apply_gcp(project.cloud.state, changes[WIDENED], made)
        second = read()
        apply_gcp(project.cloud.state, changes[LOOSENED], made)
        third = read()
        for operation in DENIED:
            project.cloud.fault(operation, FaultKind.DENIED)
        return States(first, second, third, read())
