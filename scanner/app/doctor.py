"""Who am I, what can I read, which rules are lost, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from scanner.app.aws_source import AwsOptions, Progress, read_live
from scanner.app.exit_codes import CLEAN, INCOMPLETE
from scanner.collect.allowlist import READ_ONLY_CALLS, TIERS
from scanner.model.snapshot import Caller, Snapshot, Unit, UnitStatus
from scanner.rules.base import Rule
from scanner.rules.registry import ALL_RULES


class Reading(msgspec.Struct, frozen=True):
    """One kind of unit: how reading it ended, over all regions."""

    kind: str
    required: bool
    apis: tuple[str, ...]
    complete: int
    failed: tuple[str, ...]
    """One phrase for each region in which it was not read."""
    lost_rules: tuple[str, ...]
    """Rules that can give no verdict without it."""
    weakened_rules: tuple[str, ...]
    """Rules that cannot pass without it, but do not hold the verdict open."""


class Diagnosis(msgspec.Struct, frozen=True):
    """The answer of `doctor`."""

    account: str
    caller: Caller | None
    readings: tuple[Reading, ...]
    advice: tuple[str, ...]
    exit_code: int


def diagnose(options: AwsOptions, *, progress: Progress | None = None) -> Diagnosis:
    """Try every read a scan makes and say what follows. Raises `CollectError` if reading cannot start at all."""
    return diagnosis_of(read_live(options, progress=progress))


def diagnosis_of(snapshot: Snapshot) -> Diagnosis:
    """Return what a snapshot says of its reader's permissions."""
    kinds = dict.fromkeys(unit.kind for unit in snapshot.units)
    readings = tuple(_reading(kind, [u for u in snapshot.units if u.kind == kind]) for kind in kinds)
    gap = any(reading.failed and reading.required for reading in readings)
    return Diagnosis(
        account=", ".join(scope.id for scope in snapshot.scopes),
        caller=snapshot.callers[0] if snapshot.callers else None,
        readings=readings,
        advice=tuple(_advice(snapshot, readings)),
        exit_code=INCOMPLETE if gap else CLEAN,
    )


def _reading(kind: str, units: list[Unit]) -> Reading:
    failed = tuple(_phrase(unit) for unit in units if unit.status is not UnitStatus.COMPLETE)
    return Reading(
        kind=kind,
        required=any(unit.required for unit in units),
        apis=units[0].apis,
        complete=len(units) - len(failed),
        failed=failed,
        lost_rules=_ids(ALL_RULES, kind, "requires") if failed else (),
        weakened_rules=_ids(ALL_RULES, kind, "supplementary") if failed else (),
    )


def _ids(rules: tuple[Rule, ...], kind: str, field: str) -> tuple[str, ...]:
    return tuple(rule.id for rule in rules if kind in getattr(rule, field))


def _phrase(unit: Unit) -> str:
    where = "" if unit.region == "global" else f"{unit.region}: "
    why = f"{unit.status.value}: {unit.error.code}: {unit.error.message}" if unit.error else unit.status.value
    return f"{where}{why}"


def _advice(snapshot: Snapshot, readings: tuple[Reading, ...]) -> Iterator[str]:
    """Yield the commands that mend what failed; a refusal is mended by the tier that holds the refused calls."""
    statuses = {unit.status for unit in snapshot.units}
    denied = {unit.kind for unit in snapshot.units if unit.status is UnitStatus.DENIED}
    tiers = [call.tier for call in READ_ONLY_CALLS if call.kind in denied]
    if tiers:
        tier = max(tiers, key=TIERS.index)
        yield f"porter-audit permissions aws --tier {tier} --quiet > porter-audit-read.json"
        yield "aws iam create-policy --policy-name porter-audit-read --policy-document file://porter-audit-read.json"
        yield "attach that policy to the reader named above; a service control policy may still refuse a region"
    if statuses & {UnitStatus.THROTTLED, UnitStatus.TIMEOUT}:
        yield "AWS was too slow or asked to slow down: run again later, or read fewer regions with --regions"
    if not any(reading.failed for reading in readings):
        yield "everything a scan needs can be read: porter-audit scan aws --out report"
