"""The units of one GCP project as typed records. Pure; every record points at its place in the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from scanner.access.gcp.node import node_name
from scanner.errors import InputError
from scanner.model import kinds_gcp as kinds
from scanner.model.common import EvidencePointer, JsonObject, NotObserved, Observed
from scanner.model.inventory_gcp import (
    GcpAncestor,
    GcpBinding,
    GcpCustomRole,
    GcpDenyPolicy,
    GcpHmacKey,
    GcpKey,
    GcpNodePool,
    GcpPolicy,
    GcpPool,
    GcpProject,
    GcpProvider,
    GcpRole,
    GcpServiceAccount,
)
from scanner.model.kinds import CALL
from scanner.model.snapshot import Scope, Snapshot, Unit
from scanner.normalize.pointer import child, moment, optional_text, record, records, text, texts

T = TypeVar("T")
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Google prints the last second of the year 9999 for a key that never expires."""


def gcp_project(snapshot: Snapshot, scope: Scope) -> GcpProject:
    """Return one project of a snapshot. Raises `InputError` (unit and JSON pointer) on a malformed answer."""
    reader = _Project([u for u in snapshot.units if u.cloud == "gcp" and u.scope_id == scope.id], scope)
    return reader.read()


class _Project:
    def __init__(self, units: list[Unit], scope: Scope) -> None:
        self._units = {unit.kind: unit for unit in units}
        self._scope = scope

    def read(self) -> GcpProject:
        itself = next(iter(self._pages(kinds.PROJECT)), None)
        body = itself[1] if itself else {}
        return GcpProject(
            project_id=self._scope.id,
            number=str(body.get("name") or "").removeprefix("projects/") or self._number(),
            scope=self._scope,
            policy=self._project_policy(),
            state=str(body.get("state") or ""),
            parents=self._parents(str(body.get("parent") or "")),
            service_accounts=_once(self._accounts(), lambda account: account.email),
            roles=tuple(self._roles()),
            custom_roles=tuple(self._custom_roles()),
            ancestors=tuple(self._ancestors()),
            hmac_keys=tuple(self._hmac_keys()),
            policies_below=tuple(self._policies_below()),
            deny_policies=tuple(self._deny_policies()),
            services=tuple(sorted(self._services())),
            pools=_once(self._pools(), lambda pool: pool.name),
            node_pools=_once(self._node_pools(), lambda pool: f"{pool.location}/{pool.cluster}/{pool.name}"),
            billing_enabled=next((p.get("billingEnabled") is True for _, p in self._pages(kinds.BILLING)), None),
        )

    def _pages(self, kind: str, operation: str | None = None) -> Iterator[tuple[EvidencePointer, JsonObject]]:
        unit = self._units.get(kind)
        for index, page in enumerate(unit.pages if unit else ()):
            asked = page.get(CALL) or {}
            if operation is None or not asked or asked.get("operation") == operation:
                yield EvidencePointer(unit.unit_id if unit else "", f"/{index}"), page

    def _why(self, kind: str) -> NotObserved:
        unit = self._units.get(kind)
        if unit is None:
            return NotObserved("never asked")
        return NotObserved(f"{unit.status.value}: {unit.error.code}" if unit.error else unit.status.value)

    def _parents(self, parent: str) -> tuple[tuple[str, str], ...]:
        chain = [(f"projects/{self._scope.id}", parent)] if parent else []
        for _, page in self._pages(kinds.ANCESTORS, "folders.get"):
            if page.get("name") and page.get("parent"):
                chain.append((str(page["name"]), str(page["parent"])))
        return tuple(chain)

    def _number(self) -> str:
        """Return the project's number from names that hold it, for inputs without the project itself."""
        for kind, key in ((kinds.POOLS, "workloadIdentityPools"), (kinds.SERVICES, "services")):
            for at, page in self._pages(kind):
                for _, raw in _records(at, page, key):
                    number = str(raw.get("name") or "").removeprefix("projects/").partition("/")[0]
                    if number.isdigit():
                        return number
        return ""

    def _project_policy(self) -> GcpPolicy | NotObserved:
        for at, page in self._pages(kinds.PROJECT_POLICY):
            return _policy(at, page, f"projects/{self._scope.id}")
        return self._why(kinds.PROJECT_POLICY)

    def _accounts(self) -> Iterator[GcpServiceAccount]:
        policies = self._account_policies()
        keys = self._keys()
        for at, page in self._pages(kinds.SERVICE_ACCOUNTS):
            for pointer, raw in _records(at, page, "accounts"):
                email = _text(pointer, raw, "email")
                yield GcpServiceAccount(
                    email=email,
                    unique_id=str(raw.get("uniqueId") or ""),
                    evidence=pointer,
                    policy=policies.get(email, self._why(kinds.SERVICE_ACCOUNT_POLICIES)),
                    keys=keys.get(email, self._why(kinds.SERVICE_ACCOUNT_KEYS)),
                    display_name=str(raw.get("displayName") or ""),
                    description=str(raw.get("description") or ""),
                    disabled=raw.get("disabled") is True,
                )

    def _account_policies(self) -> dict[str, GcpPolicy]:
        found: dict[str, GcpPolicy] = {}
        for at, page in self._pages(kinds.SERVICE_ACCOUNT_POLICIES):
            email = _account_asked(page, "resource")
            found[email] = _policy(at, page, email)
        return found

    def _keys(self) -> dict[str, tuple[GcpKey, ...]]:
        found: dict[str, tuple[GcpKey, ...]] = {}
        for at, page in self._pages(kinds.SERVICE_ACCOUNT_KEYS):
            email = _account_asked(page, "name")
            user_managed = [(p, k) for p, k in _records(at, page, "keys") if k.get("keyType") != "SYSTEM_MANAGED"]
            # Rows that are alike are one key; rows that differ stay two, so that the first cannot hide the second.
            once = _once(user_managed, lambda row: repr(sorted(row[1].items())))
            found[email] = (*found.get(email, ()), *(_key(p, k) for p, k in once))
        return found

    def _hmac_keys(self) -> Iterator[GcpHmacKey]:
        for at, page in self._pages(kinds.HMAC_KEYS):
            for pointer, raw in _records(at, page, "items"):
                if raw.get("state") != "DELETED":
                    yield GcpHmacKey(
                        email=_text(pointer, raw, "serviceAccountEmail"),
                        key_id_tail=str(raw.get("accessId") or "")[-4:],
                        created_at=_at(moment, pointer, raw, "timeCreated"),
                        active=raw.get("state") != "INACTIVE",
                        evidence=pointer,
                    )

    def _roles(self) -> Iterator[GcpRole]:
        for at, page in self._pages(kinds.ROLES):
            body = {k: v for k, v in page.items() if k != CALL}
            # A role without permissions is printed without the key.
            definition = {**body, "includedPermissions": list(_at(texts, at, body, "includedPermissions"))}
            yield GcpRole(_text(at, page, "name"), Observed(definition), at)

    def _custom_roles(self) -> Iterator[GcpCustomRole]:
        for at, page in self._pages(kinds.CUSTOM_ROLES):
            for pointer, raw in _records(at, page, "roles"):
                yield GcpCustomRole(_text(pointer, raw, "name"), raw.get("deleted") is True, pointer)

    def _ancestors(self) -> Iterator[GcpAncestor]:
        read: set[str] = set()
        for operation in ("folders.getIamPolicy", "organizations.getIamPolicy"):
            for at, page in self._pages(kinds.ANCESTORS, operation):
                node = str((page.get(CALL) or {}).get("params", {}).get("resource") or "")
                read.add(node)
                yield GcpAncestor(node, _policy(at, page, node))
        for _, parent in self._parents(self._direct_parent()):
            if parent not in read:
                yield GcpAncestor(parent, self._why(kinds.ANCESTORS))

    def _direct_parent(self) -> str:
        return next((str(page.get("parent") or "") for _, page in self._pages(kinds.PROJECT)), "")

    def _policies_below(self) -> Iterator[GcpPolicy]:
        for at, page in self._pages(kinds.POLICIES_BELOW):
            for pointer, raw in _records(at, page, "results"):
                node = node_name(_text(pointer, raw, "resource"))
                if node == f"projects/{self._numbered()}":
                    node = f"projects/{self._scope.id}"
                inside = EvidencePointer(pointer.unit_id, child(pointer.pointer, "policy"))
                yield _policy(inside, _at(record, pointer, raw, "policy"), node)

    def _numbered(self) -> str:
        itself = next(iter(self._pages(kinds.PROJECT)), None)
        return str(itself[1].get("name") or "").removeprefix("projects/") if itself else self._number()

    def _deny_policies(self) -> Iterator[GcpDenyPolicy]:
        for at, page in self._pages(kinds.DENY_POLICIES, "policies.get"):
            body = {k: v for k, v in page.items() if k != CALL}
            name = self._by_id(_text(at, page, "name"))
            yield GcpDenyPolicy(name, {**body, "name": name}, at)

    def _by_id(self, name: str) -> str:
        """Return a deny policy's name with the project's id: the service answers with its number."""
        number = self._numbered()
        return name.replace(f"projects%2F{number}/", f"projects%2F{self._scope.id}/") if number else name

    def _services(self) -> Iterator[str]:
        for at, page in self._pages(kinds.SERVICES):
            for pointer, raw in _records(at, page, "services"):
                named = _at(record, pointer, raw, "config").get("name")
                if raw.get("state", "ENABLED") == "ENABLED":
                    yield str(named or raw.get("name", "").rpartition("/")[2])

    def _pools(self) -> Iterator[GcpPool]:
        providers = _once(self._providers(), lambda provider: provider.name)
        for at, page in self._pages(kinds.POOLS, "projects.locations.workloadIdentityPools.list"):
            for pointer, raw in _records(at, page, "workloadIdentityPools"):
                name = _text(pointer, raw, "name")
                own = tuple(p for p in providers if p.name.startswith(f"{name}/providers/"))
                yield GcpPool(name, pointer, str(raw.get("state") or ""), raw.get("disabled") is True, own)

    def _providers(self) -> Iterator[GcpProvider]:
        operation = "projects.locations.workloadIdentityPools.providers.list"
        for at, page in self._pages(kinds.POOLS, operation):
            for pointer, raw in _records(at, page, "workloadIdentityPoolProviders"):
                yield _provider(pointer, raw)

    def _node_pools(self) -> Iterator[GcpNodePool]:
        for at, page in self._pages(kinds.NODES):
            for pointer, cluster in _records(at, page, "clusters"):
                for place, pool in _records(pointer, cluster, "nodePools"):
                    config = pool.get("config") or {}
                    yield GcpNodePool(
                        cluster=str(cluster.get("name") or ""),
                        location=str(cluster.get("location") or ""),
                        name=str(pool.get("name") or ""),
                        service_account=str(config.get("serviceAccount") or "default"),
                        metadata_mode=str((config.get("workloadMetadataConfig") or {}).get("mode") or ""),
                        evidence=place,
                    )


