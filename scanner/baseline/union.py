"""A documented version with the names of the vendor's other versions: what is left may be of any of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.version import DocumentedVersion

T = TypeVar("T")


def with_every_name(chosen: DocumentedVersion, others: Sequence[DocumentedVersion]) -> DocumentedVersion:
    """Return the chosen version with what only the others name; where two name the same, the chosen one's stands.

    It keeps the chosen version's id and digest. Variables are not bound.
    """
    aws = [other.aws for other in others if other.aws is not None]
    gcp = [other.gcp for other in others if other.gcp is not None]
    azure = [other.azure for other in others if other.azure is not None]
    return replace(
        chosen,
        aws=_aws([chosen.aws, *aws]) if chosen.aws is not None else None,
        gcp=_gcp([chosen.gcp, *gcp]) if chosen.gcp is not None else None,
        azure=_azure([chosen.azure, *azure]) if chosen.azure is not None else None,
    )


def _first(rows: Iterable[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    found: dict[Hashable, T] = {}
    for row in rows:
        found.setdefault(key(row), row)
    return tuple(found.values())


def _aws(parts: Sequence[AwsBaseline]) -> AwsBaseline:
    return replace(
        parts[0],
        roles=_first((r for p in parts for r in p.roles), lambda r: r.name_pattern),
        documents=_first((d for p in parts for d in p.documents), lambda d: d.name),
        variables=_first((v for p in parts for v in p.variables), lambda v: v.name),
        vendor_accounts=_first((a for p in parts for a in p.vendor_accounts), lambda a: a[0]),
        known_extras=_first((x for p in parts for x in p.known_extras), lambda x: x.name_pattern),
        stack=next((p.stack for p in parts if p.stack is not None), None),
    )


def _gcp(parts: Sequence[GcpBaseline]) -> GcpBaseline:
    return replace(
        parts[0],
        service_accounts=_first((a for p in parts for a in p.service_accounts), lambda a: a.name_pattern),
        documents=_first((d for p in parts for d in p.documents), lambda d: d.name),
        variables=_first((v for p in parts for v in p.variables), lambda v: v.name),
        known_extras=_first((x for p in parts for x in p.known_extras), lambda x: (x.kind, x.name_pattern)),
    )


def _azure(parts: Sequence[AzureBaseline]) -> AzureBaseline:
    return replace(
        parts[0],
        applications=_first((a for p in parts for a in p.applications), lambda a: a.name_pattern),
        role_definitions=_first((d for p in parts for d in p.role_definitions), lambda d: d.name_patterns),
        documents=_first((d for p in parts for d in p.documents), lambda d: d.name),
        variables=_first((v for p in parts for v in p.variables), lambda v: v.name),
        known_extras=_first((x for p in parts for x in p.known_extras), lambda x: (x.kind, x.name_pattern)),
    )
