"""The read-only calls this program may send to Google Cloud, as data, and the role made from them."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from scanner.errors import ForbiddenCallError
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject

GcpTier = Literal["project", "ancestors"]
"""`project`: a custom role of the project is enough; `ancestors`: the same permissions and more on the organization."""

GCP_TIERS: tuple[GcpTier, ...] = get_args(GcpTier)


class GcpCall(msgspec.Struct, frozen=True):
    """One method of a Google API, what it is for, and what it needs."""

    service: str
    """Name of the API, for example `iam.googleapis.com`."""
    operation: str
    """As in the API reference: `projects.serviceAccounts.list`."""
    tier: GcpTier
    kind: str
    """The collection unit the call feeds."""
    permissions: tuple[str, ...]
    counts: str = ""
    """Key of the answer whose list holds the items of a page; a method without is one item."""
    holds: str = ""
    """Key that every answer has that is one, for methods without a list; empty: an empty answer is valid."""

    @property
    def api(self) -> str:
        """Return `service:operation`."""
        return f"{self.service}:{self.operation}"


_CRM = "cloudresourcemanager.googleapis.com"
_IAM = "iam.googleapis.com"
_USAGE = "serviceusage.googleapis.com"
_BILLING = "cloudbilling.googleapis.com"
_ASSETS = "cloudasset.googleapis.com"
_STORAGE = "storage.googleapis.com"
_GKE = "container.googleapis.com"
_RM = "resourcemanager"

GCP_CALLS: tuple[GcpCall, ...] = (
    GcpCall(_CRM, "folders.list", "ancestors", kinds.PROJECTS, (f"{_RM}.folders.list",), counts="folders"),
    GcpCall(_CRM, "projects.list", "ancestors", kinds.PROJECTS, (f"{_RM}.projects.list",), counts="projects"),
    GcpCall(_CRM, "projects.get", "project", kinds.PROJECT, (f"{_RM}.projects.get",), holds="name"),
    # A policy without bindings is an empty answer.
    GcpCall(
        _CRM, "projects.getIamPolicy", "project", kinds.PROJECT_POLICY, (f"{_RM}.projects.getIamPolicy",), holds="etag"
    ),
    GcpCall(
        _IAM,
        "projects.serviceAccounts.list",
        "project",
        kinds.SERVICE_ACCOUNTS,
        ("iam.serviceAccounts.list",),
        counts="accounts",
    ),
    GcpCall(
        _IAM,
        "projects.serviceAccounts.getIamPolicy",
        "project",
        kinds.SERVICE_ACCOUNT_POLICIES,
        ("iam.serviceAccounts.getIamPolicy",),
        holds="etag",
    ),
    GcpCall(
        _IAM,
        "projects.serviceAccounts.keys.list",
        "project",
        kinds.SERVICE_ACCOUNT_KEYS,
        ("iam.serviceAccountKeys.list",),
        counts="keys",
    ),
    # https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys/list
    GcpCall(
        _STORAGE, "projects.hmacKeys.list", "project", kinds.HMAC_KEYS, ("storage.hmacKeys.list",), counts="items"
    ),
    GcpCall(
        _IAM,
        "projects.locations.workloadIdentityPools.list",
        "project",
        kinds.POOLS,
        ("iam.workloadIdentityPools.list",),
        counts="workloadIdentityPools",
    ),
    GcpCall(
        _IAM,
        "projects.locations.workloadIdentityPools.providers.list",
        "project",
        kinds.POOLS,
        ("iam.workloadIdentityPoolProviders.list",),
        counts="workloadIdentityPoolProviders",
    ),
    GcpCall(_USAGE, "services.list", "project", kinds.SERVICES, ("serviceusage.services.list",), counts="services"),
    GcpCall(_CRM, "folders.get", "ancestors", kinds.ANCESTORS, (f"{_RM}.folders.get",), holds="name"),
    GcpCall(_CRM, "folders.getIamPolicy", "ancestors", kinds.ANCESTORS, (f"{_RM}.folders.getIamPolicy",), holds="etag"),
    GcpCall(
        _CRM,
        "organizations.getIamPolicy",
        "ancestors",
        kinds.ANCESTORS,
        (f"{_RM}.organizations.getIamPolicy",),
        holds="etag",
    ),
    GcpCall(_IAM, "projects.roles.list", "project", kinds.CUSTOM_ROLES, ("iam.roles.list",), counts="roles"),
    # https://cloud.google.com/asset-inventory/docs/reference/rest/v1/TopLevel/searchAllIamPolicies
    GcpCall(
        _ASSETS,
        "searchAllIamPolicies",
        "project",
        kinds.POLICIES_BELOW,
        ("cloudasset.assets.searchAllIamPolicies",),
        counts="results",
    ),
    GcpCall(_IAM, "roles.get", "project", kinds.ROLES, ("iam.roles.get",), holds="name"),
    GcpCall(
        _IAM, "policies.listPolicies", "project", kinds.DENY_POLICIES, ("iam.denypolicies.list",), counts="policies"
    ),
    GcpCall(_IAM, "policies.get", "project", kinds.DENY_POLICIES, ("iam.denypolicies.get",), holds="name"),
    GcpCall(_BILLING, "projects.getBillingInfo", "project", kinds.BILLING, (f"{_RM}.projects.get",), holds="name"),
    GcpCall(
        _GKE,
        "projects.locations.clusters.list",
        "project",
        kinds.NODES,
        ("container.clusters.list",),
        counts="clusters",
    ),
)
"""In the order in which a scan first needs them."""

_LISTED = {call.operation: call for call in GCP_CALLS}


def gcp_call(operation: str) -> GcpCall:
    """Return the entry of a method. Raises `ForbiddenCallError` for anything that is not on the list."""
    if operation not in _LISTED:
        raise ForbiddenCallError(f"`{operation}` is not on the read-only list of Google API methods")
    return _LISTED[operation]


def gcp_apis_of(kind: str) -> tuple[str, ...]:
    """Return `service:operation` of every call that feeds a kind of unit."""
    return tuple(call.api for call in GCP_CALLS if call.kind == kind)


def gcp_permissions(tier: GcpTier) -> tuple[str, ...]:
    """Return the permissions of a tier and of those below it, sorted."""
    included = GCP_TIERS[: GCP_TIERS.index(tier) + 1]
    return tuple(sorted({p for call in GCP_CALLS if call.tier in included for p in call.permissions}))


def gcp_role(tier: GcpTier) -> JsonObject:
    """Return the custom role that allows exactly the calls of a tier, as `gcloud iam roles create --file` reads it.

    A role with permissions on folders exists on an organization only.
    """
    return {
        "title": f"porter-audit reader ({tier})",
        "description": "Read-only: what porter-audit needs to judge Porter's access, and nothing else.",
        "stage": "GA",
        "includedPermissions": list(gcp_permissions(tier)),
    }
