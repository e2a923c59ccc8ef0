"""The operations that Azure scenario files may name: each one an administrator's act in a loopback tenant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from scanner.localcloud.azure_tenant import (
    GRAPH_APP_ID,
    AzureState,
    app_role_assignment,
    block,
    object_id,
    role_assignment,
    role_definition,
    secret,
)
from scanner.model.common import JsonObject

_OTHER_TENANT = "99999999-0000-4000-8000-00000000000b"


def _role(state: AzureState, name: str) -> JsonObject:
    return _one(state.rows("roleDefinitions"), lambda row: row["properties"]["roleName"] == name, f"role {name}")


def _app(state: AzureState, name: str) -> JsonObject:
    return _one(state.rows("applications"), lambda row: row["displayName"] == name, f"application {name}")


def _principal(state: AzureState, name: str) -> JsonObject:
    return _one(state.rows("servicePrincipals"), lambda row: row["displayName"] == name, f"principal {name}")


def _one(rows: list[JsonObject], is_it: Callable[[JsonObject], bool], what: str) -> JsonObject:
    found = next((row for row in rows if is_it(row)), None)
    if found is None:
        raise LookupError(f"the tenant has no {what}")
    return found


def edit_role(
    state: AzureState, role: str, set: Mapping[str, Any] | None = None, block: Mapping[str, Any] | None = None
) -> None:
    """Change properties of a role definition, or fields of its first permissions block."""
    properties = _role(state, role)["properties"]
    properties.update(set or {})
    if block:
        properties["permissions"][0].update(block)


def create_role(state: AzureState, role: str, actions: tuple[str, ...], not_actions: tuple[str, ...] = ()) -> None:
    """Make a custom role."""
    made = role_definition(
        state.subscription_id, role, object_id(role), [block(tuple(actions), tuple(not_actions))], "CustomRole"
    )
    state.rows("roleDefinitions").append(made)


def assign(
    state: AzureState,
    role: str,
    to: str = "",
    scope: str = "",
    principal: str = "",
    kind: str = "ServicePrincipal",
    eligible: bool = False,
    condition: str | None = None,
) -> None:
    """Assign a role to a service principal by name (`to`), or to any object id."""
    where = scope or f"/subscriptions/{state.subscription_id}"
    holder = _principal(state, to)["id"] if to else principal
    made = role_assignment(where, _role(state, role)["id"], holder, kind)
    made["properties"]["condition"] = condition
    if eligible:
        made["type"] = "Microsoft.Authorization/roleEligibilitySchedules"
        state.rows("roleEligibilitySchedules").append(made)
        instance = {**made, "properties": {**made["properties"], "roleEligibilityScheduleId": made["id"]}}
        state.rows("roleEligibilityScheduleInstances").append(instance)
    else:
        state.rows("roleAssignments").append(made)


def unassign(state: AzureState, to: str) -> None:
    """Take every role assignment from a service principal."""
    holder = _principal(state, to)["id"]
    rows = state.rows("roleAssignments")
    rows[:] = [row for row in rows if row["properties"]["principalId"] != holder]


def condition(state: AzureState, to: str, text: str) -> None:
    """Put a condition on the assignments of a service principal."""
    holder = _principal(state, to)["id"]
    for row in state.rows("roleAssignments"):
        if row["properties"]["principalId"] == holder:
            row["properties"].update(condition=text, conditionVersion="2.0")


def create_application(
    state: AzureState, name: str, principal: bool = True, identity: str = "", registration: str = ""
) -> None:
    """Register an application, with its service principal; a second one of a name needs ids of its own."""
    client = object_id(f"client/{registration or name}")
    base: JsonObject = {"appId": client, "displayName": name, "passwordCredentials": [], "keyCredentials": []}
    app = {**base, "id": registration or object_id(f"app/{name}"), "requiredResourceAccess": []}
    state.rows("applications").append(app)
    if principal:
        more = {"id": identity or object_id(f"sp/{name}"), "servicePrincipalType": "Application"}
        own = {"accountEnabled": True, "appOwnerOrganizationId": state.tenant_id}
        state.rows("servicePrincipals").append({**base, **more, **own})


def edit_principal(state: AzureState, name: str, set: Mapping[str, Any]) -> None:
    """Change fields of a service principal."""
    _principal(state, name).update(set)


def forget_application(state: AzureState, name: str) -> None:
    """Take an app registration out of this tenant, as if it were in another; its service principal stays."""
    state.rows("applications").remove(_app(state, name))


def drop_schedules(state: AzureState) -> None:
    """Leave of eligible assignments their instances alone, as for those that a management group hands down."""
    state.rows("roleEligibilitySchedules").clear()


def delete_application(state: AzureState, name: str, principal: bool = True) -> None:
    """Delete an app registration; its service principal goes, its role assignments stay."""
    app = _app(state, name)
    state.rows("applications").remove(app)
    state.rows("deletedApplications").append({**app, "deletedDateTime": "2026-05-20T00:00:00Z"})
    if principal:
        found = _principal(state, name)
        state.rows("servicePrincipals").remove(found)
        state.rows("deletedServicePrincipals").append({**found, "deletedDateTime": "2026-05-20T00:00:00Z"})


def delete_principal(state: AzureState, name: str) -> None:
    """Delete a service principal; the app registration and the role assignments stay."""
    found = _principal(state, name)
    state.rows("servicePrincipals").remove(found)
    state.rows("deletedServicePrincipals").append({**found, "deletedDateTime": "2026-05-20T00:00:00Z"})


def purge(state: AzureState) -> None:
    """Empty the bin, as 30 days do."""
    state.rows("deletedApplications").clear()
    state.rows("deletedServicePrincipals").clear()


def delete_role(state: AzureState, role: str) -> None:
    """Delete a role definition; Azure refuses while it is assigned."""
    found = _role(state, role)
    held = [row for row in state.rows("roleAssignments") if row["properties"]["roleDefinitionId"] == found["id"]]
    if held:
        raise LookupError(f"role {role} is still assigned")
    state.rows("roleDefinitions").remove(found)


def drop_orphans(state: AzureState) -> None:
    """Delete the assignments of service principals that are gone."""
    known = {row["id"] for row in state.rows("servicePrincipals")}
    rows = state.rows("roleAssignments")
    rows[:] = [
        row
        for row in rows
        if row["properties"]["principalType"] != "ServicePrincipal" or row["properties"]["principalId"] in known
    ]


def add_secret(
    state: AzureState, to: str, name: str, start_days: int, end_days: int | None, on_principal: bool = False
) -> None:
    """Add a client secret; days count from now, an end of None is none."""
    holder = _principal(state, to) if on_principal else _app(state, to)
    made = secret(name, state.now + timedelta(days=start_days), state.now + timedelta(days=end_days or 0))
    if end_days is None:
        made["endDateTime"] = None
    holder["passwordCredentials"].append(made)


def set_secret_end(state: AzureState, of: str, end: str) -> None:
    """Write the end of an application's last secret as it is given."""
    _app(state, of)["passwordCredentials"][-1]["endDateTime"] = end


