"""The AWS part of the demo: a loopback account, read with the real AWS SDK."""

from __future__ import annotations

import os
from importlib.util import find_spec

from scanner.app.demo.reading import DemoReading, made_up, own_environment
from scanner.app.run_facts import now
from scanner.app.sources.aws import AwsOptions, Progress, read_live
from scanner.baseline.load import find, load_aws
from scanner.baseline.variables import bind_aws
from scanner.errors import PorterAuditError
from scanner.localcloud.demo import demo_parameters, provisioned_aws


def read_demo_aws(
    scenario: str, baseline: str, progress: Progress | None = None, *, services: bool = False
) -> DemoReading:
    """Write a scenario's account and read it. Raises `PorterAuditError` without the demo's libraries."""
    if find_spec("moto") is None or find_spec("boto3") is None:
        raise PorterAuditError("the demo's libraries are not installed", advice="pip install 'porter-audit[demo]'")
    values = demo_parameters()
    documented = bind_aws(load_aws(find(baseline)), values)
    with (
        own_environment("AWS_", "BOTO_") as environ,
        provisioned_aws(scenario, documented.roles, now=now(), services=services) as cloud,
    ):
        environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        environ.update(cloud.environment)
        external_id = values.get("external_id")
        snapshot = read_live(AwsOptions(), external_id=external_id, presence="expected", progress=progress)
    return DemoReading(snapshot, made_up(values))
