"""The read-only calls this program may send to Azure Resource Manager and Microsoft Graph, as data."""

from __future__ import annotations

import re
from typing import Literal, get_args

import msgspec

from scanner.errors import ForbiddenCallError
from scanner.model import kinds_azure as kinds

AzureTier = Literal["porter-only", "account", "org", "graph"]
"""How much a reader is trusted with; each tier includes those before it."""

AZURE_TIERS: tuple[AzureTier, ...] = get_args(AzureTier)
ARM, GRAPH = "arm", "graph"


class AzureCall(msgspec.Struct, frozen=True):
    """One API operation, what it is for, and what it needs."""

    service: str
    """`arm` or `graph`."""
    operation: str
    """As in the provider's API reference."""
    tier: AzureTier
    kind: str
    """The collection unit the call feeds; empty for the calls that find out what to read."""
    path: str
    """Below the endpoint; `{name}` is filled from the call's parameters, `{scope}` may hold slashes."""
    needs: tuple[str, ...]
    """ARM actions or Graph application permissions."""
    query: tuple[tuple[str, str], ...] = ()
    """`{name}` in a value is filled from the call's parameters."""
    counts: tuple[str, ...] = ("value",)
    """Keys of the answer whose lists are the items of a page; an operation without is one item."""
    holds: str = ""
    """Key that every answer has that is one: for operations without lists."""

    @property
    def api(self) -> str:
        """Return `service:Operation`."""
        return f"{self.service}:{self.operation}"


_SUB = "/subscriptions/{subscription}"
_AUTHORIZATION = _SUB + "/providers/Microsoft.Authorization"
_READ = "Microsoft.Authorization"
_APPS = ("Application.Read.All",)
_APP_FIELDS = "id,appId,displayName,createdDateTime,passwordCredentials,keyCredentials,requiredResourceAccess"
_SP_FIELDS = "id,appId,displayName,servicePrincipalType,accountEnabled,appOwnerOrganizationId"
_SP_FIELDS += ",passwordCredentials,keyCredentials"
_MANY = ("$top", "999")
# A search matches words of a name that begin so; it asks for the header `ConsistencyLevel: eventual`.
_SEARCH = ("$search", '"displayName:porter"')


def _arm(
    operation: str, tier: AzureTier, kind: str, path: str, action: str, version: str, *more: tuple[str, str]
) -> AzureCall:
    return AzureCall(ARM, operation, tier, kind, path, (action,), (("api-version", version), *more))


def _graph(operation: str, kind: str, path: str, needs: tuple[str, ...], *query: tuple[str, str]) -> AzureCall:
    return AzureCall(GRAPH, operation, "graph", kind, "/v1.0" + path, needs, query)


