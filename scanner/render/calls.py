"""From a finding back to the call that showed it: ledger look-up and the command that repeats it by hand."""

from __future__ import annotations

import re
import shlex
from typing import Any

import msgspec

from scanner.model.common import EvidencePointer
from scanner.model.report import Report
from scanner.model.snapshot import ApiCall, Unit, UnitStatus
from scanner.render.calls_azure import azure_words
from scanner.render.calls_gcp import gcp_words
from scanner.render.text import compact_json, encodable, one_line

_WORD = re.compile(r"(.)([A-Z][a-z]+)")
_TAIL = re.compile(r"([a-z0-9])([A-Z])")
# The AWS CLI pages by itself; tokens of one run mean nothing to the next.
_PAGING = {"marker", "nexttoken", "maxitems", "maxresults"}
_GLOBAL_REGIONS = {"", "global", "aws-global", "aws-cn-global", "aws-us-gov-global"}


class Source(msgspec.Struct, frozen=True):
    """The call behind a piece of evidence; `call` is None where the unit was never asked for."""

    pointer: EvidencePointer
    unit: Unit | None
    call: ApiCall | None


class Ledger:
    """Calls by unit, in the order they were sent."""

    def __init__(self, report: Report) -> None:
        self._units = {unit.unit_id: unit for unit in report.units}
        self._calls: dict[str, list[ApiCall]] = {}
        for call in report.calls:
            self._calls.setdefault(call.unit_id, []).append(call)

    def unit(self, unit_id: str) -> Unit | None:
        """Return the unit, or None where the report does not name it."""
        return self._units.get(unit_id)

    def calls(self, unit_id: str) -> list[ApiCall]:
        """Return the unit's calls in order."""
        return self._calls.get(unit_id, [])

    def source(self, pointer: EvidencePointer) -> Source:
        """Return the call that fetched the page `pointer` leads into: pages and answered calls have the same order."""
        calls = self.calls(pointer.unit_id)
        answered = [c for c in calls if c.outcome is UnitStatus.COMPLETE] or calls
        page = _page_index(pointer.pointer)
        call = answered[page] if page < len(answered) else (answered[0] if answered else None)
        return Source(pointer=pointer, unit=self.unit(pointer.unit_id), call=call)


def _page_index(pointer: str) -> int:
    first = pointer.lstrip("/").split("/", 1)[0]
    return int(first) if first.isascii() and first.isdigit() and len(first) < 7 else 0


def command(call: ApiCall, cloud: str) -> str | None:
    """Return a shell command that repeats `call` by hand, every value quoted; None for a call without such a form."""
    words = _words(call, cloud)
    return None if words is None else " ".join(shlex.quote(one_line(encodable(word), 2000)) for word in words)


def _words(call: ApiCall, cloud: str) -> list[str] | None:
    match cloud:
        case "aws":
            return _aws_words(call)
        case "gcp":
            return gcp_words(call)
        case "azure":
            return azure_words(call)
        case _:
            return None


def _aws_words(call: ApiCall) -> list[str]:
    words = ["aws", _kebab(call.service), _kebab(call.operation)]
    if call.region not in _GLOBAL_REGIONS:
        words += ["--region", call.region]
    for key in sorted(call.params):
        if key.lower() not in _PAGING:
            words += _option(key, call.params[key])
    return words


def _kebab(name: str) -> str:
    return _TAIL.sub(r"\1-\2", _WORD.sub(r"\1-\2", name)).lower()


def _option(key: str, value: Any) -> list[str]:
    flag = f"--{_kebab(key)}"
    match value:
        case bool():
            return [flag] if value else [flag.replace("--", "--no-", 1)]
        case str():
            return [flag, value]
        case [*items] if all(isinstance(item, str) for item in items):
            return [flag, *items]
        case _:
            return [flag, compact_json(value)]
