"""The documented state of each cloud, as the real collectors read it from the loopback clouds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from mutations.aws_state import AwsState
from scanner.app.demo.azure import azure_plan, loopback_of
from scanner.baseline.load import find, load_aws, load_azure
from scanner.baseline.variables import bind_aws
from scanner.baseline.variables_azure import bind_azure
from scanner.localcloud.demo import demo_parameters, provisioned_aws
from scanner.localcloud.gcp_demo import FEDERATED, KEYED, provisioned_gcp
from scanner.localcloud.gcp_state import DEMO_PROJECT
from scanner.localcloud.provision import demo_external_id
from scanner.model.snapshot import Snapshot

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
VERSIONS = ("2026-05", "2026-08")
_KEY = b"key of the benchmark, of no use elsewhere"
_OWN_SETTINGS = ("AWS_", "BOTO_", "AZURE_", "ARM_", "MSI_", "IDENTITY_", "GOOGLE_", "CLOUDSDK_")


def aws_account(version: str = VERSIONS[0]) -> AwsState:
    """Return the documented AWS account."""
    from scanner.collect.aws.account import collect_aws
    from scanner.collect.aws.session import AwsOptions

    documented = bind_aws(load_aws(find(f"porter@{version}")), demo_parameters())
    with provisioned_aws("documented", documented.roles, now=NOW) as account, environment(account.environment):
        snapshot = collect_aws(
            AwsOptions(),
            clock=lambda: NOW,
            hmac_key=_KEY,
            expected_external_id=demo_external_id(),
            presence="expected",
        )
    return AwsState(snapshot, _KEY, demo_external_id())


def gcp_project(version: str) -> Snapshot:
    """Return the documented GCP project: with a key in May 2026, with federation in August."""
    from scanner.collect.gcp.projects import collect_gcp
    from scanner.collect.gcp.session import GcpOptions

    start = KEYED if version == VERSIONS[0] else FEDERATED
    with provisioned_gcp("documented", start=start, now=NOW) as project, environment(project.environment):
        return collect_gcp(GcpOptions(projects=(DEMO_PROJECT,)), clock=lambda: NOW, presence="expected")


def azure_subscription(version: str) -> Snapshot:
    """Return the documented Azure subscription and its tenant."""
    from scanner.collect.azure.session import AzureOptions
    from scanner.collect.azure.subscriptions import collect_azure
    from scanner.localcloud.azure_tenant import DEMO_SUBSCRIPTION_ID
    from scanner.localcloud.scenario_azure import provisioned_azure

    documented = bind_azure(load_azure(find(f"porter@{version}")), {"subscription_id": DEMO_SUBSCRIPTION_ID})
    with (
        provisioned_azure("documented", azure_plan(documented), now=NOW) as (cloud, _),
        environment(cloud.environment()),
    ):
        return collect_azure(AzureOptions(loopback=loopback_of(cloud)), clock=lambda: NOW, presence="expected")


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set what leads to a loopback cloud and nothing of the person's own; afterwards all is as before."""
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith(_OWN_SETTINGS)]:
            del os.environ[name]
        os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
        os.environ.update(values)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
