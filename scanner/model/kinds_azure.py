"""Names of the Azure and Entra collection units: what collectors write, normalizers read and rules require."""

from __future__ import annotations

from scanner.model.kinds import UnitKind

SUBSCRIPTION = "azure.subscription"
ROLE_DEFINITIONS = "azure.authorization.role_definitions"
ROLE_ASSIGNMENTS = "azure.authorization.role_assignments"
DENY_ASSIGNMENTS = "azure.authorization.deny_assignments"
ELIGIBLE_ASSIGNMENTS = "azure.authorization.eligible_assignments"
ASSIGNMENT_METRICS = "azure.authorization.assignment_metrics"
PROVIDERS = "azure.resources.providers"
MANAGED_IDENTITIES = "azure.msi.identities"
AKS_CLUSTERS = "azure.aks.clusters"
LIGHTHOUSE = "azure.lighthouse.registration_assignments"

APPLICATIONS = "entra.applications"
SERVICE_PRINCIPALS = "entra.service_principals"
FEDERATED_CREDENTIALS = "entra.federated_credentials"
APP_ROLE_ASSIGNMENTS = "entra.app_role_assignments"
DELEGATED_GRANTS = "entra.delegated_grants"
OWNERS = "entra.owners"
MEMBERSHIPS = "entra.memberships"
DIRECTORY_ROLES = "entra.directory_roles"
DELETED_ITEMS = "entra.deleted_items"

AZURE_UNIT_KINDS: tuple[UnitKind, ...] = (
    UnitKind(SUBSCRIPTION, required=True),
    UnitKind(ROLE_DEFINITIONS, required=True),
    UnitKind(ROLE_ASSIGNMENTS, required=True),
    UnitKind(DENY_ASSIGNMENTS, required=True),
    UnitKind(ELIGIBLE_ASSIGNMENTS, required=True),
    UnitKind(ASSIGNMENT_METRICS, required=False),
    UnitKind(PROVIDERS, required=False),
    UnitKind(MANAGED_IDENTITIES, required=False),
    UnitKind(AKS_CLUSTERS, required=False),
    UnitKind(LIGHTHOUSE, required=False),
)
"""One of each per subscription, in the order in which a snapshot lists them."""

ENTRA_UNIT_KINDS: tuple[UnitKind, ...] = (
    UnitKind(APPLICATIONS, required=True),
    UnitKind(SERVICE_PRINCIPALS, required=True),
    UnitKind(FEDERATED_CREDENTIALS, required=True),
    UnitKind(APP_ROLE_ASSIGNMENTS, required=True),
    UnitKind(DELEGATED_GRANTS, required=True),
    UnitKind(OWNERS, required=True),
    UnitKind(MEMBERSHIPS, required=True),
    UnitKind(DIRECTORY_ROLES, required=True),
    UnitKind(DELETED_ITEMS, required=False),
)
"""One of each per tenant; their scope id is the tenant's."""


def azure_unit_id(scope_id: str, kind: str) -> str:
    """Return the id of a unit; `scope_id` is a subscription's or, for Entra, the tenant's."""
    return f"azure/{scope_id}/global/{kind}"
