"""One call from nothing to a provisioned loopback account: what the demo and the tests scan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec

from scanner.localcloud.aws import DEMO_ACCOUNT_ID, LoopbackAws, start_aws
from scanner.localcloud.bystanders import add_bystanders
from scanner.localcloud.provision import AwsFacts, demo_external_id, provision
from scanner.localcloud.reshape import PageRole
from scanner.localcloud.scenario import Change, Scenario, apply_aws, apply_steps, load_scenario
from scanner.localcloud.services import service_steps


class ProvisionedAws(msgspec.Struct, frozen=True):
    """A running account and what is known of it."""

    cloud: LoopbackAws
    endpoint: str
    environment: dict[str, str]
    """With these variables any AWS SDK reads the account."""
    facts: AwsFacts
    scenario: Scenario
    expected: tuple[Change, ...]
    """What a scan must report, and nothing else."""


@contextmanager
def provisioned_aws(
    scenario_name: str,
    roles: Sequence[PageRole],
    *,
    now: datetime,
    account_id: str = DEMO_ACCOUNT_ID,
    services: bool = False,
) -> Iterator[ProvisionedAws]:
    """Start a loopback account, write the documented `roles` and the scenario into it, and make it read-only.

    `roles` are those of the documented version, bound with `demo_parameters`; `now` is the scan's clock. With
    `services` the account holds what services of the examples run with.
    Raises `UsageError` if there is no such scenario.
    """
    facts = AwsFacts(account_id=account_id, external_id=demo_external_id(), now=now)
    scenario = load_scenario(scenario_name, facts)
    with start_aws(account_id) as cloud:
        provision(cloud, roles, facts)
        add_bystanders(cloud, facts)
        if services:
            apply_steps(cloud, service_steps("aws", scenario_name, account_id=account_id), "services")
        apply_aws(cloud, scenario)
        cloud.forget_requests()
        cloud.read_only = True
        yield ProvisionedAws(cloud, cloud.endpoint, cloud.environment(), facts, scenario, scenario.aws.changes)


def demo_parameters(account_id: str = DEMO_ACCOUNT_ID) -> dict[str, str]:
    """Return the documented version's parameters for the demo account."""
    return {"account_id": account_id, "external_id": demo_external_id()}
