"""Microsoft Graph's answers, and what the command line prints of them, as applications and service principals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from scanner.errors import InputError
from scanner.model import kinds_azure as kinds
from scanner.model.common import EvidencePointer, JsonObject
from scanner.model.inventory_azure import (
    DeletedApplication,
    EntraApplication,
    EntraAppRole,
    EntraCredential,
    EntraGrant,
    EntraMembership,
    EntraOwner,
    EntraServicePrincipal,
    FederatedCredential,
)
from scanner.model.kinds import CALL
from scanner.model.snapshot import Unit
from scanner.normalize.pointer import child, moment, optional_text, record, records, text, texts

T = TypeVar("T")
_Read = Callable[[JsonObject, str, EvidencePointer], T]


def applications(units: list[Unit]) -> tuple[EntraApplication, ...]:
    """Return the app registrations, by object id. Raises `InputError` on a malformed answer."""
    federated_by = _below(units, kinds.FEDERATED_CREDENTIALS, "ListFederatedIdentityCredentials", federated)
    owners_by = _below(units, kinds.OWNERS, "ListApplicationOwners", _owner)
    found: dict[str, EntraApplication] = {}
    for at, raw, evidence in _objects(units, kinds.APPLICATIONS):
        object_id = text(raw, "id", at).lower()
        own = tuple(
            federated(row, where, EvidencePointer(evidence.unit_id, where))
            for where, row in records(raw, "federatedIdentityCredentials", at)
        )
        found[object_id] = EntraApplication(
            object_id=object_id,
            app_id=text(raw, "appId", at).lower(),
            name=optional_text(raw, "displayName", at) or "",
            evidence=evidence,
            secrets=_credentials(raw, "passwordCredentials", at, evidence.unit_id),
            certificates=_credentials(raw, "keyCredentials", at, evidence.unit_id),
            requested=_requested(raw, at),
            federated=(*own, *federated_by.get(object_id, ())),
            owners=owners_by.get(object_id, ()),
        )
    return tuple(found[key] for key in sorted(found))


def principals(units: list[Unit]) -> tuple[EntraServicePrincipal, ...]:
    """Return the service principals, by object id. Raises `InputError` on a malformed answer."""
    roles_by = _below(units, kinds.APP_ROLE_ASSIGNMENTS, "ListAppRoleAssignments", _app_role)
    grants_by = _below(units, kinds.DELEGATED_GRANTS, "ListDelegatedGrants", _grant)
    owners_by = _below(units, kinds.OWNERS, "ListServicePrincipalOwners", _owner)
    members_by = _below(units, kinds.MEMBERSHIPS, "ListMemberships", _membership)
    roles_of = _below(units, kinds.DIRECTORY_ROLES, "ListDirectoryRoleAssignments", _directory_role)
    found: dict[str, EntraServicePrincipal] = {}
    for at, raw, evidence in _objects(units, kinds.SERVICE_PRINCIPALS):
        object_id = text(raw, "id", at).lower()
        own = tuple(
            _app_role(row, where, EvidencePointer(evidence.unit_id, where))
            for where, row in records(raw, "appRoleAssignments", at)
        )
        found[object_id] = EntraServicePrincipal(
            object_id=object_id,
            app_id=text(raw, "appId", at).lower(),
            name=optional_text(raw, "displayName", at) or "",
            evidence=evidence,
            kind=optional_text(raw, "servicePrincipalType", at) or "",
            owner_tenant=(optional_text(raw, "appOwnerOrganizationId", at) or "").lower(),
            enabled=raw.get("accountEnabled") is not False,
            secrets=_credentials(raw, "passwordCredentials", at, evidence.unit_id),
            certificates=_credentials(raw, "keyCredentials", at, evidence.unit_id),
            app_roles=(*own, *roles_by.get(object_id, ())),
            grants=grants_by.get(object_id, ()),
            owners=owners_by.get(object_id, ()),
            memberships=_with_roles(members_by.get(object_id, ()), roles_of.get(object_id, ())),
        )
    return tuple(found[key] for key in sorted(found))


def gone(units: list[Unit]) -> frozenset[str]:
    """Return the object ids of service principals that were looked up and are not there."""
    found: set[str] = set()
    for unit in (one for one in units if one.kind == kinds.SERVICE_PRINCIPALS):
        for number, page in enumerate(unit.pages):
            call = record(page, CALL, f"/{number}")
            if "error" in call:
                found.add(_owner_of(record(call, "params", child(f"/{number}", CALL)), f"/{number}"))
    return frozenset(found)


def deleted(units: list[Unit]) -> tuple[DeletedApplication, ...]:
    """Return the deleted app registrations and service principals that can still be restored."""
    principals = {
        (unit.unit_id, str(number))
        for unit in units
        for number, page in enumerate(unit.pages)
        if record(page, CALL, f"/{number}").get("operation") == "ListDeletedServicePrincipals"
    }
    return tuple(
        DeletedApplication(
            object_id=text(raw, "id", at).lower(),
            name=optional_text(raw, "displayName", at) or "",
            evidence=evidence,
            deleted_at=moment(raw, "deletedDateTime", at),
            is_principal=(evidence.unit_id, at.split("/")[1]) in principals,
        )
        for at, raw, evidence in _objects(units, kinds.DELETED_ITEMS)
    )


def federated(raw: JsonObject, at: str, evidence: EvidencePointer) -> FederatedCredential:
    """Return a federated credential as it stands in Graph or below a managed identity."""
    claims = record(raw, "claimsMatchingExpression", at)
    return FederatedCredential(
        name=optional_text(raw, "name", at) or "",
        issuer=text(raw, "issuer", at),
        subject=optional_text(raw, "subject", at) or "",
        audiences=texts(raw, "audiences", at),
        evidence=evidence,
        expression=optional_text(claims, "value", child(at, "claimsMatchingExpression")) or "",
    )


def _objects(units: list[Unit], kind: str) -> Iterator[tuple[str, JsonObject, EvidencePointer]]:
    """Yield the rows of lists and the single objects of a kind, with where they stand."""
    for unit in (one for one in units if one.kind == kind):
        for number, page in enumerate(unit.pages):
            if "error" in record(page, CALL, f"/{number}"):
                continue
            if "value" in page:
                for at, raw in records(page, "value", f"/{number}"):
                    yield at, raw, EvidencePointer(unit.unit_id, at)
            else:
                yield f"/{number}", page, EvidencePointer(unit.unit_id, f"/{number}")


def _below(units: list[Unit], kind: str, operation: str, read: _Read[T]) -> dict[str, tuple[T, ...]]:
    """Return the rows that hang below objects, by the object's id: the call says whose they are."""
    found: dict[str, list[T]] = {}
    sent: dict[str, list[JsonObject]] = {}
    for unit in (one for one in units if one.kind == kind):
        for number, page in enumerate(unit.pages):
            at = f"/{number}"
            call = record(page, CALL, at)
            if call.get("operation") != operation:
                continue
            owner = _owner_of(record(call, "params", child(at, CALL)), at)
            for where, raw in records(page, "value", at):
                # A list that was cut off may send its rows again.
                if raw not in sent.setdefault(owner, []):
                    sent[owner].append(raw)
                    found.setdefault(owner, []).append(read(raw, where, EvidencePointer(unit.unit_id, where)))
    return {key: tuple(rows) for key, rows in found.items()}


