"""Who am I, what can I read, which rules are lost, and the command that mends it. The same for every cloud."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from scanner.app.clouds import LiveOptions, read_cloud
from scanner.app.doctor_advice import ADVICE
from scanner.app.exit_codes import CLEAN, INCOMPLETE
from scanner.app.sources.aws import Progress
from scanner.model.snapshot import Caller, Snapshot, Unit, UnitStatus
from scanner.rules.base import Rule
from scanner.rules.registry_all import rules_of


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


def diagnose(live: LiveOptions, *, progress: Progress | None = None) -> Diagnosis:
    """Try every read a scan makes and say what follows. Raises `CollectError` if reading cannot start at all."""
    return diagnosis_of(read_cloud(live, external_id=None, presence="unknown", progress=progress))


def diagnosis_of(snapshot: Snapshot) -> Diagnosis:
    """Return what a snapshot of one cloud says of its reader's permissions."""
    cloud = snapshot.scopes[0].cloud
    rules = rules_of(cloud)
    kinds = dict.fromkeys(unit.kind for unit in snapshot.units)
    readings = tuple(_reading([u for u in snapshot.units if u.kind == kind], rules) for kind in kinds)
    gap = any(reading.failed and reading.required for reading in readings)
    unread = [unit for unit in snapshot.units if unit.status is not UnitStatus.COMPLETE]
    return Diagnosis(
        account=", ".join(scope.id for scope in snapshot.scopes),
        caller=snapshot.callers[0] if snapshot.callers else None,
        readings=readings,
        advice=tuple(ADVICE[cloud](unread)),
        exit_code=INCOMPLETE if gap else CLEAN,
    )


def _reading(units: Sequence[Unit], rules: Sequence[Rule]) -> Reading:
    kind = units[0].kind
    failed = tuple(_phrase(unit) for unit in units if unit.status is not UnitStatus.COMPLETE)
    return Reading(
        kind=kind,
        required=any(unit.required for unit in units),
        apis=units[0].apis,
        complete=len(units) - len(failed),
        failed=failed,
        lost_rules=tuple(rule.id for rule in rules if kind in rule.requires) if failed else (),
        weakened_rules=tuple(rule.id for rule in rules if kind in rule.supplementary) if failed else (),
    )


def _phrase(unit: Unit) -> str:
    """Return where and why a unit was not read; of one AWS account only the region tells units apart."""
    region = "" if unit.region == "global" else f"{unit.region}: "
    where = region if unit.cloud == "aws" else f"{unit.scope_id}: "
    why = f"{unit.status.value}: {unit.error.code}: {unit.error.message}" if unit.error else unit.status.value
    return f"{where}{why}"
