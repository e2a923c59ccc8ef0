"""Names of the GCP collection units: what collectors write, normalizers read and rules require."""

from __future__ import annotations

from scanner.model.kinds import UnitKind

PROJECTS = "gcp.projects"
"""The projects below a folder or organization; a unit of that container, not of a project."""
PROJECT = "gcp.project"
PROJECT_POLICY = "gcp.project_policy"
SERVICE_ACCOUNTS = "gcp.service_accounts"
SERVICE_ACCOUNT_POLICIES = "gcp.service_account_policies"
SERVICE_ACCOUNT_KEYS = "gcp.service_account_keys"
HMAC_KEYS = "gcp.hmac_keys"
"""Keys with which service accounts reach Cloud Storage as if it were S3; without their secrets."""
POOLS = "gcp.workload_identity_pools"
SERVICES = "gcp.services"
ANCESTORS = "gcp.ancestors"
ROLES = "gcp.roles"
CUSTOM_ROLES = "gcp.custom_roles"
"""The roles that the project itself defines, deleted ones too; without permissions."""
DENY_POLICIES = "gcp.deny_policies"
POLICIES_BELOW = "gcp.policies_below"
"""Allow policies of everything in the project, as Cloud Asset Inventory finds them."""
BILLING = "gcp.billing"
NODES = "gcp.node_pools"

GCP_UNIT_KINDS: tuple[UnitKind, ...] = (
    UnitKind(PROJECT, required=True),
    UnitKind(PROJECT_POLICY, required=True),
    UnitKind(SERVICE_ACCOUNTS, required=True),
    UnitKind(SERVICE_ACCOUNT_POLICIES, required=True),
    UnitKind(SERVICE_ACCOUNT_KEYS, required=True),
    UnitKind(HMAC_KEYS, required=False),
    UnitKind(POOLS, required=True),
    UnitKind(SERVICES, required=True),
    UnitKind(ANCESTORS, required=False),
    UnitKind(POLICIES_BELOW, required=False),
    UnitKind(ROLES, required=True),
    UnitKind(CUSTOM_ROLES, required=False),
    UnitKind(DENY_POLICIES, required=False),
    UnitKind(BILLING, required=False),
    UnitKind(NODES, required=False),
)
"""Units of one project, in the order in which a snapshot lists them."""


def gcp_unit_id(scope_id: str, kind: str) -> str:
    """Return the id of a unit of a project, folder or organization."""
    return f"gcp/{scope_id}/global/{kind}"