def _owner_of(params: JsonObject, at: str) -> str:
    """Return whose rows a page holds. Raises `InputError` if its call does not say."""
    owner = params.get("id")
    if not isinstance(owner, str):
        raise InputError(f"{child(at, CALL)}: does not say of which object these rows are")
    return owner.lower()


def _credentials(raw: JsonObject, key: str, at: str, unit_id: str) -> tuple[EntraCredential, ...]:
    return tuple(
        EntraCredential(
            key_id=text(one, "keyId", where),
            name=optional_text(one, "displayName", where) or "",
            evidence=EvidencePointer(unit_id, where),
            starts=moment(one, "startDateTime", where),
            ends=moment(one, "endDateTime", where),
        )
        for where, one in records(raw, key, at)
    )


def _requested(raw: JsonObject, at: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (text(api, "resourceAppId", where).lower(), text(one, "id", place).lower(), text(one, "type", place))
        for where, api in records(raw, "requiredResourceAccess", at)
        for place, one in records(api, "resourceAccess", where)
    )


def _owner(raw: JsonObject, at: str, evidence: EvidencePointer) -> EntraOwner:
    return EntraOwner(text(raw, "id", at).lower(), optional_text(raw, "displayName", at) or "")


def _app_role(raw: JsonObject, at: str, evidence: EvidencePointer) -> EntraAppRole:
    return EntraAppRole(
        text(raw, "appRoleId", at).lower(),
        optional_text(raw, "resourceDisplayName", at) or "",
        evidence,
        (optional_text(raw, "resourceId", at) or "").lower(),
    )


def _grant(raw: JsonObject, at: str, evidence: EvidencePointer) -> EntraGrant:
    scopes = tuple(sorted((optional_text(raw, "scope", at) or "").split()))
    return EntraGrant(scopes, optional_text(raw, "consentType", at) or "", evidence)


def _membership(raw: JsonObject, at: str, evidence: EvidencePointer) -> EntraMembership:
    kind = (optional_text(raw, "@odata.type", at) or "").rpartition(".")[2]
    return EntraMembership(text(raw, "id", at).lower(), optional_text(raw, "displayName", at) or "", kind, evidence)


def _directory_role(raw: JsonObject, at: str, evidence: EvidencePointer) -> EntraMembership:
    definition = record(raw, "roleDefinition", at)
    role_id = text(raw, "roleDefinitionId", at).lower()
    name = optional_text(definition, "displayName", child(at, "roleDefinition")) or role_id
    return EntraMembership(role_id, name, "directoryRole", evidence, optional_text(raw, "directoryScopeId", at) or "/")


def _with_roles(
    memberships: tuple[EntraMembership, ...], roles: tuple[EntraMembership, ...]
) -> tuple[EntraMembership, ...]:
    """Return memberships with the directory roles that do not show among them, each once."""
    shown = {m.name.lower() for m in memberships if m.kind == "directoryRole"}
    more = {(r.object_id, r.scope): r for r in roles if r.scope != "/" or r.name.lower() not in shown}
    return (*memberships, *more.values())
