"""Commands that repeat a call to Azure Resource Manager or Microsoft Graph by hand, with `az rest`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from scanner.model.snapshot import ApiCall

_SUB = "/subscriptions/{subscription}"
_AUTHORIZATION = _SUB + "/providers/Microsoft.Authorization"
_SEARCH = '$search="displayName:porter"'
_GRAPH = "https://graph.microsoft.com"
_NAME = re.compile(r"\{(\w+)\}")

# Below the endpoint, with the query that decides what is answered; what only picks columns or sizes pages is left out.
AZURE_PATHS: Mapping[tuple[str, str], str] = {
    ("arm", "Subscriptions.List"): "/subscriptions?api-version=2022-12-01",
    ("arm", "ManagementGroups.GetDescendants"): (
        "/providers/Microsoft.Management/managementGroups/{group}/descendants?api-version=2020-05-01"
    ),
    ("arm", "Subscriptions.Get"): _SUB + "?api-version=2022-12-01",
    ("arm", "RoleDefinitions.List"): _AUTHORIZATION + "/roleDefinitions?api-version=2022-04-01",
    ("arm", "RoleAssignments.ListForSubscription"): _AUTHORIZATION + "/roleAssignments?api-version=2022-04-01",
    ("arm", "DenyAssignments.List"): _AUTHORIZATION + "/denyAssignments?api-version=2022-04-01",
    ("arm", "RoleEligibilitySchedules.ListForScope"): (
        _AUTHORIZATION + "/roleEligibilitySchedules?api-version=2020-10-01"
    ),
    ("arm", "RoleEligibilityScheduleInstances.ListForScope"): (
        _AUTHORIZATION + "/roleEligibilityScheduleInstances?api-version=2020-10-01"
    ),
    ("arm", "RoleAssignmentMetrics.GetMetricsForSubscription"): (
        _AUTHORIZATION + "/roleAssignmentsUsageMetrics?api-version=2019-08-01-preview"
    ),
    ("arm", "Providers.List"): _SUB + "/providers?api-version=2025-04-01",
    ("arm", "UserAssignedIdentities.ListBySubscription"): (
        _SUB + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2024-11-30"
    ),
    ("arm", "FederatedIdentityCredentials.List"): (
        _SUB + "/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}"
        "/federatedIdentityCredentials?api-version=2024-11-30"
    ),
    ("arm", "ManagedClusters.List"): (
        _SUB + "/providers/Microsoft.ContainerService/managedClusters?api-version=2024-09-01"
    ),
    ("arm", "RegistrationAssignments.List"): (
        _SUB + "/providers/Microsoft.ManagedServices/registrationAssignments"
        "?api-version=2022-10-01&$expandRegistrationDefinition=true"
    ),
    ("graph", "ListApplications"): f"/v1.0/applications?{_SEARCH}",
    ("graph", "ListServicePrincipals"): f"/v1.0/servicePrincipals?{_SEARCH}",
    ("graph", "GetServicePrincipal"): "/v1.0/servicePrincipals/{id}",
    ("graph", "ListFederatedIdentityCredentials"): "/v1.0/applications/{id}/federatedIdentityCredentials",
    ("graph", "ListAppRoleAssignments"): "/v1.0/servicePrincipals/{id}/appRoleAssignments",
    ("graph", "ListDelegatedGrants"): "/v1.0/servicePrincipals/{id}/oauth2PermissionGrants",
    ("graph", "ListApplicationOwners"): "/v1.0/applications/{id}/owners",
    ("graph", "ListServicePrincipalOwners"): "/v1.0/servicePrincipals/{id}/owners",
    ("graph", "ListMemberships"): "/v1.0/servicePrincipals/{id}/transitiveMemberOf",
    ("graph", "ListDirectoryRoleAssignments"): (
        "/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '{id}'&$expand=roleDefinition"
    ),
    ("graph", "ListDeletedApplications"): "/v1.0/directory/deletedItems/microsoft.graph.application",
    ("graph", "ListDeletedServicePrincipals"): "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal",
}


def azure_words(call: ApiCall) -> list[str] | None:
    """Return the words of the command; None for a call this version does not know, or one that lacks a parameter.

    `az rest` fills in the endpoint of the chosen cloud for an address that begins with a slash.
    """
    path = AZURE_PATHS.get((call.service, call.operation))
    if path is None:
        return None
    values = {"subscription": call.unit_id.split("/")[1] if call.unit_id.count("/") else ""}
    values |= {name: value for name, value in call.params.items() if isinstance(value, str)}
    if not all(values.get(name) for name in _NAME.findall(path)):
        return None
    address = _NAME.sub(lambda found: quote(values[found.group(1)], safe=""), path)
    words = ["az", "rest", "--method", "get", "--url", (_GRAPH if call.service == "graph" else "") + address]
    return [*words, "--headers", "ConsistencyLevel=eventual"] if "$search" in path else words
