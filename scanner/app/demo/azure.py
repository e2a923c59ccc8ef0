"""The Azure part of the demo: a loopback tenant and subscription, read with the real clients."""

from __future__ import annotations

from importlib.util import find_spec

from scanner.app.demo.reading import DemoReading, made_up, own_environment
from scanner.app.params import Parameter
from scanner.app.run_facts import now
from scanner.app.sources.azure import AzureOptions, Progress, read_azure
from scanner.baseline.load import find, load_azure
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.variables_azure import bind_azure
from scanner.collect.azure.session import CloudEndpoints, Loopback
from scanner.errors import PorterAuditError
from scanner.localcloud.azure import LoopbackAzure
from scanner.localcloud.azure_tenant import DEMO_SUBSCRIPTION_ID, AzurePlan
from scanner.localcloud.scenario_azure import provisioned_azure
from scanner.model.common import JsonObject
from scanner.rules.azure_context import documented_body

# What the documents leave open, made up: the issuer's first label and the numbers at the end.
_ISSUER_LABEL, _NUMBER = "0f0f0f0f-0000-4000-8000-000000000000", "7"
_ACCOUNT = "108458755588"
_ACCOUNT_VARIABLE = "porter_aws_account"


def read_demo_azure(
    scenario: str, baseline: str, progress: Progress | None = None, *, services: bool = False
) -> DemoReading:
    """Write a scenario's tenant and read it. Raises `PorterAuditError` without the demo's libraries."""
    need_clients()
    documented, plan = documented_azure(baseline)
    with (
        provisioned_azure(scenario, plan, now=now(), services=services) as (cloud, _),
        own_environment("AZURE_", "ARM_", "MSI_", "IDENTITY_") as environ,
    ):
        environ.update(cloud.environment())
        live = AzureOptions(loopback=loopback_of(cloud))
        snapshot = read_azure(live, presence="expected", progress=progress)
    return DemoReading(snapshot, azure_parameters(documented))


def need_clients() -> None:
    """Raise `PorterAuditError` if the demo's libraries are not installed."""
    if find_spec("trustme") is None or find_spec("azure") is None:
        raise PorterAuditError("the demo's libraries are not installed", advice="pip install 'porter-audit[demo]'")


def documented_azure(baseline: str) -> tuple[AzureBaseline, AzurePlan]:
    """Return a documented version with the loopback subscription's id in it, and what it has a customer make."""
    documented = bind_azure(load_azure(find(baseline)), {"subscription_id": DEMO_SUBSCRIPTION_ID})
    return documented, azure_plan(documented)


def azure_parameters(documented: AzureBaseline) -> tuple[Parameter, ...]:
    """Return the values that a documented version leaves open, made up."""
    known = {variable.name for variable in documented.variables}
    return made_up({_ACCOUNT_VARIABLE: _ACCOUNT} if _ACCOUNT_VARIABLE in known else {})


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
