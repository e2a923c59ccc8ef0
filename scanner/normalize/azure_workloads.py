"""Managed identities with their federated credentials, and the clusters whose tokens these take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scanner.model import kinds_azure as kinds
from scanner.model.common import NotObserved
from scanner.model.inventory_azure import AksCluster, AzureManagedIdentity, FederatedCredential
from scanner.model.kinds import CALL
from scanner.model.snapshot import Unit
from scanner.normalize import entra
from scanner.normalize.azure_rows import Row, rows_of
from scanner.normalize.pointer import child, optional_text, record, text

_MARKER: Final = "/federatedidentitycredentials/"


def identities(units: list[Unit]) -> tuple[AzureManagedIdentity, ...]:
    """Return the user-assigned identities; credentials of one that was not asked about are not observed."""
    own = [unit for unit in units if unit.kind == kinds.MANAGED_IDENTITIES]
    federated = [row for unit in own for row in rows_of(unit) if "issuer" in row[2]]
    asked = {name for unit in own for name in _asked(unit)}
    found: list[AzureManagedIdentity] = []
    for row in (row for unit in own for row in rows_of(unit) if "issuer" not in row[2]):
        evidence, at, raw = row
        resource_id = text(raw, "id", at)
        held = tuple(_credential(one) for one in federated if _owner(one) == resource_id.lower())
        read = bool(held) or resource_id.lower() in asked
        found.append(
            AzureManagedIdentity(
                id=resource_id,
                name=text(raw, "name", at),
                principal_id=(optional_text(raw, "principalId", at) or "").lower(),
                evidence=evidence,
                credentials=held if read else NotObserved("its federated credentials were not read"),
            )
        )
    return tuple(found)


def aks_cluster(row: Row) -> AksCluster:
    """Return the row of a cluster list."""
    evidence, at, raw = row
    oidc = record(raw, "oidcIssuerProfile", at)
    security = record(raw, "securityProfile", at)
    workload = record(security, "workloadIdentity", child(at, "securityProfile"))
    enabled = oidc.get("enabled") is not False
    issuer = optional_text(oidc, "issuerURL", child(at, "oidcIssuerProfile"))
    return AksCluster(
        id=text(raw, "id", at),
        name=text(raw, "name", at),
        evidence=evidence,
        issuer=issuer if enabled else None,
        workload_identity=workload.get("enabled") is True,
        node_group=(optional_text(raw, "nodeResourceGroup", at) or "").lower(),
    )


def _credential(row: Row) -> FederatedCredential:
    evidence, at, raw = row
    return entra.federated(raw, at, evidence)


def _owner(row: Row) -> str:
    """Return the lower-cased id of the identity that a credential belongs to."""
    return text(row[2], "id", row[1]).lower().partition(_MARKER)[0]


def _asked(unit: Unit) -> Iterator[str]:
    """Yield the lower-cased ids of the identities whose credentials were listed."""
    ids = {
        (resource_id.split("/")[4], resource_id.rpartition("/")[2]): resource_id
        for _, at, raw in rows_of(unit)
        if "issuer" not in raw and len((resource_id := text(raw, "id", at).lower()).split("/")) > 8
    }
    for page in unit.pages:
        asked = (page.get(CALL) or {}).get("params") or {}
        key = (str(asked.get("resource_group_name", "")).lower(), str(asked.get("resource_name", "")).lower())
        if key in ids:
            yield ids[key]
