"""What mends a reading that failed: commands of each cloud's own tools."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from scanner.collect.aws.allowlist import READ_ONLY_CALLS, TIERS
from scanner.collect.azure.allowlist import ARM, AZURE_CALLS, GRAPH
from scanner.collect.gcp.allowlist import GCP_CALLS, GCP_TIERS
from scanner.model.snapshot import Unit, UnitStatus

Advice = Callable[[Sequence[Unit]], Iterator[str]]
"""From the units that were not read to what to do, a line each."""


def _denied(unread: Sequence[Unit]) -> set[str]:
    return {unit.kind for unit in unread if unit.status is UnitStatus.DENIED}


def _slow(unread: Sequence[Unit]) -> bool:
    return any(unit.status in (UnitStatus.THROTTLED, UnitStatus.TIMEOUT) for unit in unread)


def _aws(unread: Sequence[Unit]) -> Iterator[str]:
    """Yield what mends AWS; a refusal is mended by the tier that holds the refused calls."""
    tiers = [call.tier for call in READ_ONLY_CALLS if call.kind in _denied(unread)]
    if tiers:
        tier = max(tiers, key=TIERS.index)
        yield f"porter-audit permissions aws --tier {tier} --quiet > porter-audit-read.json"
        yield "aws iam create-policy --policy-name porter-audit-read --policy-document file://porter-audit-read.json"
        yield "attach that policy to the reader named above; a service control policy may still refuse a region"
    if _slow(unread):
        yield "AWS was too slow or asked to slow down: run again later, or read fewer regions with --regions"
    if not unread:
        yield "everything a scan needs can be read: porter-audit scan aws --out report"


def _gcp(unread: Sequence[Unit]) -> Iterator[str]:
    tiers = [call.tier for call in GCP_CALLS if call.kind in _denied(unread)]
    if tiers:
        tier = max(tiers, key=GCP_TIERS.index)
        place = "--project=PROJECT" if tier == GCP_TIERS[0] else "--organization=NUMBER"
        yield f"porter-audit permissions gcp --tier {tier} --quiet > porter-audit-read.json"
        yield f"gcloud iam roles create porterAuditRead {place} --file=porter-audit-read.json"
        yield "bind that role to the reader named above, on the project or, for ancestors, on the organization"
    if any(unit.error and unit.error.code == "ApiDisabled" for unit in unread):
        yield "an API is not enabled in the reader's quota project: gcloud services enable API --project=QUOTA_PROJECT"
    if _slow(unread):
        yield "Google was too slow or asked to slow down: run again later"
    if not unread:
        yield "everything a scan needs can be read: porter-audit scan gcp --project PROJECT --out report"


def _azure(unread: Sequence[Unit]) -> Iterator[str]:
    calls = [call for call in AZURE_CALLS if call.kind in _denied(unread)]
    if any(call.service == ARM for call in calls):
        yield "az role assignment create --role Reader --assignee READER --scope /subscriptions/SUBSCRIPTION-ID"
        yield "or the narrower role that `porter-audit permissions azure` prints"
    graph = sorted({need for call in calls if call.service == GRAPH for need in call.needs})
    if graph:
        yield f"grant the reader the Microsoft Graph application permissions {', '.join(graph)}, with admin consent"
    if _slow(unread):
        yield "Azure was too slow or asked to slow down: run again later"
    if not unread:
        yield "everything a scan needs can be read: porter-audit scan azure --out report"


ADVICE: Final[Mapping[str, Advice]] = {"aws": _aws, "gcp": _gcp, "azure": _azure}
