"""What the demo's subscription looks like on different nights: one loopback tenant, read after each change."""

from __future__ import annotations

from datetime import datetime

from scanner.app.demo.azure import azure_parameters, documented_azure, loopback_of, need_clients
from scanner.app.demo.nights_states import States
from scanner.app.demo.reading import DemoReading, own_environment
from scanner.app.sources.azure import AzureOptions, Progress, read_azure
from scanner.localcloud.azure_operations import apply_azure
from scanner.localcloud.faults import FaultKind
from scanner.localcloud.scenario_azure import load_azure_scenario, provisioned_azure

WIDENED = "role-broadened"
"""The change that somebody accepts for a while."""
LOOSENED = "federated"
"""The change that is undone, and comes back."""
DENIED = ("RoleDefinitions.List", "ListApplications")
"""What refuses to be read on one night: what roles allow, and who signs in as Porter."""


def read_states_azure(baseline: str, *, made: datetime, progress: Progress | None = None) -> States:
    """Write the documented tenant, change it step by step and read each state once, with the real clients.

    Raises `PorterAuditError` without the demo's libraries.
    """
    need_clients()
    documented, plan = documented_azure(baseline)
    changes = {change.id: change.do for change in load_azure_scenario("drifted", plan.application).changes}
    with (
        provisioned_azure("documented", plan, now=made) as (cloud, _),
        own_environment("AZURE_", "ARM_", "MSI_", "IDENTITY_") as environ,
    ):
        environ.update(cloud.environment())
        live = AzureOptions(loopback=loopback_of(cloud))

        def read() -> DemoReading:
            return DemoReading(read_azure(live, presence="expected", progress=progress), azure_parameters(documented))

        first = read()
        apply_azure(cloud.state, changes[WIDENED])
        second = read()
        apply_azure(cloud.state, changes[LOOSENED])
        third = read()
        for operation in DENIED:
            cloud.fault(operation, FaultKind.DENIED)
        return States(first, second, third, read())