def _once(items: Iterable[T], key: Callable[[T], str]) -> tuple[T, ...]:
    """Return the items, each once: a list that was cut off may repeat its pages."""
    found: dict[str, T] = {}
    for item in items:
        found.setdefault(key(item), item)
    return tuple(found.values())


def _at(read: Callable[[JsonObject, str, str], T], at: EvidencePointer, raw: JsonObject, key: str) -> T:
    """Return a field; an error names the unit too."""
    try:
        return read(raw, key, at.pointer)
    except InputError as error:
        raise InputError(f"unit `{at.unit_id}`: {error}") from error


def _text(at: EvidencePointer, raw: JsonObject, key: str) -> str:
    return _at(text, at, raw, key)


def _records(at: EvidencePointer, raw: JsonObject, key: str) -> list[tuple[EvidencePointer, JsonObject]]:
    return [(EvidencePointer(at.unit_id, pointer), item) for pointer, item in _at(records, at, raw, key)]


def _account_asked(page: JsonObject, key: str) -> str:
    """Return the e-mail of the account that a page answers for."""
    called = page.get(CALL)
    params = called.get("params") if isinstance(called, dict) else None
    return str((params.get(key) if isinstance(params, dict) else "") or "").partition("/serviceAccounts/")[2]


def _policy(at: EvidencePointer, page: JsonObject, node: str) -> GcpPolicy:
    """Return an allow policy with its bindings; the document is what the access engine reads."""
    found: list[GcpBinding] = []
    for pointer, raw in _records(at, page, "bindings"):
        condition = _at(record, pointer, raw, "condition")
        members = _at(texts, pointer, raw, "members")
        found.append(GcpBinding(_text(pointer, raw, "role"), members, node, pointer, condition or None))
    kept = {k: v for k, v in page.items() if k in ("bindings", "version", "etag")}
    return GcpPolicy(node, {"bindings": [], **kept}, tuple(found), at)


