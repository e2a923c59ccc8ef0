"""A tenant with one subscription as data: what a customer has after following the documented steps."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import msgspec

from scanner.model.common import JsonObject

DEMO_TENANT_ID = "aaaaaaaa-0000-4000-8000-000000000001"
DEMO_SUBSCRIPTION_ID = "bbbbbbbb-0000-4000-8000-000000000002"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
READER_OBJECT_ID = "cccccccc-0000-4000-8000-000000000003"

# Ids and permissions as Azure publishes them:
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
_CONTRIBUTOR_NOT = (
    *("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"),
    *("Microsoft.Authorization/elevateAccess/Action", "Microsoft.Blueprint/blueprintAssignments/write"),
    *("Microsoft.Blueprint/blueprintAssignments/delete", "Microsoft.Compute/galleries/share/action"),
)
_USER_ACCESS = ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*")
BUILT_IN: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", ("*",), ()),
    ("Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c", ("*",), _CONTRIBUTOR_NOT),
    ("Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7", ("*/read",), ()),
    ("User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", _USER_ACCESS, ()),
)


class AzurePlan(msgspec.Struct, frozen=True):
    """What the documents have a customer make."""

    application: str
    role_name: str
    role_description: str
    permissions: tuple[JsonObject, ...]
    app_roles: tuple[str, ...]
    providers: tuple[str, ...]
    secret_days: int = 0
    """0: no client secret."""
    federated: tuple[JsonObject, ...] = ()


class AzureState(msgspec.Struct):
    """Everything the loopback cloud answers from. Lists hold API objects; they may change while it runs."""

    now: datetime
    """What days in scenarios count from."""
    tenant_id: str = DEMO_TENANT_ID
    subscription_id: str = DEMO_SUBSCRIPTION_ID
    subscription: JsonObject = {}
    lists: dict[str, list[JsonObject]] = {}
    """Name of a list -> its objects, for example `roleAssignments`, `applications`."""
    below: dict[str, dict[str, list[JsonObject]]] = {}
    """Name of a list below an object -> the object's id -> its rows, for example `owners`."""

    def rows(self, name: str) -> list[JsonObject]:
        """Return a list, to be read or changed."""
        return self.lists.setdefault(name, [])

    def rows_below(self, name: str, object_id: str) -> list[JsonObject]:
        """Return the rows below one object, to be read or changed."""
        return self.below.setdefault(name, {}).setdefault(object_id, [])


def another_subscription(state: AzureState, subscription_id: str) -> AzureState:
    """Return a copy of a tenant's subscription under another id: the same grants, to the same principals."""
    text = msgspec.json.encode(state).replace(state.subscription_id.encode(), subscription_id.encode())
    return msgspec.json.decode(text, type=AzureState)


def object_id(name: str) -> str:
    """Return an id that is always the same for a name."""
    return str(uuid5(NAMESPACE_URL, f"loopback/{name}"))


def role_definition(subscription: str, name: str, role_id: str, permissions: list[JsonObject], kind: str) -> JsonObject:
    """Return a role definition as the API sends it."""
    custom = kind == "CustomRole"
    return {
        "id": f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role_id}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role_id,
        "properties": {
            "roleName": name,
            "type": kind,
            "description": "",
            "assignableScopes": [f"/subscriptions/{subscription}" if custom else "/"],
            "permissions": permissions,
        },
    }


def role_assignment(scope: str, role_definition_id: str, principal: str, kind: str = "ServicePrincipal") -> JsonObject:
    """Return a role assignment as the API sends it."""
    name = object_id(f"{scope}/{role_definition_id}/{principal}")
    return {
        "id": f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "type": "Microsoft.Authorization/roleAssignments",
        "name": name,
        "properties": {
            "roleDefinitionId": role_definition_id,
            "principalId": principal,
            "principalType": kind,
            "scope": scope,
            "condition": None,
            "conditionVersion": None,
        },
    }


def block(actions: tuple[str, ...], not_actions: tuple[str, ...] = ()) -> JsonObject:
    """Return a permissions block."""
    return {"actions": list(actions), "notActions": list(not_actions), "dataActions": [], "notDataActions": []}


def secret(name: str, start: datetime, end: datetime) -> JsonObject:
    """Return a client secret as Graph sends it: without its value, with a hint."""
    return {
        "keyId": object_id(f"secret/{name}"),
        "displayName": name,
        "startDateTime": _time(start),
        "endDateTime": _time(end),
        "hint": "abc",
        "secretText": None,
        "customKeyIdentifier": None,
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def documented_tenant(plan: AzurePlan, *, now: datetime) -> AzureState:
    """Return a tenant and subscription as documented, with what any tenant holds besides."""
    state = AzureState(now, subscription={}, lists={}, below={})
    sub = state.subscription_id
    scope = f"/subscriptions/{sub}"
    state.subscription = {
        "id": scope,
        "subscriptionId": sub,
        "tenantId": state.tenant_id,
        "displayName": "loopback",
        "state": "Enabled",
    }
    definitions = state.rows("roleDefinitions")
    for name, role_id, actions, nots in BUILT_IN:
        definitions.append(role_definition(sub, name, role_id, [block(actions, nots)], "BuiltInRole"))
    custom = role_definition(
        sub, plan.role_name, object_id(plan.role_name), deepcopy(list(plan.permissions)), "CustomRole"
    )
    custom["properties"]["description"] = plan.role_description
    definitions.append(custom)
    principal = _application(state, plan, now)
    state.rows("roleAssignments").append(role_assignment(scope, custom["id"], principal))
    reader = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{BUILT_IN[2][1]}"
    state.rows("roleAssignments").append(role_assignment(scope, reader, READER_OBJECT_ID, "User"))
    for namespace in (*plan.providers, "Microsoft.Authorization"):
        provider = {"id": f"{scope}/providers/{namespace}", "namespace": namespace, "registrationState": "Registered"}
        state.rows("providers").append(provider)
    return state


def _application(state: AzureState, plan: AzurePlan, now: datetime) -> str:
    """Write the app registration with its service principal; return the principal's object id."""
    app, principal, app_id = (object_id(f"{what}/{plan.application}") for what in ("app", "sp", "client"))
    secrets = []
    if plan.secret_days:
        start = now - timedelta(days=60)
        secrets.append(secret("rbac", start, start + timedelta(days=plan.secret_days)))
    state.rows("applications").append(
        {
            "id": app,
            "appId": app_id,
            "displayName": plan.application,
            "createdDateTime": _time(now - timedelta(days=60)),
            "passwordCredentials": secrets,
            "keyCredentials": [],
            "requiredResourceAccess": [
                {
                    "resourceAppId": GRAPH_APP_ID,
                    "resourceAccess": [{"id": role, "type": "Role"} for role in plan.app_roles],
                }
            ],
        }
    )
    state.rows("servicePrincipals").append(
        {
            "id": principal,
            "appId": app_id,
            "displayName": plan.application,
            "servicePrincipalType": "Application",
            "accountEnabled": True,
            "appOwnerOrganizationId": state.tenant_id,
            "passwordCredentials": [],
            "keyCredentials": [],
        }
    )
    for role in plan.app_roles:
        state.rows_below("appRoleAssignments", principal).append(app_role_assignment(principal, role))
    state.rows_below("federatedIdentityCredentials", app).extend(deepcopy(plan.federated))
    return principal


def app_role_assignment(principal: str, role: str) -> JsonObject:
    """Return the grant of an application permission of Microsoft Graph, with admin consent."""
    return {
        "id": object_id(f"grant/{principal}/{role}"),
        "appRoleId": role,
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": object_id("sp/Microsoft Graph"),
    }
