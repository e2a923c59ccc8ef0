"""The GCP project as the collector read it, with parts exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from scanner.localcloud.gcp_provision import ROLES
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot

FOLDER, ORGANIZATION = "folders/456", "organizations/789"
_POLICIES = ("projects.getIamPolicy", "folders.getIamPolicy", "organizations.getIamPolicy")
ACCOUNT_POLICY = "projects.serviceAccounts.getIamPolicy"
KEYS = "projects.serviceAccounts.keys.list"
POOLS = "projects.locations.workloadIdentityPools.list"
PROVIDERS = "projects.locations.workloadIdentityPools.providers.list"

Rewrite = Callable[[JsonObject], JsonObject]


class GcpProjectState:
    """A snapshot of one project, and how to make another from it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    # --- what is there

    def pages(self, kind: str) -> tuple[JsonObject, ...]:
        """Return the pages of a unit."""
        return next(u.pages for u in self.snapshot.units if u.kind == kind)

    @property
    def project(self) -> str:
        """Return the project's name in policies."""
        return f"projects/{self.snapshot.scopes[0].id}"

    @property
    def email(self) -> str:
        """Return the e-mail of the vendor's service account."""
        accounts = [a for page in self.pages(kinds.SERVICE_ACCOUNTS) for a in page["accounts"]]
        found: str = next(a["email"] for a in accounts if a["email"].startswith("porter"))
        return found

    @property
    def member(self) -> str:
        """Return the vendor's service account as policies name it."""
        return f"serviceAccount:{self.email}"

    @property
    def federated(self) -> bool:
        """Return whether the vendor comes by federation."""
        return bool(self.providers())

    def providers(self) -> list[JsonObject]:
        """Return the providers of the project's pools."""
        pages = [p for p in self.pages(kinds.POOLS) if p["_call"]["operation"] == PROVIDERS]
        return [one for page in pages for one in page.get("workloadIdentityPoolProviders", ())]

    def bindings(self, node: str) -> list[JsonObject]:
        """Return the bindings of a node, or of a service account by its e-mail."""
        return [b for page in self._all() if _node(page) == node for b in page.get("bindings", ())]

    def _all(self) -> list[JsonObject]:
        kinds_ = (kinds.PROJECT_POLICY, kinds.ANCESTORS, kinds.SERVICE_ACCOUNT_POLICIES)
        return [p for k in kinds_ for p in self.pages(k) if p["_call"]["operation"] in (*_POLICIES, ACCOUNT_POLICY)]

    def documents(self) -> list[JsonObject]:
        """Return policies, role definitions and deny policies as the second evaluator takes them."""
        policies = [{"resource": _node(p), "bindings": p.get("bindings", [])} for p in self._all()]
        roles = [{"includedPermissions": [], **p} for p in self.pages(kinds.ROLES)]
        denies = [p for p in self.pages(kinds.DENY_POLICIES) if p["_call"]["operation"] == "policies.get"]
        return [*policies, *(_plain(r) for r in roles), *(_plain(d) for d in denies)]

    def parents(self) -> dict[str, str]:
        """Return what stands above what."""
        return {self.project: FOLDER, FOLDER: ORGANIZATION}

    # --- with parts exchanged

    def with_pages(self, kind: str, pages: Iterable[JsonObject]) -> GcpProjectState:
        """Return the project with other pages of a unit."""
        units = tuple(
            msgspec.structs.replace(u, pages=tuple(pages)) if u.kind == kind else u for u in self.snapshot.units
        )
        return GcpProjectState(msgspec.structs.replace(self.snapshot, units=units))

    def edited(self, kind: str, operation: str, edit: Rewrite) -> GcpProjectState:
        """Return the project with the pages of one operation rewritten."""
        pages = [edit(p) if p["_call"]["operation"] == operation else p for p in self.pages(kind)]
        return self.with_pages(kind, pages)

    def with_bindings(self, node: str, bindings: Sequence[JsonObject]) -> GcpProjectState:
        """Return the project with other bindings on a node or service account."""
        state = self
        for kind in (kinds.PROJECT_POLICY, kinds.ANCESTORS, kinds.SERVICE_ACCOUNT_POLICIES):
            pages = [{**p, "bindings": list(bindings)} if _node(p) == node else p for p in state.pages(kind)]
            state = state.with_pages(kind, pages)
        return state

    def bound(
        self, node: str, role: str, *members: str, condition: JsonObject | None = None, merge: bool = False
    ) -> GcpProjectState:
        """Return the project with one more binding, its role read; `merge` puts the member into one that is there."""
        rows = self.bindings(node)
        if merge and any(b["role"] == role and "condition" not in b for b in rows):
            rows = [{**b, "members": [*b["members"], *members]} if b["role"] == role else b for b in rows]
        else:
            rows = [*rows, {"role": role, "members": list(members), **({"condition": condition} if condition else {})}]
        return self.with_role(role, ROLES.get(role)).with_bindings(node, rows)

    def with_role(self, name: str, permissions: Sequence[str] | None) -> GcpProjectState:
        """Return the project with a role read: a new one, or one with other permissions."""
        known = [p["name"] for p in self.pages(kinds.ROLES)]
        if permissions is None or (name in known and name in ROLES and tuple(permissions) == ROLES[name]):
            return self
        page = {
            "_call": {"operation": "roles.get", "params": {"name": name}},
            "name": name,
            "title": name.rpartition("/")[2],
            "stage": "GA",
            "includedPermissions": list(permissions),
        }
        rest = [p for p in self.pages(kinds.ROLES) if p["name"] != name]
        return self.with_pages(kinds.ROLES, [*rest, page])

    def with_account(self, account_id: str, **facts: object) -> GcpProjectState:
        """Return the project with one more service account, its policy and keys read."""
        email = f"{account_id}@{self.snapshot.scopes[0].id}.iam.gserviceaccount.com"
        name = f"{self.project}/serviceAccounts/{email}"
        row = {"email": email, "name": name, "uniqueId": "999000000000000000000", **facts}
        state = self.edited(
            kinds.SERVICE_ACCOUNTS,
            "projects.serviceAccounts.list",
            lambda p: {**p, "accounts": [*p["accounts"], row]},
        )
        policy = {"_call": {"operation": ACCOUNT_POLICY, "params": {"resource": name}}, "etag": "a", "version": 1}
        keys = {"_call": {"operation": KEYS, "params": {"name": name}}}
        state = state.with_pages(kinds.SERVICE_ACCOUNT_POLICIES, [*state.pages(kinds.SERVICE_ACCOUNT_POLICIES), policy])
        return state.with_pages(kinds.SERVICE_ACCOUNT_KEYS, [*state.pages(kinds.SERVICE_ACCOUNT_KEYS), keys])

    def with_keys(self, email: str, edit: Callable[[list[JsonObject]], list[JsonObject]]) -> GcpProjectState:
        """Return the project with other keys of a service account."""
        pages = [
            {**p, "keys": edit(list(p.get("keys", ())))} if p["_call"]["params"]["name"].endswith(email) else p
            for p in self.pages(kinds.SERVICE_ACCOUNT_KEYS)
        ]
        return self.with_pages(kinds.SERVICE_ACCOUNT_KEYS, pages)

    def with_provider(self, edit: Rewrite) -> GcpProjectState:
        """Return the project with its first provider rewritten."""
        return self.edited(
            kinds.POOLS,
            PROVIDERS,
            lambda p: {**p, "workloadIdentityPoolProviders": [edit(one) for one in p["workloadIdentityPoolProviders"]]},
        )


def _node(page: JsonObject) -> str:
    resource = str(page["_call"]["params"].get("resource", ""))
    return resource.rpartition("/serviceAccounts/")[2]


def _plain(page: JsonObject) -> JsonObject:
    return {k: v for k, v in page.items() if k != "_call"}
