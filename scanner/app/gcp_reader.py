"""What a reader of GCP projects needs: the custom role for it, and what can be read with what there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from scanner.app.doctor import Diagnosis, Reading
from scanner.app.exit_codes import CLEAN, INCOMPLETE
from scanner.app.gcp_source import GcpOptions, Progress, read_gcp
from scanner.app.permissions import TierLine
from scanner.collect.gcp_allowlist import GCP_CALLS, GCP_TIERS, gcp_role
from scanner.errors import UsageError
from scanner.model.snapshot import Snapshot, Unit, UnitStatus
from scanner.rules.registry_gcp import GCP_RULES


def gcp_role_json(tier: str) -> str:
    """Return the custom role of a tier as indented JSON, for `gcloud iam roles create --file`; raises `UsageError`."""
    known = next((t for t in GCP_TIERS if t == tier), None)
    if known is None:
        raise UsageError(f"there is no tier `{tier}`", advice=f"tiers: {', '.join(GCP_TIERS)}")
    return msgspec.json.format(msgspec.json.encode(gcp_role(known)), indent=2).decode() + "\n"


def gcp_tier_lines() -> tuple[TierLine, ...]:
    """Return each tier with the rules that can pass from it on, in order of the tiers."""
    beyond = {call.kind for call in GCP_CALLS if call.tier != GCP_TIERS[0]}
    first = tuple(r.id for r in GCP_RULES if not beyond & {*r.requires, *r.supplementary})
    rest = tuple(r.id for r in GCP_RULES if r.id not in first)
    return tuple(TierLine(tier, rules) for tier, rules in zip(GCP_TIERS, (first, rest), strict=True))


def diagnose_gcp(options: GcpOptions, *, progress: Progress | None = None) -> Diagnosis:
    """Try every read a scan makes and say what follows. Raises `CollectError` if reading cannot start at all."""
    return gcp_diagnosis_of(read_gcp(options, progress=progress))


def gcp_diagnosis_of(snapshot: Snapshot) -> Diagnosis:
    """Return what a snapshot says of its reader's permissions."""
    kinds = dict.fromkeys(unit.kind for unit in snapshot.units)
    readings = tuple(_reading([u for u in snapshot.units if u.kind == kind]) for kind in kinds)
    gap = any(reading.failed and reading.required for reading in readings)
    return Diagnosis(
        account=", ".join(scope.id for scope in snapshot.scopes),
        caller=snapshot.callers[0] if snapshot.callers else None,
        readings=readings,
        advice=tuple(_advice(snapshot, readings)),
        exit_code=INCOMPLETE if gap else CLEAN,
    )


def _reading(units: Sequence[Unit]) -> Reading:
    kind = units[0].kind
    failed = tuple(_phrase(unit) for unit in units if unit.status is not UnitStatus.COMPLETE)
    return Reading(
        kind=kind,
        required=any(unit.required for unit in units),
        apis=units[0].apis,
        complete=len(units) - len(failed),
        failed=failed,
        lost_rules=tuple(r.id for r in GCP_RULES if kind in r.requires) if failed else (),
        weakened_rules=tuple(r.id for r in GCP_RULES if kind in r.supplementary) if failed else (),
    )


def _phrase(unit: Unit) -> str:
    why = f"{unit.status.value}: {unit.error.code}: {unit.error.message}" if unit.error else unit.status.value
    return f"{unit.scope_id}: {why}"


def _advice(snapshot: Snapshot, readings: Sequence[Reading]) -> Iterator[str]:
    """Yield the commands that mend what failed."""
    statuses = {unit.status for unit in snapshot.units}
    disabled = any(unit.error and unit.error.code == "ApiDisabled" for unit in snapshot.units)
    denied = {unit.kind for unit in snapshot.units if unit.status is UnitStatus.DENIED}
    tiers = [call.tier for call in GCP_CALLS if call.kind in denied]
    if tiers:
        tier = max(tiers, key=GCP_TIERS.index)
        place = "--project=PROJECT" if tier == GCP_TIERS[0] else "--organization=NUMBER"
        yield f"porter-audit permissions gcp --tier {tier} --quiet > porter-audit-read.json"
        yield f"gcloud iam roles create porterAuditRead {place} --file=porter-audit-read.json"
        yield "bind that role to the reader named above, on the project or, for ancestors, on the organization"
    if disabled:
        yield "an API is not enabled in the reader's quota project: gcloud services enable API --project=QUOTA_PROJECT"
    if statuses & {UnitStatus.THROTTLED, UnitStatus.TIMEOUT}:
        yield "Google was too slow or asked to slow down: run again later"
    if not any(reading.failed for reading in readings):
        yield "everything a scan needs can be read: porter-audit scan gcp --project PROJECT --out report"
