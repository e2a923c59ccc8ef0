"""What the demo's account looks like on different nights: one loopback account, read after each change."""

from __future__ import annotations

import os
from datetime import datetime
from importlib.util import find_spec

from scanner.app.demo.nights_states import States
from scanner.app.demo.reading import DemoReading, made_up, own_environment
from scanner.app.sources.aws import AwsOptions, Progress, read_live
from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.errors import PorterAuditError
from scanner.localcloud.demo import ProvisionedAws, demo_parameters, provisioned_aws
from scanner.localcloud.faults import FaultKind
from scanner.localcloud.scenario import apply, load_scenario
from scanner.model.snapshot import Snapshot

WIDENED = "manager-dynamodb"
"""The change that somebody accepts for a while."""
LOOSENED = "manager-external-id-dropped"
"""The change that is undone, and comes back."""


def read_states_aws(baseline: str, *, made: datetime, progress: Progress | None = None) -> States:
    """Write the documented account, change it step by step and read each state once, with the real AWS SDK.

    Raises `PorterAuditError` without the demo's libraries.
    """
    if find_spec("moto") is None or find_spec("boto3") is None:
        raise PorterAuditError("the demo's libraries are not installed", advice="pip install 'porter-audit[demo]'")
    values = demo_parameters()
    documented = bind_aws(load_aws(find(baseline)), values)

    def read() -> DemoReading:
        snapshot: Snapshot = read_live(
            AwsOptions(), external_id=values.get("external_id"), presence="expected", progress=progress
        )
        return DemoReading(snapshot, made_up(values))

    with (
        own_environment("AWS_", "BOTO_") as environ,
        provisioned_aws("documented", documented.roles, now=made) as account,
    ):
        environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        environ.update(account.environment)
        first = read()
        _change(account, WIDENED)
        second = read()
        _change(account, LOOSENED)
        third = read()
        account.cloud.fault("GetAccountAuthorizationDetails", FaultKind.DENIED)
        return States(first, second, third, read())


def _change(account: ProvisionedAws, name: str) -> None:
    """Make one of the drifted scenario's changes."""
    changes = {change.id: change for change in load_scenario("drifted", account.facts).aws.changes}
    account.cloud.read_only = False
    apply(account.cloud, changes[name])
    account.cloud.read_only = True