def drop_secrets(state: AzureState, of: str) -> None:
    """Delete all secrets of an application."""
    _app(state, of)["passwordCredentials"].clear()


def add_certificate(state: AzureState, to: str, name: str, end_days: int = 300) -> None:
    """Add a certificate to an app registration."""
    made = secret(name, state.now - timedelta(days=1), state.now + timedelta(days=end_days))
    _app(state, to)["keyCredentials"].append({**made, "type": "AsymmetricX509Cert", "usage": "Verify"})


def consent(state: AzureState, to: str, app_role: str, request: bool = True) -> None:
    """Grant an application permission of Microsoft Graph, and declare it in the registration."""
    holder = _principal(state, to)["id"]
    state.rows_below("appRoleAssignments", holder).append(app_role_assignment(holder, app_role))
    if request:
        request_permission(state, to, app_role)


def request_permission(state: AzureState, to: str, app_role: str) -> None:
    """Declare an application permission in the registration, without consent."""
    declared = _app(state, to)["requiredResourceAccess"]
    declared.append({"resourceAppId": GRAPH_APP_ID, "resourceAccess": [{"id": app_role, "type": "Role"}]})


def revoke_permissions(state: AzureState, of: str) -> None:
    """Revoke all application permissions, and take them out of the registration."""
    state.rows_below("appRoleAssignments", _principal(state, of)["id"]).clear()
    _app(state, of)["requiredResourceAccess"].clear()


