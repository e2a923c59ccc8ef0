"""What was read and how completely, as the HTML report shows it: units, calls, populations, tie-outs."""

from __future__ import annotations

import msgspec

from scanner.model.report import Report
from scanner.model.snapshot import ApiCall, Unit, UnitStatus
from scanner.render.calls import Ledger, command
from scanner.render.html.values import LIST_SHOWN, listed
from scanner.render.text import compact_json, count, one_line, shorten, when

_CALLS_SHOWN = 2_000


class UnitRow(msgspec.Struct, frozen=True):
    """A collection unit with its calls."""

    anchor: str
    name: str
    where: str
    required: bool
    status: str
    tone: str
    items: int
    error: str
    calls: tuple[CallRow, ...]
    hidden_calls: int


class CallRow(msgspec.Struct, frozen=True):
    """One request of the ledger."""

    name: str
    region: str
    page: int
    items: int
    outcome: str
    started: str
    duration_ms: int
    request_id: str
    params: str
    command: str


class PopulationRow(msgspec.Struct, frozen=True):
    """A population with its keys."""

    name: str
    scope: str
    count: int
    sha256: str
    keys: tuple[str, ...]


class TieRow(msgspec.Struct, frozen=True):
    """A count against the provider's own."""

    name: str
    scope: str
    counted: int
    reported: str
    source: str
    words: str
    tone: str
    explanation: str


def ordered_units(report: Report) -> list[Unit]:
    """Return units, unread and required ones first."""
    return sorted(report.units, key=lambda u: (u.status is UnitStatus.COMPLETE, not u.required, u.unit_id))


def unit_rows(report: Report) -> tuple[UnitRow, ...]:
    """Return every unit with its calls, in the order of `ordered_units`."""
    ledger = Ledger(report)
    left = _CALLS_SHOWN
    rows = []
    for number, unit in enumerate(ordered_units(report), 1):
        calls = ledger.calls(unit.unit_id)
        shown = calls[: max(0, left)]
        left -= len(shown)
        error = f"{unit.error.code}: {unit.error.message}" if unit.error else ""
        rows.append(
            UnitRow(
                anchor=f"unit-{number}",
                name=one_line(unit.kind, 120),
                where=one_line(f"{unit.cloud} {unit.scope_id} {unit.region}", 160),
                required=unit.required,
                status=unit.status.value.replace("_", " "),
                tone=_unit_tone(unit),
                items=unit.items,
                error=one_line(error, 500),
                calls=tuple(_call(call, unit.cloud) for call in shown),
                hidden_calls=len(calls) - len(shown),
            )
        )
    return tuple(rows)


def _unit_tone(unit: Unit) -> str:
    if unit.status is UnitStatus.COMPLETE:
        return "good"
    return "bad" if unit.required and unit.status is not UnitStatus.NOT_IN_INPUT else "open"


def _call(call: ApiCall, cloud: str) -> CallRow:
    outcome = call.outcome.value.replace("_", " ")
    return CallRow(
        name=one_line(f"{call.service}:{call.operation}", 120),
        region=one_line(call.region, 40),
        page=call.page,
        items=call.items,
        outcome=one_line(f"{outcome} ({call.error_code})" if call.error_code else outcome, 120),
        started=when(call.started),
        duration_ms=round((call.ended - call.started).total_seconds() * 1000),
        request_id=one_line(call.request_id or "–", 80),
        params=one_line(compact_json(call.params), 500) if call.params else "",
        command=command(call, cloud) or "",
    )


def population_rows(report: Report) -> tuple[PopulationRow, ...]:
    """Return every population, its keys cut where they are very many."""
    rows = []
    for population in sorted(report.populations, key=lambda p: (p.scope_id, p.name)):
        keys = listed(population.keys[: LIST_SHOWN + 1])
        if len(population.keys) > LIST_SHOWN:
            keys = (*keys[:LIST_SHOWN], f"… {count(len(population.keys) - LIST_SHOWN, 'more key')} in report.json")
        name, scope = one_line(population.name, 120), one_line(population.scope_id, 80)
        rows.append(PopulationRow(name, scope, population.count, one_line(population.sha256, 80), keys))
    return tuple(rows)


def tie_rows(report: Report) -> tuple[TieRow, ...]:
    """Return every count with the provider's own."""
    words = {True: ("agrees", "good"), False: ("differs", "bad"), None: ("not checked", "open")}
    return tuple(
        TieRow(
            name=one_line(tie.name, 120),
            scope=one_line(tie.scope_id, 80),
            counted=tie.counted,
            reported="not read" if tie.reported is None else f"{tie.reported:,}",
            source=one_line(tie.source, 200),
            words=words[tie.agrees][0],
            tone=words[tie.agrees][1],
            explanation=shorten(tie.explanation, 500),
        )
        for tie in sorted(report.tie_outs, key=lambda t: (t.scope_id, t.name))
    )
