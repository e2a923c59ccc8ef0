"""What gcloud prints, as a snapshot that says what the files cannot show.

Known: `projects get-iam-policy`, `iam service-accounts list | keys list | get-iam-policy`, `iam roles describe`,
`services list`, `iam workload-identity-pools list | providers list`, each with `--format=json`, one file each.
A service account's policy names nobody: its file has the account's e-mail as its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from scanner import __version__
from scanner.collect.exports.gaad import Reading
from scanner.collect.gcp.allowlist import gcp_apis_of
from scanner.collect.gcp.snapshot import trimmed
from scanner.collect.strict_json import InputDocument, shown
from scanner.errors import InputError
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject
from scanner.model.kinds import CALL, UnitKind
from scanner.model.snapshot import SNAPSHOT_SCHEMA, Scope, Snapshot, SourceKind, Unit, UnitError, UnitStatus


class _Page(msgspec.Struct, frozen=True):
    """One file's content as the page of a unit."""

    kind: str
    page: JsonObject


def is_gcloud_export(value: Any) -> bool:
    """Return whether a JSON value is something that gcloud prints and this program reads, by its keys."""
    return _shape(value) is not None


LISTED = "listed"
"""Key of an account that no list named, but a policy or a key of it."""
_POLICY_KEYS = frozenset({"bindings", "etag", "version", "auditConfigs"})


def _shape(value: Any) -> str | None:
    """Return which command printed an object; lists arrive here item by item."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("bindings", []), list) and "etag" in value and set(value) <= _POLICY_KEYS:
        return "policy"
    return _item_shape(value)


def _item_shape(item: JsonObject) -> str | None:
    name = str(item.get("name") or "")
    if "/providers/" in name and "/workloadIdentityPools/" in name:
        return "provider"
    if "/workloadIdentityPools/" in name:
        return "pool"
    if "/serviceAccounts/" in name and "/keys/" in name:
        return "key"
    if "/serviceAccounts/" in name and "email" in item:
        return "account"
    if "/services/" in name and "config" in item:
        return "service"
    return "role" if "roles/" in name and "includedPermissions" in item else None


def read_gcloud_export(documents: list[InputDocument], reading: Reading) -> Snapshot:
    """Return the snapshot of one project. Raises `InputError` if the files name no project, or several."""
    project = _project(documents)
    pages = list(_pages(documents, project))
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.EXPORT,
        tool_version=__version__,
        collected_at=reading.now,
        scopes=(Scope(cloud="gcp", kind="project", id=project, presence=reading.presence),),
        units=tuple(_unit(kind, project, pages) for kind in kinds.GCP_UNIT_KINDS),
    )


def _project(documents: list[InputDocument]) -> str:
    found: dict[str, str] = {}
    for document in documents:
        name = str(document.value.get("name") or "")
        if _shape(document.value) in ("account", "key") and name.startswith("projects/"):
            found.setdefault(name.split("/")[1], document.name)
    if not found:
        advice = "add what `gcloud iam service-accounts list --format=json` prints"
        raise InputError(f"input `{documents[0].name}`: no file says which project it is", advice=advice)
    if len(found) > 1:
        named = ", ".join(f"{shown(project, 40)} in `{name}`" for project, name in sorted(found.items()))
        raise InputError(f"input of several projects: {named}", advice="scan each project's files on their own")
    return next(iter(found))


def _pages(documents: list[InputDocument], project: str) -> Iterator[_Page]:
    """Yield the pages of all units; items of one list share a page."""
    items: dict[str, list[JsonObject]] = {}
    policies: dict[str, str] = {}
    for document in documents:
        shape = _shape(document.value) or ""
        if shape == "policy":
            _refuse_twice(policies, document.name)
            yield _policy(document.name, document.value, project)
        elif shape == "role":
            yield _Page(kinds.ROLES, _called("roles.get", {"name": document.value["name"]}, document.value))
        else:
            items.setdefault(shape, []).append(document.value)
    keys = items.pop("key", [])
    yield from _keys(keys)
    if "account" not in items and (found := _named_accounts(documents, keys, project)):
        # Judged they can be, counted they cannot: the unit is not whole without the list.
        items["account"] = found
    for shape, found in items.items():
        kind, key, operation = _LISTS[shape]
        yield _Page(kind, _called(operation, {}, {key: found}))


_POOLS = "projects.locations.workloadIdentityPools"
_LISTS = {
    "account": (kinds.SERVICE_ACCOUNTS, "accounts", "projects.serviceAccounts.list"),
    "service": (kinds.SERVICES, "services", "services.list"),
    "pool": (kinds.POOLS, "workloadIdentityPools", f"{_POOLS}.list"),
    "provider": (kinds.POOLS, "workloadIdentityPoolProviders", f"{_POOLS}.providers.list"),
}


def _refuse_twice(seen: dict[str, str], name: str) -> None:
    """Raise `InputError` for a second policy of the same thing: what names nobody cannot be told apart."""
    stem = name.rpartition("/")[2].removesuffix(".json")
    whose = stem if "@" in stem else "the project"
    if whose in seen:
        raise InputError(
            f"input `{name}`: is a policy of {whose}, and so is `{seen[whose]}`",
            advice="give one policy of the project, and name a service account's policy file for its e-mail",
        )
    seen[whose] = name


def _policy(name: str, value: JsonObject, project: str) -> _Page:
    """Return a policy as the page of the account that the file is named for, else of the project."""
    _refuse_odd_bindings(name, value)
    stem = name.rpartition("/")[2].removesuffix(".json")
    if "@" in stem:
        resource = f"projects/{project}/serviceAccounts/{stem}"
        operation = "projects.serviceAccounts.getIamPolicy"
        return _Page(kinds.SERVICE_ACCOUNT_POLICIES, _called(operation, {"resource": resource}, value))
    return _Page(kinds.PROJECT_POLICY, _called("projects.getIamPolicy", {"resource": f"projects/{project}"}, value))


def _refuse_odd_bindings(name: str, value: JsonObject) -> None:
    bindings = value.get("bindings", [])
    if not isinstance(bindings, list):
        raise InputError(f"input `{name}`: `bindings` is not a list")
    for index, binding in enumerate(bindings):
        if not isinstance(binding, dict) or not isinstance(binding.get("members", []), list):
            raise InputError(f"input `{name}`: binding {index} is not an object with a list of members")


def _keys(value: list[JsonObject]) -> Iterator[_Page]:
    by_account: dict[str, list[JsonObject]] = {}
    seen: dict[str, JsonObject] = {}
    for key in value:
        name = str(key["name"])
        if seen.setdefault(name, key) != key:
            raise InputError(f"input: the key `{shown(name, 200)}` is listed twice and differently")
        by_account.setdefault(name.partition("/keys/")[0], []).append(key)
    for account, keys in by_account.items():
        page = trimmed(kinds.SERVICE_ACCOUNT_KEYS, {"keys": keys})
        yield _Page(kinds.SERVICE_ACCOUNT_KEYS, _called("projects.serviceAccounts.keys.list", {"name": account}, page))


def _named_accounts(documents: list[InputDocument], keys: list[JsonObject], project: str) -> list[JsonObject]:
    """Return the project's accounts that policies bind and keys belong to, where no file lists them."""
    bindings = [b for d in documents if _shape(d.value) == "policy" for b in d.value.get("bindings") or ()]
    members = {str(m).removeprefix("serviceAccount:") for b in bindings for m in b.get("members") or ()}
    members |= {str(key["name"]).partition("/serviceAccounts/")[2].partition("/keys/")[0] for key in keys}
    own = sorted(m for m in members if m.endswith(f"@{project}.iam.gserviceaccount.com") and ":" not in m)
    return [{"name": f"projects/{project}/serviceAccounts/{m}", "email": m, LISTED: False} for m in own]


