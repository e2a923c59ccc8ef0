"""What a scenario may do to a loopback project: small named changes, each a function of the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from scanner.localcloud.gcp_provision import FEDERATED_ACCOUNT, KEYED_ACCOUNT, POOL, add_account, add_key, bind
from scanner.localcloud.gcp_state import DEMO_FOLDER, DEMO_ORGANIZATION, GcpState
from scanner.model.common import JsonObject

Operation = Callable[[GcpState, JsonObject, datetime], None]
PORTER = "PORTER"
"""Stands for Porter's service account, in members and accounts."""


def apply_gcp(state: GcpState, steps: Iterable[JsonObject], now: datetime) -> None:
    """Apply operations in order; raises `KeyError` on an operation or a subject that is not there."""
    for step in steps:
        OPERATIONS[step["op"]](state, step, now)


def porter_email(state: GcpState) -> str:
    """Return the e-mail of the documented account."""
    for account_id in (KEYED_ACCOUNT, FEDERATED_ACCOUNT):
        email = f"{account_id}@{state.project_id}.iam.gserviceaccount.com"
        if email in state.service_accounts:
            return email
    raise KeyError("the project has no account of Porter's")


def _email(state: GcpState, name: str) -> str:
    return porter_email(state) if name == PORTER else f"{name}@{state.project_id}.iam.gserviceaccount.com"


def _member(state: GcpState, member: str) -> str:
    return f"serviceAccount:{porter_email(state)}" if member == PORTER else member


def _node(state: GcpState, step: JsonObject) -> str:
    named = {"project": state.node, "folder": DEMO_FOLDER, "organization": DEMO_ORGANIZATION}
    return named[step.get("node", "project")]


def _bind(state: GcpState, step: JsonObject, _now: datetime) -> None:
    bind(state, _node(state, step), step["role"], _member(state, step["member"]), step.get("condition"))


def _unbind(state: GcpState, step: JsonObject, _now: datetime) -> None:
    policy, member = state.policies[_node(state, step)], _member(state, step["member"])
    for binding in policy["bindings"]:
        if binding["role"] == step["role"]:
            binding["members"] = [m for m in binding["members"] if m != member]
    policy["bindings"] = [b for b in policy["bindings"] if b["members"]]


def _add_account(state: GcpState, step: JsonObject, _now: datetime) -> None:
    add_account(state, step["id"], display_name=step.get("display_name", ""), description=step.get("description", ""))


def _set_account(state: GcpState, step: JsonObject, _now: datetime) -> None:
    state.service_accounts[_email(state, step["account"])].update(step["set"])


def _delete_account(state: GcpState, step: JsonObject, _now: datetime) -> None:
    """Delete an account as Google does: bindings keep it, marked as deleted."""
    email = _email(state, step["account"])
    gone = state.service_accounts.pop(email)
    state.keys.pop(email, None)
    state.account_policies.pop(email, None)
    mark = f"deleted:serviceAccount:{email}?uid={gone['uniqueId']}"
    for policy in state.policies.values():
        for binding in policy["bindings"]:
            binding["members"] = [mark if m == f"serviceAccount:{email}" else m for m in binding["members"]]


def _add_key(state: GcpState, step: JsonObject, now: datetime) -> None:
    days = step.get("expires_in_days")
    add_key(
        state,
        _email(state, step["account"]),
        step["key"],
        now - timedelta(days=step.get("age_days", 1)),
        None if days is None else now + timedelta(days=days),
        origin=step.get("origin", "GOOGLE_PROVIDED"),
        disabled=step.get("disabled", False),
    )


def _add_hmac_key(state: GcpState, step: JsonObject, now: datetime) -> None:
    made = now - timedelta(days=step.get("age_days", 1))
    key = {
        "kind": "storage#hmacKeyMetadata",
        "accessId": step["key"],
        "projectId": state.project_id,
        "serviceAccountEmail": _email(state, step["account"]),
        "state": step.get("state", "ACTIVE"),
        "timeCreated": f"{made:%Y-%m-%dT%H:%M:%S}Z",
        "updated": f"{made:%Y-%m-%dT%H:%M:%S}Z",
    }
    state.hmac_keys.append(key)


def _drop_keys(state: GcpState, step: JsonObject, _now: datetime) -> None:
    state.keys[_email(state, step["account"])] = []


def _bind_account(state: GcpState, step: JsonObject, _now: datetime) -> None:
    policy = state.account_policies.setdefault(_email(state, step["account"]), {"bindings": []})
    condition = {"condition": step["condition"]} if "condition" in step else {}
    policy["bindings"].append({"role": step["role"], "members": [_member(state, step["member"])], **condition})