AZURE_CALLS: tuple[AzureCall, ...] = (
    _arm(
        "Subscriptions.List",
        "porter-only",
        "",
        "/subscriptions",
        "Microsoft.Resources/subscriptions/read",
        "2022-12-01",
    ),
    _arm(
        "ManagementGroups.GetDescendants",
        "org",
        "",
        "/providers/Microsoft.Management/managementGroups/{group}/descendants",
        "Microsoft.Management/managementGroups/descendants/read",
        "2020-05-01",
    ),
    AzureCall(
        ARM,
        "Subscriptions.Get",
        "porter-only",
        kinds.SUBSCRIPTION,
        _SUB,
        ("Microsoft.Resources/subscriptions/read",),
        (("api-version", "2022-12-01"),),
        counts=(),
        holds="subscriptionId",
    ),
    _arm(
        "RoleDefinitions.List",
        "porter-only",
        kinds.ROLE_DEFINITIONS,
        _AUTHORIZATION + "/roleDefinitions",
        f"{_READ}/roleDefinitions/read",
        "2022-04-01",
    ),
    _arm(
        "RoleAssignments.ListForSubscription",
        "porter-only",
        kinds.ROLE_ASSIGNMENTS,
        _AUTHORIZATION + "/roleAssignments",
        f"{_READ}/roleAssignments/read",
        "2022-04-01",
    ),
    _arm(
        "DenyAssignments.List",
        "porter-only",
        kinds.DENY_ASSIGNMENTS,
        _AUTHORIZATION + "/denyAssignments",
        f"{_READ}/denyAssignments/read",
        "2022-04-01",
    ),
    _arm(
        "RoleEligibilitySchedules.ListForScope",
        "porter-only",
        kinds.ELIGIBLE_ASSIGNMENTS,
        _AUTHORIZATION + "/roleEligibilitySchedules",
        f"{_READ}/roleEligibilitySchedules/read",
        "2020-10-01",
    ),
    _arm(
        "RoleEligibilityScheduleInstances.ListForScope",
        "porter-only",
        kinds.ELIGIBLE_ASSIGNMENTS,
        _AUTHORIZATION + "/roleEligibilityScheduleInstances",
        f"{_READ}/roleEligibilityScheduleInstances/read",
        "2020-10-01",
    ),
    AzureCall(
        ARM,
        "RoleAssignmentMetrics.GetMetricsForSubscription",
        "account",
        kinds.ASSIGNMENT_METRICS,
        _AUTHORIZATION + "/roleAssignmentsUsageMetrics",
        (f"{_READ}/roleAssignmentsUsageMetrics/read",),
        counts=(),
        holds="roleAssignmentsCurrentCount",
    ),
    _arm(
        "Providers.List",
        "account",
        kinds.PROVIDERS,
        _SUB + "/providers",
        "Microsoft.Resources/subscriptions/providers/read",
        "2025-04-01",
    ),
    _arm(
        "UserAssignedIdentities.ListBySubscription",
        "account",
        kinds.MANAGED_IDENTITIES,
        _SUB + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        "2024-11-30",
    ),
    _arm(
        "FederatedIdentityCredentials.List",
        "account",
        kinds.MANAGED_IDENTITIES,
        _SUB + "/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}"
        "/federatedIdentityCredentials",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
        "2024-11-30",
    ),
    # https://learn.microsoft.com/rest/api/aks/managed-clusters/list
    _arm(
        "ManagedClusters.List",
        "account",
        kinds.AKS_CLUSTERS,
        _SUB + "/providers/Microsoft.ContainerService/managedClusters",
        "Microsoft.ContainerService/managedClusters/read",
        "2024-09-01",
    ),
    # https://learn.microsoft.com/rest/api/managedservices/registration-assignments/list
    _arm(
        "RegistrationAssignments.List",
        "account",
        kinds.LIGHTHOUSE,
        _SUB + "/providers/Microsoft.ManagedServices/registrationAssignments",
        "Microsoft.ManagedServices/registrationAssignments/read",
        "2022-10-01",
        ("$expandRegistrationDefinition", "true"),
    ),
    _graph("ListApplications", kinds.APPLICATIONS, "/applications", _APPS, ("$select", _APP_FIELDS), _SEARCH, _MANY),
    _graph(
        "ListServicePrincipals",
        kinds.SERVICE_PRINCIPALS,
        "/servicePrincipals",
        _APPS,
        ("$select", _SP_FIELDS),
        _SEARCH,
        _MANY,
    ),
    AzureCall(
        GRAPH,
        "GetServicePrincipal",
        "graph",
        kinds.SERVICE_PRINCIPALS,
        "/v1.0/servicePrincipals/{id}",
        _APPS,
        (("$select", _SP_FIELDS),),
        counts=(),
        holds="id",
    ),
    _graph(
        "ListFederatedIdentityCredentials",
        kinds.FEDERATED_CREDENTIALS,
        "/applications/{id}/federatedIdentityCredentials",
        _APPS,
    ),
    _graph(
        "ListAppRoleAssignments",
        kinds.APP_ROLE_ASSIGNMENTS,
        "/servicePrincipals/{id}/appRoleAssignments",
        _APPS,
        _MANY,
    ),
    _graph(
        "ListDelegatedGrants",
        kinds.DELEGATED_GRANTS,
        "/servicePrincipals/{id}/oauth2PermissionGrants",
        ("Directory.Read.All",),
    ),
    _graph("ListApplicationOwners", kinds.OWNERS, "/applications/{id}/owners", _APPS, ("$select", "id,displayName")),
    _graph(
        "ListServicePrincipalOwners",
        kinds.OWNERS,
        "/servicePrincipals/{id}/owners",
        _APPS,
        ("$select", "id,displayName"),
    ),
    _graph(
        "ListMemberships",
        kinds.MEMBERSHIPS,
        "/servicePrincipals/{id}/transitiveMemberOf",
        ("Directory.Read.All",),
        ("$select", "id,displayName"),
    ),
    # https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments: memberships show neither roles of the
    # tenant's own making nor those limited to a unit or an object.
    _graph(
        "ListDirectoryRoleAssignments",
        kinds.DIRECTORY_ROLES,
        "/roleManagement/directory/roleAssignments",
        ("Directory.Read.All",),
        ("$filter", "principalId eq '{id}'"),
        ("$expand", "roleDefinition"),
    ),
    _graph(
        "ListDeletedApplications",
        kinds.DELETED_ITEMS,
        "/directory/deletedItems/microsoft.graph.application",
        _APPS,
        ("$select", "id,appId,displayName,deletedDateTime"),
        _MANY,
    ),
    _graph(
        "ListDeletedServicePrincipals",
        kinds.DELETED_ITEMS,
        "/directory/deletedItems/microsoft.graph.servicePrincipal",
        _APPS,
        ("$select", "id,appId,displayName,deletedDateTime"),
        _MANY,
    ),
)

_BY_NAME = {(call.service, call.operation): call for call in AZURE_CALLS}
_PATHS = tuple(
    (
        call.service,
        re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(call.path)) + "/?", re.IGNORECASE),
    )
    for call in AZURE_CALLS
)


def azure_call(service: str, operation: str) -> AzureCall:
    """Return the list's entry. Raises `ForbiddenCallError` if there is none."""
    found = _BY_NAME.get((service, operation))
    if found is None:
        raise ForbiddenCallError(f"call `{service}:{operation}` is not on the read-only list: it was not sent")
    return found


def refuse_unlisted_request(service: str, method: str, path: str) -> None:
    """Raise `ForbiddenCallError` for any HTTP request that no entry of the list describes."""
    if method != "GET" or not any(known == service and shape.fullmatch(path) for known, shape in _PATHS):
        raise ForbiddenCallError(f"request `{method} {path}` is not on the read-only list: it was not sent")


def azure_apis_of(kind: str) -> tuple[str, ...]:
    """Return `service:Operation` of every call a kind of unit may make, in list order."""
    return tuple(call.api for call in AZURE_CALLS if call.kind == kind)
