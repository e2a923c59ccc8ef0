"""The Azure part of the demo: a loopback tenant and subscription, read with the real clients, judged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from scanner.app.azure_source import AzureOptions, Progress
from scanner.app.demo import DemoOptions
from scanner.app.run_facts import now
from scanner.app.scan import OnRuleError
from scanner.app.scan_azure import AzureScanOptions, AzureScanOutcome, scan_azure
from scanner.baseline.load import find, load_azure
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.variables_azure import bind_azure
from scanner.collect.azure_session import CloudEndpoints, Loopback
from scanner.errors import PorterAuditError
from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.azure_tenant import DEMO_SUBSCRIPTION_ID, AzurePlan
from scanner.localcloud.scenario_azure import provisioned_azure
from scanner.model.common import JsonObject
from scanner.rules.azure_context import documented_body

# What the documents leave open, made up: the issuer's first label and the numbers at the end.
_ISSUER_LABEL, _NUMBER = "0f0f0f0f-0000-4000-8000-000000000000", "7"
_ACCOUNT = "108458755588"


def demo_azure(
    options: DemoOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> AzureScanOutcome:
    """Run a scenario and return what a scan of it says. Raises `PorterAuditError` without the demo's libraries."""
    if find_spec("trustme") is None or find_spec("azure") is None:
        raise PorterAuditError("the demo's libraries are not installed", advice="pip install 'porter-audit[demo]'")
    baseline = bind_azure(load_azure(find(options.baseline)), {"subscription_id": DEMO_SUBSCRIPTION_ID})
    with provisioned_azure(options.scenario, azure_plan(baseline), now=now()) as (cloud, _), _own_environment(cloud):
        asked = AzureScanOptions(
            baseline=options.baseline,
            azure=AzureOptions(loopback=loopback_of(cloud)),
            presence="expected",
            fail_on=options.fail_on,
            fail_on_posture=options.fail_on_posture,
            argv=options.argv,
        )
        return scan_azure(asked, progress=progress, on_rule_error=on_rule_error)


def loopback_of(cloud: LoopbackAzure) -> Loopback:
    """Return where the clients find a loopback cloud, and whom they trust there."""
    return Loopback(CloudEndpoints(cloud.endpoint, cloud.endpoint, cloud.endpoint), cloud.ca_file)


def azure_plan(baseline: AzureBaseline) -> AzurePlan:
    """Return what a documented version has a customer make, as the loopback cloud's provisioning takes it."""
    role, application = baseline.role_definitions[0], baseline.applications[0]
    permissions: list[JsonObject] = documented_body(role)["permissions"]
    federated: list[JsonObject] = [
        {
            "name": claim.name_pattern.replace("*", _NUMBER),
            "issuer": claim.issuer_pattern.replace("*", _ISSUER_LABEL),
            "subject": claim.subject_pattern.replace("{porter_aws_account}", _ACCOUNT).replace("*", _NUMBER),
            "audiences": [claim.audience],
        }
        for claim in application.federated_credentials
    ]
    return AzurePlan(
        application=application.key,
        role_name=role.key,
        role_description=role.description,
        permissions=tuple(permissions),
        app_roles=tuple(claim.id for claim in application.app_roles),
        providers=tuple(provider.namespace for provider in baseline.providers),
        secret_days=application.secrets.max_age_days,
        federated=tuple(federated),
    )


@contextmanager
def _own_environment(cloud: LoopbackAzure) -> Iterator[None]:
    """Sign in to the loopback cloud alone, whatever the person's own settings; afterwards all is as before."""
    before = dict(os.environ)
    try:
        for name in [name for name in os.environ if name.startswith(("AZURE_", "ARM_", "MSI_", "IDENTITY_"))]:
            del os.environ[name]
        os.environ.update(cloud.environment())
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