def _called(operation: str, params: JsonObject, answer: JsonObject) -> JsonObject:
    return {CALL: {"operation": operation, "params": params}, **answer}


def _unit(kind: UnitKind, project: str, pages: list[_Page]) -> Unit:
    mine = tuple(page.page for page in pages if page.kind == kind.kind)
    unit = Unit(
        unit_id=kinds.gcp_unit_id(project, kind.kind),
        kind=kind.kind,
        cloud="gcp",
        scope_id=project,
        region="global",
        required=kind.required,
        status=UnitStatus.COMPLETE,
        apis=gcp_apis_of(kind.kind),
        pages=mine,
        items=len(mine),
    )
    if not mine:
        reason = UnitError("NotInInput", "no file holds it")
        return msgspec.structs.replace(unit, status=UnitStatus.NOT_IN_INPUT, error=reason)
    lost = _what_is_missing(kind.kind, pages, project)
    if lost:
        return msgspec.structs.replace(unit, status=UnitStatus.TRUNCATED, error=UnitError("Truncated", lost))
    return unit


def _what_is_missing(kind: str, pages: list[_Page], project: str) -> str:
    """Return which parts of a unit no file holds, in words."""
    wanted: set[str] = set()
    match kind:
        case kinds.SERVICE_ACCOUNTS:
            rows = [a for p in pages if p.kind == kind for a in p.page["accounts"]]
            wanted = {"the list of service accounts"} if any(LISTED in row for row in rows) else set()
        case kinds.SERVICE_ACCOUNT_POLICIES | kinds.SERVICE_ACCOUNT_KEYS:
            wanted = _emails(pages) - set(_asked(pages, kind))
        case kinds.ROLES:
            wanted = _bound_roles(pages, f"@{project}.iam.gserviceaccount.com")
            wanted -= {str(p.page.get("name")) for p in pages if p.kind == kinds.ROLES}
        case kinds.POOLS:
            wanted = _pools_without_providers(pages)
    return f"no file for {', '.join(sorted(wanted)[:5])}" if wanted else ""


def _pools_without_providers(pages: list[_Page]) -> set[str]:
    """Return the pools of whose providers no file tells: an empty list is printed as nothing at all."""
    mine = [p.page for p in pages if p.kind == kinds.POOLS]
    if not any("workloadIdentityPools" in page for page in mine):
        return {"the list of pools"}
    named = [str(p.get("name")) for page in mine for p in page.get("workloadIdentityPoolProviders") or ()]
    pools = [p for page in mine for p in page.get("workloadIdentityPools") or () if p.get("state") != "DELETED"]
    told = {name.partition("/providers/")[0] for name in named}
    return {f"the providers of {str(p.get('name')).rpartition('/')[2]}" for p in pools if p.get("name") not in told}


def _emails(pages: list[_Page]) -> set[str]:
    listed = (a for p in pages if p.kind == kinds.SERVICE_ACCOUNTS for a in p.page["accounts"])
    return {str(account.get("email")) for account in listed}


def _asked(pages: list[_Page], kind: str) -> Iterator[str]:
    for page in pages:
        if page.kind == kind:
            params = page.page[CALL]["params"]
            yield str(params.get("resource") or params.get("name")).partition("/serviceAccounts/")[2]


def _bound_roles(pages: list[_Page], suffix: str) -> set[str]:
    return {
        str(binding.get("role"))
        for page in pages
        if page.kind == kinds.PROJECT_POLICY
        for binding in page.page.get("bindings") or ()
        if any(suffix in str(member) for member in binding.get("members") or ())
    }
