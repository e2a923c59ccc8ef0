"""What a loopback GCP organization holds, and how it answers each read: JSON as the REST APIs print it."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from scanner.model.common import JsonObject

DEMO_PROJECT = "porter-demo-project"
DEMO_NUMBER = "123456789012"
DEMO_FOLDER = "folders/456"
DEMO_ORGANIZATION = "organizations/789"
PAGE_SIZE = 100

# What each operation asks for, as in the API reference of each method; kept apart from the collector's own list.
NEEDS: dict[str, str] = {
    "projects.get": "resourcemanager.projects.get",
    "projects.list": "resourcemanager.projects.list",
    "projects.getIamPolicy": "resourcemanager.projects.getIamPolicy",
    "folders.get": "resourcemanager.folders.get",
    "folders.list": "resourcemanager.folders.list",
    "folders.getIamPolicy": "resourcemanager.folders.getIamPolicy",
    "organizations.get": "resourcemanager.organizations.get",
    "organizations.getIamPolicy": "resourcemanager.organizations.getIamPolicy",
    "projects.serviceAccounts.list": "iam.serviceAccounts.list",
    "projects.serviceAccounts.getIamPolicy": "iam.serviceAccounts.getIamPolicy",
    "projects.serviceAccounts.keys.list": "iam.serviceAccountKeys.list",
    "projects.hmacKeys.list": "storage.hmacKeys.list",
    "roles.get": "iam.roles.get",
    "searchAllIamPolicies": "cloudasset.assets.searchAllIamPolicies",
    "projects.roles.list": "iam.roles.list",
    "policies.listPolicies": "iam.denypolicies.list",
    "policies.get": "iam.denypolicies.get",
    "services.list": "serviceusage.services.list",
    "projects.locations.workloadIdentityPools.list": "iam.workloadIdentityPools.list",
    "projects.locations.workloadIdentityPools.providers.list": "iam.workloadIdentityPoolProviders.list",
    "projects.getBillingInfo": "resourcemanager.projects.get",
    "projects.locations.clusters.list": "container.clusters.list",
}


class GcpRefusal(Exception):
    """An error answer: HTTP status, the name gRPC has for it, and a message."""

    def __init__(self, http_status: int, status: str, message: str) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.status = status
        self.message = message


class GcpState:
    """One organization with a folder and a project. The dictionaries may be changed while it runs."""

    def __init__(self, project_id: str = DEMO_PROJECT, number: str = DEMO_NUMBER) -> None:
        self.project_id = project_id
        self.number = number
        node = f"projects/{project_id}"
        self.nodes: dict[str, JsonObject] = {
            DEMO_ORGANIZATION: {"name": DEMO_ORGANIZATION, "displayName": "example.com", "state": "ACTIVE"},
            DEMO_FOLDER: {
                "name": DEMO_FOLDER,
                "parent": DEMO_ORGANIZATION,
                "displayName": "platform",
                "state": "ACTIVE",
            },
            node: {
                "name": f"projects/{number}",
                "projectId": project_id,
                "parent": DEMO_FOLDER,
                "displayName": "Porter demo",
                "state": "ACTIVE",
            },
        }
        self.policies: dict[str, JsonObject] = {name: {"bindings": []} for name in self.nodes}
        self.service_accounts: dict[str, JsonObject] = {}
        self.account_policies: dict[str, JsonObject] = {}
        self.keys: dict[str, list[JsonObject]] = {}
        self.hmac_keys: list[JsonObject] = []
        self.roles: dict[str, JsonObject] = {}
        self.services: list[str] = []
        self.deny_policies: dict[str, JsonObject] = {}
        self.resources: dict[str, JsonObject] = {}
        """Full resource name -> asset type and allow policy of a resource in the project."""
        self.pools: dict[str, JsonObject] = {}
        self.providers: dict[str, JsonObject] = {}
        self.clusters: list[JsonObject] = []
        self.billing: JsonObject = {
            "name": f"{node}/billingInfo",
            "projectId": project_id,
            "billingAccountName": "billingAccounts/000000-000000-000000",
            "billingEnabled": True,
        }
        self.page_size = PAGE_SIZE
        self.reader_permissions: frozenset[str] | None = None
        """What the reader may do; None: everything."""

    @property
    def node(self) -> str:
        """Return the project's name."""
        return f"projects/{self.project_id}"

    def answer(self, operation: str, params: JsonObject) -> JsonObject:
        """Return the JSON answer of a read; raises `GcpRefusal`."""
        needed = NEEDS.get(operation)
        if needed is None:
            raise GcpRefusal(501, "UNIMPLEMENTED", f"the loopback organization has no {operation}")
        if self.reader_permissions is not None and needed not in self.reader_permissions:
            raise GcpRefusal(
                403, "PERMISSION_DENIED", f"Permission '{needed}' denied on resource (or it may not exist)."
            )
        return copy.deepcopy(_ANSWERS[operation](self, params))

    def page(self, key: str, items: list[JsonObject], params: JsonObject) -> JsonObject:
        """Return one page of a list with the token of the next."""
        start = int(params.get("pageToken") or 0)
        end = start + self.page_size
        more = {"nextPageToken": str(end)} if end < len(items) else {}
        return {key: items[start:end], **more}

    def own_node(self, name: str) -> str:
        """Return the node a name means: projects may be named by number. Raises `GcpRefusal` if there is none."""
        name = f"projects/{self.project_id}" if name == f"projects/{self.number}" else name
        if name in self.nodes:
            return name
        if name.startswith("projects/"):
            # The real service does not tell a stranger whether a project exists.
            raise GcpRefusal(
                403, "PERMISSION_DENIED", f"The caller does not have permission on {name} (or it may not exist)."
            )
        raise GcpRefusal(404, "NOT_FOUND", f"{name} was not found")