def _bind_resource(state: GcpState, step: JsonObject, _now: datetime) -> None:
    """Bind a member on a resource in the project, by its full name: `//storage.googleapis.com/BUCKET`."""
    host = step["resource"].removeprefix("//").partition("/")[0]
    kind = step.get("type", f"{host}/Bucket")
    policy = state.resources.setdefault(step["resource"], {"assetType": kind, "policy": {"bindings": []}})["policy"]
    condition = {"condition": step["condition"]} if "condition" in step else {}
    policy["bindings"].append({"role": step["role"], "members": [_member(state, step["member"])], **condition})


def _set_provider(state: GcpState, step: JsonObject, _now: datetime) -> None:
    state.providers[f"{POOL}/providers/{step.get('name', 'porter-aws')}"].update(step["set"])


def _edit_condition(state: GcpState, step: JsonObject, _now: datetime) -> None:
    """Keep only those parts of the provider's condition that hold none of the texts."""
    provider = state.providers[f"{POOL}/providers/porter-aws"]
    parts = provider["attributeCondition"].split(" && ")
    kept = [p for p in parts if not any(text in p for text in step["drop"])]
    provider["attributeCondition"] = step.get("join", " && ").join(kept)


def _add_provider(state: GcpState, step: JsonObject, _now: datetime) -> None:
    pool = f"projects/{state.number}/locations/global/workloadIdentityPools/{step['pool']}" if "pool" in step else POOL
    name = f"{pool}/providers/{step['name']}"
    state.providers[name] = {"name": name, "state": "ACTIVE", **step["provider"]}


def _add_pool(state: GcpState, step: JsonObject, _now: datetime) -> None:
    name = f"projects/{state.number}/locations/global/workloadIdentityPools/{step['name']}"
    state.pools[name] = {"name": name, "state": step.get("state", "ACTIVE")}


def _deny(state: GcpState, step: JsonObject, _now: datetime) -> None:
    node = _node(state, step).replace("/", "%2F")
    name = f"policies/cloudresourcemanager.googleapis.com%2F{node}/denypolicies/{step['id']}"
    rule: JsonObject = {"deniedPrincipals": step["principals"], "deniedPermissions": step["permissions"]}
    if "condition" in step:
        rule["denialCondition"] = step["condition"]
    state.deny_policies[name] = {"name": name, "rules": [{"denyRule": rule}]}


def _disable_api(state: GcpState, step: JsonObject, _now: datetime) -> None:
    state.services.remove(step["name"])


def _define_role(state: GcpState, step: JsonObject, _now: datetime) -> None:
    body: JsonObject = {"name": step["name"], "includedPermissions": step["permissions"], "stage": "GA"}
    state.roles[step["name"]] = {**body, **step.get("set", {})}


def _delete_role(state: GcpState, step: JsonObject, _now: datetime) -> None:
    """Delete a role as Google does: it stays for a while, marked."""
    state.roles[step["name"]]["deleted"] = True


def _delete_pool(state: GcpState, step: JsonObject, _now: datetime) -> None:
    """Delete a pool as Google does: it stays for 30 days, marked."""
    name = f"projects/{state.number}/locations/global/workloadIdentityPools/{step['name']}"
    state.pools[name]["state"] = "DELETED"


def _forget_role(state: GcpState, step: JsonObject, _now: datetime) -> None:
    del state.roles[step["name"]]


def _node_pool(state: GcpState, step: JsonObject, _now: datetime) -> None:
    account = step["account"] if step["account"] == "default" else _email(state, step["account"])
    config = {"serviceAccount": account, "workloadMetadataConfig": {"mode": step.get("mode", "GKE_METADATA")}}
    pool = {"name": step["name"], "config": config}
    state.clusters.append({"name": step["cluster"], "location": "us-east1", "nodePools": [pool]})


def _billing_off(state: GcpState, _step: JsonObject, _now: datetime) -> None:
    state.billing["billingEnabled"] = False
    state.billing.pop("billingAccountName", None)


OPERATIONS: dict[str, Operation] = {
    "bind": _bind,
    "unbind": _unbind,
    "add_account": _add_account,
    "set_account": _set_account,
    "delete_account": _delete_account,
    "add_key": _add_key,
    "add_hmac_key": _add_hmac_key,
    "drop_keys": _drop_keys,
    "bind_account": _bind_account,
    "bind_resource": _bind_resource,
    "set_provider": _set_provider,
    "edit_condition": _edit_condition,
    "add_provider": _add_provider,
    "add_pool": _add_pool,
    "deny": _deny,
    "disable_api": _disable_api,
    "define_role": _define_role,
    "forget_role": _forget_role,
    "delete_role": _delete_role,
    "delete_pool": _delete_pool,
    "node_pool": _node_pool,
    "billing_off": _billing_off,
}