def _key(pointer: EvidencePointer, raw: JsonObject) -> GcpKey:
    created = _at(moment, pointer, raw, "validAfterTime")
    expires = _at(moment, pointer, raw, "validBeforeTime")
    return GcpKey(
        key_id_tail=_text(pointer, raw, "name").rpartition("/")[2][-4:],
        origin=str(raw.get("keyOrigin") or ""),
        created_at=created,
        expires_at=None if expires is None or expires >= _NEVER else expires,
        disabled=raw.get("disabled") is True,
        evidence=pointer,
    )


def _provider(pointer: EvidencePointer, raw: JsonObject) -> GcpProvider:
    aws = raw.get("aws")
    mapping = _at(record, pointer, raw, "attributeMapping")
    return GcpProvider(
        name=_text(pointer, raw, "name"),
        evidence=pointer,
        state=str(raw.get("state") or ""),
        disabled=raw.get("disabled") is True,
        aws_account=str(aws.get("accountId") or "") if isinstance(aws, dict) else None,
        issuer=_issuer(raw),
        attribute_mapping=tuple(sorted((str(k), str(v)) for k, v in mapping.items())),
        attribute_condition=_at(optional_text, pointer, raw, "attributeCondition") or "",
    )


def _issuer(raw: JsonObject) -> str | None:
    for kind in ("oidc", "saml", "x509"):
        if isinstance(raw.get(kind), dict):
            return str(raw[kind].get("issuerUri") or kind)
    return None