def as_requested(policy: JsonObject, params: JsonObject) -> JsonObject:
    """Return a policy as the version asked for shows it: below 3, conditions hide in the role's name.

    https://cloud.google.com/iam/docs/troubleshooting-withcond
    """
    version = int((params.get("options") or {}).get("requestedPolicyVersion") or 0)
    bindings = [dict(b) for b in policy.get("bindings", ())]
    conditional = any("condition" in b for b in bindings)
    if version < 3:
        bindings = [_hidden(b) for b in bindings]
    shown: JsonObject = {"version": 3 if conditional and version >= 3 else 1, "etag": "BwXloopback="}
    return {**shown, "bindings": bindings} if bindings else shown


def _hidden(binding: JsonObject) -> JsonObject:
    if "condition" not in binding:
        return binding
    digest = hashlib.sha256(repr(sorted(binding["condition"].items())).encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": binding["members"]}


def _get_node(state: GcpState, params: JsonObject) -> JsonObject:
    return state.nodes[state.own_node(params["name"])]


def _get_policy(state: GcpState, params: JsonObject) -> JsonObject:
    return as_requested(state.policies[state.own_node(params["resource"])], params)


def _children(prefix: str, key: str) -> Callable[[GcpState, JsonObject], JsonObject]:
    def listed(state: GcpState, params: JsonObject) -> JsonObject:
        found = [
            n for name, n in state.nodes.items() if name.startswith(prefix) and n.get("parent") == params["parent"]
        ]
        return state.page(key, found, params)

    return listed


def _accounts(state: GcpState, params: JsonObject) -> JsonObject:
    state.own_node(params["name"])
    return state.page("accounts", list(state.service_accounts.values()), params)


def _account(state: GcpState, name: str) -> str:
    email = name.partition("/serviceAccounts/")[2]
    if email not in state.service_accounts:
        raise GcpRefusal(404, "NOT_FOUND", f"Service account {email} does not exist.")
    return email


def _account_policy(state: GcpState, params: JsonObject) -> JsonObject:
    return as_requested(state.account_policies.get(_account(state, params["resource"]), {}), params)


def _keys(state: GcpState, params: JsonObject) -> JsonObject:
    wanted = params.get("keyTypes") or ["USER_MANAGED", "SYSTEM_MANAGED"]
    return {"keys": [k for k in state.keys.get(_account(state, params["name"]), []) if k["keyType"] in wanted]}


def _hmac_keys(state: GcpState, params: JsonObject) -> JsonObject:
    state.own_node(params["parent"])
    shown = [k for k in state.hmac_keys if params.get("showDeletedKeys") == "true" or k["state"] != "DELETED"]
    return {"kind": "storage#hmacKeysMetadata", **state.page("items", shown, params)}


def _role(state: GcpState, params: JsonObject) -> JsonObject:
    if params["name"] not in state.roles:
        raise GcpRefusal(404, "NOT_FOUND", f"The role named {params['name']} was not found.")
    return state.roles[params["name"]]


def _custom_roles(state: GcpState, params: JsonObject) -> JsonObject:
    own = [role for name, role in state.roles.items() if name.startswith(f"{params['parent']}/roles/")]
    shown = [role for role in own if params.get("showDeleted") or not role.get("deleted")]
    return state.page("roles", [{k: v for k, v in r.items() if k != "includedPermissions"} for r in shown], params)


def _deny_list(state: GcpState, params: JsonObject) -> JsonObject:
    parent = unquote(params["parent"])
    found = [p for name, p in state.deny_policies.items() if unquote(name).startswith(f"{parent}/")]
    shown = [_numbered(state, {k: v for k, v in p.items() if k != "rules"}) for p in found]
    return state.page("policies", shown, params)


def _numbered(state: GcpState, policy: JsonObject) -> JsonObject:
    """Return a deny policy as the service prints it: the project goes by its number, however it was asked for."""
    name = policy["name"].replace(f"projects%2F{state.project_id}/", f"projects%2F{state.number}/")
    return {**policy, "name": name}


def _deny_get(state: GcpState, params: JsonObject) -> JsonObject:
    wanted = unquote(params["name"])
    for name, policy in state.deny_policies.items():
        shown = _numbered(state, policy)
        if wanted in (unquote(name), unquote(shown["name"])):
            return shown
    raise GcpRefusal(404, "NOT_FOUND", "no such deny policy")


def _assets(state: GcpState, params: JsonObject) -> JsonObject:
    """Return the policies of the project and of what is in it that have bindings, as Cloud Asset Inventory does."""
    state.own_node(params["scope"])
    kind, host = "cloudresourcemanager.googleapis.com/Project", "//cloudresourcemanager.googleapis.com"
    found = [(f"{host}/projects/{state.number}", kind, state.policies[state.node])]
    for email, policy in state.account_policies.items():
        unique = state.service_accounts[email]["uniqueId"]
        name = f"//iam.googleapis.com/{state.node}/serviceAccounts/{unique}"
        found.append((name, "iam.googleapis.com/ServiceAccount", policy))
    found += [(name, one["assetType"], one["policy"]) for name, one in state.resources.items()]
    own = f"projects/{state.number}"
    rows: list[JsonObject] = [
        {"resource": name, "assetType": kind, "project": own, "policy": {"bindings": policy["bindings"]}}
        for name, kind, policy in found
        if policy.get("bindings")
    ]
    return state.page("results", rows, params)


def _services(state: GcpState, params: JsonObject) -> JsonObject:
    found: list[JsonObject] = [
        {"name": f"projects/{state.number}/services/{s}", "config": {"name": s}, "state": "ENABLED"}
        for s in state.services
    ]
    return state.page("services", found, params)


def _pools(state: GcpState, params: JsonObject) -> JsonObject:
    deleted = params.get("showDeleted")
    found = [p for p in state.pools.values() if deleted or p.get("state") != "DELETED"]
    return state.page("workloadIdentityPools", found, params)


def _providers(state: GcpState, params: JsonObject) -> JsonObject:
    found = [p for name, p in state.providers.items() if name.startswith(f"{params['parent']}/providers/")]
    return state.page("workloadIdentityPoolProviders", found, params)


def _billing(state: GcpState, _params: JsonObject) -> JsonObject:
    return state.billing


def _clusters(state: GcpState, _params: JsonObject) -> JsonObject:
    return {"clusters": state.clusters} if state.clusters else {}


_ANSWERS: dict[str, Callable[[GcpState, JsonObject], JsonObject]] = {
    "projects.get": _get_node,
    "folders.get": _get_node,
    "organizations.get": _get_node,
    "projects.list": _children("projects/", "projects"),
    "folders.list": _children("folders/", "folders"),
    "projects.getIamPolicy": _get_policy,
    "folders.getIamPolicy": _get_policy,
    "organizations.getIamPolicy": _get_policy,
    "projects.serviceAccounts.list": _accounts,
    "projects.serviceAccounts.getIamPolicy": _account_policy,
    "projects.serviceAccounts.keys.list": _keys,
    "projects.hmacKeys.list": _hmac_keys,
    "roles.get": _role,
    "projects.roles.list": _custom_roles,
    "policies.listPolicies": _deny_list,
    "policies.get": _deny_get,
    "searchAllIamPolicies": _assets,
    "services.list": _services,
    "projects.locations.workloadIdentityPools.list": _pools,
    "projects.locations.workloadIdentityPools.providers.list": _providers,
    "projects.getBillingInfo": _billing,
    "projects.locations.clusters.list": _clusters,
}


def operations() -> Iterator[str]:
    """Yield every operation the organization answers."""
    yield from NEEDS
