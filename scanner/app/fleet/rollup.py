"""From a plan and its results to one record: the answer for all, and each deviation once with where it was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from scanner.app.exit_codes import INCOMPLETE, USAGE, strongest
from scanner.model.finding import SEVERITY_ORDER
from scanner.model.fleet import (
    ROLLUP_SCHEMA,
    Approval,
    Deviation,
    Group,
    Plan,
    Reach,
    Rollup,
    TargetResult,
)

_RANK: Final = {severity.value: rank for rank, severity in enumerate(SEVERITY_ORDER)}
_AXES: Final = {"conformance": 0, "posture": 1, "coverage": 2, "hygiene": 3}


def roll_up(plan: Plan, results: Iterable[TargetResult], *, allow_incomplete: bool = False) -> Rollup:
    """Return the record of a run. Order of `results` does not matter; each is looked at once and not kept whole.

    The exit code is the strongest of all targets'; what could not be found is incomplete, and where nothing at all
    could be read the configuration is at fault. Raises `ValueError` if a target has no result, or two.
    """
    gathered = _Groups()
    kept = []
    for result in results:
        gathered.add(result)
        kept.append(msgspec.structs.replace(result, deviations=()))
    rows = tuple(sorted(kept, key=lambda row: row.place))
    expected, found = sorted(t.place.key for t in plan.targets), sorted(row.place.key for row in rows)
    if found != expected:
        raise ValueError(f"plan and results differ: {', '.join(sorted(set(expected) ^ set(found))) or 'one is twice'}")
    return Rollup(
        schema=ROLLUP_SCHEMA,
        run_id=plan.run_id,
        created=plan.created,
        tool_version=plan.tool_version,
        config_sha256=plan.config_sha256,
        exit_code=_exit_code(plan, rows, allow_incomplete),
        as_documented=_answer(plan, rows),
        headline=_headline(plan, rows),
        counts=_counts(plan, rows),
        asked=plan.asked,
        targets=rows,
        groups=gathered.result(),
        skipped=tuple(sorted(plan.skipped)),
        gaps=tuple(sorted(plan.gaps)),
    )


def _answer(plan: Plan, rows: Sequence[TargetResult]) -> str:
    if any(row.as_documented == "no" for row in rows):
        return "no"
    proven = bool(rows) and not plan.gaps and all(row.as_documented == "yes" for row in rows)
    return "yes" if proven and all(row.reach is Reach.READ for row in rows) else "not proven"


def _exit_code(plan: Plan, rows: Sequence[TargetResult], allow_incomplete: bool) -> int:
    if not any(row.reach is Reach.READ for row in rows) and not any(row.reach is Reach.LATE for row in rows):
        return strongest([USAGE, *(row.exit_code for row in rows)])
    codes = [row.exit_code for row in rows if not (allow_incomplete and row.exit_code == INCOMPLETE)]
    if plan.gaps and not allow_incomplete:
        codes.append(INCOMPLETE)
    return strongest(codes)


def _counts(plan: Plan, rows: Sequence[TargetResult]) -> dict[str, int]:
    reach = Counter(row.reach for row in rows)
    answers = Counter(row.as_documented for row in rows)
    return {
        "asked": len(plan.asked),
        "targets": len(rows),
        "read": reach[Reach.READ],
        "complete": sum(row.reach is Reach.READ and not row.open_points for row in rows),
        "failed": reach[Reach.FAILED],
        "late": reach[Reach.LATE],
        "broken": reach[Reach.BROKEN],
        "as_documented": answers["yes"],
        "not_as_documented": answers["no"],
        "not_proven": answers["not proven"],
        "skipped": len(plan.skipped),
        "gaps": len(plan.gaps),
        "named": sum(row.approval is Approval.NAMED for row in rows),
        "approved": sum(row.approval is Approval.LISTED for row in rows),
        "not_approved": sum(row.approval is Approval.NOT_APPROVED for row in rows),
        "no_list": sum(row.approval is Approval.NO_LIST for row in rows),
    }


def _headline(plan: Plan, rows: Sequence[TargetResult]) -> str:
    counts = _counts(plan, rows)
    parts = [
        f"{counts['as_documented']} of {len(rows)} targets are as documented, {counts['not_as_documented']} are not, "
        f"{counts['not_proven']} are not proven"
    ]
    unread = counts["failed"] + counts["late"] + counts["broken"]
    if unread:
        parts.append(f"{unread} could not be read")
    if plan.gaps:
        parts.append(f"{len(plan.gaps)} {'list' if len(plan.gaps) == 1 else 'lists'} may not be whole")
    return "; ".join(parts)


class _Seen:
    """Where one deviation was seen so far."""

    __slots__ = ("deltas", "first", "first_key", "targets", "waived")

    def __init__(self, key: str, deviation: Deviation) -> None:
        self.first_key, self.first = key, deviation
        self.targets: set[str] = set()
        self.waived: set[str] = set()
        self.deltas: Counter[str] = Counter()


class _Groups:
    """Gathers deviations by what they are."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def add(self, result: TargetResult) -> None:
        """Take in the deviations of one target."""
        key = result.place.key
        for deviation in result.deviations:
            seen = self._seen.setdefault(deviation.group, _Seen(key, deviation))
            # The example shown must not depend on which target ended first.
            if (key, deviation.finding_id) < (seen.first_key, seen.first.finding_id):
                seen.first_key, seen.first = key, deviation
            seen.targets.add(key)
            if deviation.status == "WAIVED":
                seen.waived.add(key)
            if deviation.delta:
                seen.deltas[deviation.delta] += 1

    def result(self) -> tuple[Group, ...]:
        """Return each deviation once: conformance before posture, worst first, then what is in most targets."""
        return tuple(sorted((_group(seen) for seen in self._seen.values()), key=_rank))


def _rank(group: Group) -> tuple[int, str, int, int, str, str]:
    severity = _RANK[group.severity]
    return (_AXES.get(group.axis, 9), group.result, severity, -len(group.targets), group.rule_id, group.group)


def _group(seen: _Seen) -> Group:
    first = seen.first
    return Group(
        group=first.group,
        rule_id=first.rule_id,
        title=first.title,
        axis=first.axis,
        severity=first.severity,
        result=first.result,
        subject=first.subject,
        message=first.message,
        targets=tuple(sorted(seen.targets)),
        waived=len(seen.waived),
        deltas=dict(sorted(seen.deltas.items())),
    )