def edit_grant(state: AzureState, to: str, app_role: str, set: Mapping[str, Any]) -> None:
    """Change fields of the grant of an application permission."""
    rows = state.rows_below("appRoleAssignments", _principal(state, to)["id"])
    _one(rows, lambda row: row["appRoleId"] == app_role, f"grant of {app_role}").update(set)


def grant_delegated(state: AzureState, to: str, scopes: str, everyone: bool = True) -> None:
    """Consent to delegated permissions."""
    holder = _principal(state, to)["id"]
    made = {"id": object_id(f"grant/{scopes}"), "scope": scopes, "clientId": holder, "resourceId": "graph"}
    consent_type = "AllPrincipals" if everyone else "Principal"
    state.rows_below("oauth2PermissionGrants", holder).append({**made, "consentType": consent_type})


def add_owner(state: AzureState, of: str, owner: str, on_principal: bool = False) -> None:
    """Make somebody an owner."""
    owned = (_principal if on_principal else _app)(state, of)["id"]
    state.rows_below("owners", owned).append(
        {"@odata.type": "#microsoft.graph.user", "id": object_id(f"user/{owner}"), "displayName": owner}
    )


def federate(
    state: AzureState, to: str, name: str, issuer: str, subject: str, audience: str = "api://AzureADTokenExchange"
) -> None:
    """Add a federated credential to an app registration."""
    made = {"id": object_id(name), "name": name, "issuer": issuer, "subject": subject, "audiences": [audience]}
    state.rows_below("federatedIdentityCredentials", _app(state, to)["id"]).append(made)


def drop_federation(state: AzureState, of: str) -> None:
    """Delete all federated credentials of an application."""
    state.rows_below("federatedIdentityCredentials", _app(state, of)["id"]).clear()


def join(state: AzureState, who: str, name: str, identity: str = "", kind: str = "group") -> None:
    """Put a service principal into a group or directory role."""
    made = {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": identity or object_id(f"group/{name}"),
        "displayName": name,
    }
    state.rows_below("memberOf", _principal(state, who)["id"]).append(made)


def assign_directory_role(state: AzureState, who: str, name: str, scope: str = "/") -> None:
    """Give a service principal a role of the directory, for the whole tenant or for one unit or object."""
    role = object_id(f"directory role/{name}")
    row = {"id": object_id(f"{who}/{name}/{scope}"), "principalId": _principal(state, who)["id"]}
    definition = {"id": role, "displayName": name}
    more = {"roleDefinitionId": role, "directoryScopeId": scope, "roleDefinition": definition}
    state.rows("directoryRoles").append({**row, **more})


def delegate(state: AzureState, name: str, role: str, tenant: str = "") -> None:
    """Delegate the subscription to another tenant through Lighthouse."""
    scope = f"/subscriptions/{state.subscription_id}/providers/Microsoft.ManagedServices"
    one = {"principalId": object_id(name), "principalIdDisplayName": name}
    properties = {
        "registrationDefinitionName": name,
        "managedByTenantId": _OTHER_TENANT,
        "managedByTenantName": tenant or "Contoso",
        "authorizations": [{**one, "roleDefinitionId": _role(state, role)["name"]}],
    }
    made = {
        "id": f"{scope}/registrationAssignments/{object_id(name)}",
        "properties": {"registrationDefinition": {"properties": properties}},
    }
    state.rows("registrationAssignments").append(made)


def manage(state: AzureState, tenant: str = _OTHER_TENANT) -> None:
    """Have the subscription name another tenant that manages it."""
    state.subscription["managedByTenants"] = [{"tenantId": tenant}]


def deny(state: AzureState, name: str, actions: tuple[str, ...], principals: tuple[str, ...] = ()) -> None:
    """Add a deny assignment, for everyone or for service principals by name."""
    scope = f"/subscriptions/{state.subscription_id}"
    who = [{"id": _principal(state, one)["id"], "type": "ServicePrincipal"} for one in principals]
    everyone = {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}
    properties = {
        "denyAssignmentName": name,
        "scope": scope,
        "doNotApplyToChildScopes": False,
        "permissions": [{"actions": list(actions), "notActions": [], "dataActions": [], "notDataActions": []}],
        "principals": who or [everyone],
        "excludePrincipals": [],
    }
    made = {"id": f"{scope}/providers/Microsoft.Authorization/denyAssignments/{object_id(name)}"}
    state.rows("denyAssignments").append({**made, "properties": properties})


