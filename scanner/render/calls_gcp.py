"""Commands that repeat a call to a Google API by hand, with `gcloud`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scanner.model.common import JsonObject
from scanner.model.snapshot import ApiCall

_Words = Callable[[JsonObject], list[str]]


def _text(params: JsonObject, key: str) -> str:
    value = params.get(key)
    if not isinstance(value, str) or not value:
        raise LookupError(key)
    return value


def _last(params: JsonObject, key: str) -> str:
    """Return the last part of a resource name: `p` of `projects/p`."""
    return _text(params, key).rstrip("/").rsplit("/", 1)[-1]


def _part(params: JsonObject, key: str, after: str) -> str:
    """Return what follows `after/` in a resource name; raises `LookupError` if nothing does."""
    parts = _text(params, key).split("/")
    if after not in parts[:-1]:
        raise LookupError(after)
    return parts[parts.index(after) + 1]


def _below(params: JsonObject) -> list[str]:
    """Return the option that names the parent of a list of folders."""
    kind, _, name = _text(params, "parent").partition("/")
    return ["--organization" if kind == "organizations" else "--folder", name]


def _holder(name: str) -> list[str]:
    """Return the option that says whose custom role `name` is; nothing for a role of Google's."""
    kind, _, rest = name.partition("/")
    options = {"projects": "--project", "organizations": "--organization"}
    return [options[kind], rest.split("/", 1)[0]] if kind in options else []


def _role(params: JsonObject) -> list[str]:
    name = _text(params, "name")
    holder = _holder(name)
    return ["iam", "roles", "describe", name.rsplit("/", 1)[-1] if holder else name, *holder]


def _deny(params: JsonObject, key: str, *command: str) -> list[str]:
    point = _text(params, key).split("/")
    if len(point) < 2:
        raise LookupError(key)
    return [*command, "--attachment-point", point[1], "--kind", "denypolicies"]


_WORDS: Mapping[str, _Words] = {
    "projects.get": lambda p: ["projects", "describe", _last(p, "name")],
    "projects.getIamPolicy": lambda p: ["projects", "get-iam-policy", _last(p, "resource")],
    "projects.list": lambda p: ["projects", "list", "--filter", f"parent.id={_last(p, 'parent')}"],
    "folders.list": lambda p: ["resource-manager", "folders", "list", *_below(p)],
    "folders.get": lambda p: ["resource-manager", "folders", "describe", _last(p, "name")],
    "folders.getIamPolicy": lambda p: ["resource-manager", "folders", "get-iam-policy", _last(p, "resource")],
    "organizations.getIamPolicy": lambda p: ["organizations", "get-iam-policy", _last(p, "resource")],
    "projects.serviceAccounts.list": lambda p: ["iam", "service-accounts", "list", "--project", _last(p, "name")],
    "projects.serviceAccounts.getIamPolicy": lambda p: [
        "iam", "service-accounts", "get-iam-policy", _last(p, "resource"),
        "--project", _part(p, "resource", "projects"),
    ],
    "projects.serviceAccounts.keys.list": lambda p: [
        "iam", "service-accounts", "keys", "list", "--iam-account", _last(p, "name"), "--managed-by", "user",
    ],
    "projects.hmacKeys.list": lambda p: ["storage", "hmac", "list", "--all", "--project", _last(p, "parent")],
    "projects.locations.workloadIdentityPools.list": lambda p: [
        "iam", "workload-identity-pools", "list", "--location", "global", "--show-deleted",
        "--project", _part(p, "parent", "projects"),
    ],
    "projects.locations.workloadIdentityPools.providers.list": lambda p: [
        "iam", "workload-identity-pools", "providers", "list", "--location", "global", "--show-deleted",
        "--workload-identity-pool", _last(p, "parent"), "--project", _part(p, "parent", "projects"),
    ],
    "services.list": lambda p: ["services", "list", "--enabled", "--project", _last(p, "parent")],
    "projects.roles.list": lambda p: ["iam", "roles", "list", "--show-deleted", "--project", _last(p, "parent")],
    "searchAllIamPolicies": lambda p: ["asset", "search-all-iam-policies", "--scope", _text(p, "scope")],
    "roles.get": _role,
    "policies.listPolicies": lambda p: _deny(p, "parent", "iam", "policies", "list"),
    "policies.get": lambda p: _deny(p, "name", "iam", "policies", "get", _last(p, "name")),
    "projects.getBillingInfo": lambda p: ["billing", "projects", "describe", _last(p, "name")],
    "projects.locations.clusters.list": lambda p: [
        "container", "clusters", "list", "--project", _part(p, "parent", "projects"),
    ],
}  # fmt: skip


def gcp_words(call: ApiCall) -> list[str] | None:
    """Return the words of the command; None for a call this version does not know, or one that lacks a parameter."""
    made = _WORDS.get(call.operation)
    if made is None:
        return None
    try:
        return ["gcloud", *made(call.params), "--format", "json"]
    except LookupError:
        return None
