"""From GCP units as they were read to a snapshot that may be stored: trimmed, numbered, in one order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

import msgspec

from scanner import __version__
from scanner.collect.gcp.allowlist import gcp_apis_of
from scanner.collect.unit import UnitResult
from scanner.model import kinds_gcp as kinds
from scanner.model.common import JsonObject
from scanner.model.snapshot import (
    SNAPSHOT_SCHEMA,
    ApiCall,
    Caller,
    Scope,
    Snapshot,
    SourceKind,
    Unit,
    UnitError,
)

_ORDER = {kind.kind: place for place, kind in enumerate(kinds.GCP_UNIT_KINDS)}
_REQUIRED = {kind.kind: kind.required for kind in kinds.GCP_UNIT_KINDS} | {kinds.PROJECTS: True}
_PACKAGES = (
    "google-auth",
    "google-cloud-iam",
    "google-cloud-resource-manager",
    "google-cloud-service-usage",
    "grpcio",
)


class Container(msgspec.Struct, frozen=True):
    """A folder or organization, and the projects found below it."""

    node: str
    result: UnitResult

    def projects(self) -> list[str]:
        """Return the ids of the active projects."""
        listed = [p for page in self.result.pages for p in page.get("projects") or ()]
        found = [str(p["projectId"]) for p in listed if p.get("projectId") and p.get("state", "ACTIVE") == "ACTIVE"]
        return list(dict.fromkeys(found))


class Read(msgspec.Struct, frozen=True):
    """Everything read of one project."""

    project_id: str
    results: tuple[UnitResult, ...]


def assemble(
    collected_at: datetime, presence: str, principal: str, container: Container | None, reads: Sequence[Read]
) -> Snapshot:
    """Return the snapshot. What may hold a secret is cut out of the pages first."""
    cut = 0
    units: list[Unit] = []
    calls: list[ApiCall] = []
    scopes: list[Scope] = []
    for scope_id, kind, results in _groups(container, reads):
        scopes.append(Scope(cloud="gcp", kind=kind, id=scope_id, presence=presence))
        for result in sorted(results, key=lambda r: _ORDER.get(r.kind, -1)):
            unit_id = kinds.gcp_unit_id(scope_id, result.kind)
            pages = tuple(trimmed(result.kind, page) for page in result.pages)
            cut += sum(kept != page for kept, page in zip(pages, result.pages, strict=True))
            units.append(_unit(scope_id, result, pages))
            calls += [msgspec.structs.replace(call, unit_id=unit_id) for call in result.calls]
    return Snapshot(
        schema=SNAPSHOT_SCHEMA,
        source=SourceKind.LIVE,
        tool_version=__version__,
        collected_at=collected_at,
        scopes=tuple(scopes),
        units=tuple(units),
        calls=tuple(calls),
        callers=tuple(Caller(cloud="gcp", scope_id=s.id, principal=principal) for s in scopes),
        sdk_versions=tuple((name, version(name)) for name in _PACKAGES),
        redactions=cut,
    )


def _groups(container: Container | None, reads: Sequence[Read]) -> list[tuple[str, str, tuple[UnitResult, ...]]]:
    found: list[tuple[str, str, tuple[UnitResult, ...]]] = []
    if container is not None:
        kind = container.node.partition("/")[0].removesuffix("s")
        found.append((container.node, kind, (container.result,)))
    return [*found, *((read.project_id, "project", read.results) for read in reads)]


def _unit(scope_id: str, result: UnitResult, pages: tuple[JsonObject, ...]) -> Unit:
    error = result.error
    return Unit(
        unit_id=kinds.gcp_unit_id(scope_id, result.kind),
        kind=result.kind,
        cloud="gcp",
        scope_id=scope_id,
        region="global",
        required=_REQUIRED[result.kind],
        status=result.status,
        apis=gcp_apis_of(result.kind),
        pages=pages,
        items=result.items,
        error=UnitError(error.code, " ".join(error.message.split())[:500], error.http_status) if error else None,
        started=result.started,
        ended=result.ended,
    )


def trimmed(kind: str, page: JsonObject) -> JsonObject:
    """Return a page without what may hold a secret or is not needed: key material, a cluster's credentials."""
    match kind:
        case kinds.SERVICE_ACCOUNT_KEYS:
            keys = [{k: v for k, v in key.items() if not k.endswith("KeyData")} for key in page.get("keys") or ()]
            return {**page, **({"keys": keys} if keys else {})}
        case kinds.HMAC_KEYS:
            items = [_hmac_key(item) for item in page.get("items") or () if isinstance(item, dict)]
            return {**page, **({"items": items} if items else {})}
        case kinds.NODES:
            kept = [_cluster(c) for c in page.get("clusters") or () if isinstance(c, dict)]
            return {**page, **({"clusters": kept} if kept else {})}
    return page


def _hmac_key(item: JsonObject) -> JsonObject:
    """Return what is said of a key; of the id, half of what signs requests, its end."""
    kept: JsonObject = {k: item[k] for k in ("serviceAccountEmail", "state", "timeCreated", "updated") if k in item}
    return {**kept, "accessId": str(item.get("accessId") or "")[-4:]}


def _cluster(cluster: JsonObject) -> JsonObject:
    pools = [
        {"name": p.get("name"), "config": _nodes(p.get("config") or {})}
        for p in cluster.get("nodePools") or ()
        if isinstance(p, dict)
    ]
    return {"name": cluster.get("name"), "location": cluster.get("location"), "nodePools": pools}


def _nodes(config: JsonObject) -> JsonObject:
    return {k: config[k] for k in ("serviceAccount", "workloadMetadataConfig") if k in config}