def unregister(state: AzureState, provider: str) -> None:
    """Unregister a resource provider."""
    row = _one(state.rows("providers"), lambda one: one["namespace"] == provider, f"provider {provider}")
    row["registrationState"] = "NotRegistered"


def create_identity(state: AzureState, name: str, issuer: str = "", subject: str = "", group: str = "rg") -> None:
    """Make a user-assigned managed identity, with a federated credential if an issuer is given."""
    scope = f"/subscriptions/{state.subscription_id}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity"
    made = {"id": f"{scope}/userAssignedIdentities/{name}", "name": name, "location": "westeurope"}
    state.rows("userAssignedIdentities").append({**made, "properties": {"principalId": object_id(f"msi/{name}")}})
    if issuer:
        federate_identity(state, name, issuer, subject)


def federate_identity(
    state: AzureState,
    identity: str,
    issuer: str,
    subject: str,
    audience: str = "api://AzureADTokenExchange",
    name: str = "",
    expression: str = "",
) -> None:
    """Add a federated credential to a user-assigned managed identity."""
    row = _one(state.rows("userAssignedIdentities"), lambda one: one["name"] == identity, f"identity {identity}")
    properties: JsonObject = {"issuer": issuer, "subject": subject, "audiences": [audience]}
    if expression:
        properties |= {"subject": None, "claimsMatchingExpression": {"value": expression, "languageVersion": 1}}
    called = name or identity
    made = {"id": f"{row['id']}/federatedIdentityCredentials/{called}", "name": called, "properties": properties}
    # Requests are told apart in lower case.
    state.rows_below("identityCredentials", identity.lower()).append(made)


def assign_identity(state: AzureState, identity: str, role: str, below: str = "", scope: str = "") -> None:
    """Assign a role to a managed identity, on the subscription, on something `below` it, or on any scope."""
    where = scope or f"/subscriptions/{state.subscription_id}{below}"
    state.rows("roleAssignments").append(role_assignment(where, _role(state, role)["id"], object_id(f"msi/{identity}")))


def create_cluster(state: AzureState, name: str, issuer: str = "", group: str = "rg", nodes: str = "") -> None:
    """Make an AKS cluster, with workload identity if an issuer is given, its nodes in a resource group by any name."""
    scope = f"/subscriptions/{state.subscription_id}/resourceGroups/{group}/providers/Microsoft.ContainerService"
    oidc: JsonObject = {"enabled": True, "issuerURL": issuer} if issuer else {"enabled": False}
    properties: JsonObject = {"nodeResourceGroup": nodes or f"MC_{group}_{name}_westeurope"}
    properties |= {"oidcIssuerProfile": oidc, "securityProfile": {"workloadIdentity": {"enabled": bool(issuer)}}}
    made = {"id": f"{scope}/managedClusters/{name}", "name": name, "location": "westeurope", "properties": properties}
    state.rows("managedClusters").append(made)


AZURE_OPERATIONS: dict[str, Callable[..., None]] = {
    operation.__name__: operation
    for operation in (
        *(edit_role, create_role, assign, unassign, condition, create_application, delete_application, add_secret),
        *(edit_principal, forget_application, drop_schedules, edit_grant, assign_directory_role, set_secret_end),
        *(drop_secrets, add_certificate, consent, request_permission, revoke_permissions, grant_delegated, add_owner),
        *(federate, drop_federation, join, delegate, manage, deny, unregister, create_identity),
        *(federate_identity, assign_identity, create_cluster),
        *(delete_principal, purge, delete_role, drop_orphans),
    )
}
"""Name in a scenario file -> what it does."""


def apply_azure(state: AzureState, steps: tuple[JsonObject, ...] | list[JsonObject]) -> None:
    """Make the changes of a scenario or case in a tenant. Raises `LookupError` if it does not hold what is changed."""
    for step in steps:
        arguments: dict[str, Any] = dict(step)
        AZURE_OPERATIONS[arguments.pop("op")](state, **arguments)
