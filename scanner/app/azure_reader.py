"""What a reader of Azure and Entra needs: the roles for it, and what can be read with what there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from scanner.app.azure_source import AzureOptions, Progress, read_azure
from scanner.app.doctor import Diagnosis, Reading
from scanner.app.exit_codes import CLEAN, INCOMPLETE
from scanner.app.permissions import TierLine
from scanner.collect.allowlist_azure import ARM, AZURE_CALLS, AZURE_TIERS, GRAPH, AzureTier
from scanner.errors import UsageError
from scanner.model.common import JsonObject
from scanner.model.snapshot import Snapshot, Unit, UnitStatus
from scanner.rules.base import Rule
from scanner.rules.registry_azure import AZURE_RULES

# Graph permissions by id, as in the permissions reference.
_GRAPH_IDS = {
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
}


def azure_role_json(tier: str, subscription: str = "SUBSCRIPTION-ID") -> str:
    """Return what a tier needs as indented JSON: a role definition and Graph permissions. Raises `UsageError`."""
    known = next((t for t in AZURE_TIERS if t == tier), None)
    if known is None:
        raise UsageError(f"there is no tier `{tier}`", advice=f"tiers: {', '.join(AZURE_TIERS)}")
    permissions = [{"value": name, "id": _GRAPH_IDS[name]} for name in _needs(known, GRAPH)]
    document: JsonObject = {
        "roleDefinition": {
            "Name": "porter-audit reader",
            "IsCustom": True,
            "Description": "Read-only: what porter-audit needs to judge Porter's access, and nothing else.",
            "Actions": _needs(known, ARM),
            "NotActions": [],
            "DataActions": [],
            "NotDataActions": [],
            "AssignableScopes": [f"/subscriptions/{subscription}"],
        },
        "graphApplicationPermissions": permissions,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def _needs(tier: AzureTier, service: str) -> list[str]:
    included = AZURE_TIERS[: AZURE_TIERS.index(tier) + 1]
    return sorted({need for c in AZURE_CALLS if c.service == service and c.tier in included for need in c.needs})


def azure_tier_lines() -> tuple[TierLine, ...]:
    """Return each tier with the rules that can pass from it on, in order of the tiers."""
    needs = {rule.id: _tier_of(rule) for rule in AZURE_RULES}
    return tuple(TierLine(tier, tuple(name for name, need in needs.items() if need == tier)) for tier in AZURE_TIERS)


def _tier_of(rule: Rule) -> AzureTier:
    kinds = {*rule.requires, *rule.supplementary}
    return max((call.tier for call in AZURE_CALLS if call.kind in kinds), key=AZURE_TIERS.index)


def diagnose_azure(options: AzureOptions, *, progress: Progress | None = None) -> Diagnosis:
    """Try every read a scan makes and say what follows. Raises `CollectError` if reading cannot start at all."""
    return azure_diagnosis_of(read_azure(options, progress=progress))


def azure_diagnosis_of(snapshot: Snapshot) -> Diagnosis:
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
        lost_rules=tuple(r.id for r in AZURE_RULES if kind in r.requires) if failed else (),
        weakened_rules=tuple(r.id for r in AZURE_RULES if kind in r.supplementary) if failed else (),
    )


def _phrase(unit: Unit) -> str:
    why = f"{unit.status.value}: {unit.error.code}: {unit.error.message}" if unit.error else unit.status.value
    return f"{unit.scope_id}: {why}"


def _advice(snapshot: Snapshot, readings: Sequence[Reading]) -> Iterator[str]:
    """Yield the commands that mend what failed."""
    denied = {unit.kind for unit in snapshot.units if unit.status is UnitStatus.DENIED}
    calls = [call for call in AZURE_CALLS if call.kind in denied]
    if any(call.service == ARM for call in calls):
        yield "az role assignment create --role Reader --assignee READER --scope /subscriptions/SUBSCRIPTION-ID"
        yield "or the narrower role that `porter-audit permissions azure` prints"
    graph = sorted({need for call in calls if call.service == GRAPH for need in call.needs})
    if graph:
        yield f"grant the reader the Microsoft Graph application permissions {', '.join(graph)}, with admin consent"
    if {unit.status for unit in snapshot.units} & {UnitStatus.THROTTLED, UnitStatus.TIMEOUT}:
        yield "Azure was too slow or asked to slow down: run again later"
    if not any(reading.failed for reading in readings):
        yield "everything a scan needs can be read: porter-audit scan azure --out report"
