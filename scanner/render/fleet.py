"""rollup.json, and the few lines of a fleet run for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from scanner.model.fleet import Approval, Group, Reach, Rollup, TargetResult
from scanner.render.text import count, one_line, shorten

_SIGN = {"yes": "✓", "no": "✗", "not proven": "…"}
_GROUPS_SHOWN = 12
_TARGETS_SHOWN = 20
REACH_WORDS = {
    Reach.READ: "read",
    Reach.FAILED: "could not be read",
    Reach.LATE: "not read in time",
    Reach.BROKEN: "internal error",
}
APPROVAL_WORDS = {
    Approval.NAMED: "named",
    Approval.LISTED: "approved",
    Approval.NOT_APPROVED: "NOT APPROVED",
    Approval.NO_LIST: "found",
}


def render_rollup_json(rollup: Rollup) -> bytes:
    """Return the record as JSON, keys sorted; each deviation stands once, under `groups`."""
    data = msgspec.to_builtins(rollup, order="sorted")
    return json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def render_rollup_text(rollup: Rollup) -> str:
    """Return the answer, what deviates and where, and what was not read, in lines that are safe to print."""
    return "".join(f"{one_line(line, 400)}\n" for line in _lines(rollup))


def _lines(rollup: Rollup) -> Iterator[str]:
    yield f"As documented: {rollup.as_documented}. {rollup.headline}"
    deviating = [group for group in rollup.groups if group.axis == "conformance"]
    for group in deviating[:_GROUPS_SHOWN]:
        yield f"  {group.severity:<8} {group_words(group)}"
    if len(deviating) > _GROUPS_SHOWN:
        yield f"  {len(deviating) - _GROUPS_SHOWN} more deviations in index.html"
    risks = [group for group in rollup.groups if group.axis == "posture"]
    if risks:
        yield f"Documented risks and posture: {count(len(risks), 'kind')}, in index.html"
    open_rows = [row for row in rollup.targets if row.reach is not Reach.READ or row.open_points]
    if open_rows:
        yield f"Not read, or not whole: {count(len(open_rows), 'target')}"
    for row in open_rows[:_TARGETS_SHOWN]:
        yield f"  {_SIGN['not proven']} {target_words(row)}: {why(row)}"
    if len(open_rows) > _TARGETS_SHOWN:
        yield f"  {len(open_rows) - _TARGETS_SHOWN} more in index.html"
    for gap in rollup.gaps:
        yield f"  {_SIGN['not proven']} {gap.asked}: {gap.reason}"
    unapproved = [row for row in rollup.targets if row.approval is Approval.NOT_APPROVED]
    if unapproved:
        names = ", ".join(row.place.id for row in unapproved[:_TARGETS_SHOWN])
        yield f"Found and read, but not approved in the configuration: {len(unapproved)} ({names})"
    if rollup.skipped:
        yield f"Left out: {len(rollup.skipped)}, each with its reason in index.html"


def group_words(group: Group) -> str:
    """Return a deviation on one line, with how many targets have it."""
    same = f"identical in {len(group.targets)} targets" if len(group.targets) > 1 else group.targets[0]
    waived = f", waived in {group.waived}" if group.waived else ""
    return f"{group.rule_id} {shorten(group.message, 200)} ({same}{waived})"


def target_words(row: TargetResult) -> str:
    """Return what a target is, for example `aws account 111122223333 (production)`."""
    name = f" ({row.place.name})" if row.place.name else ""
    return f"{row.place.cloud} {row.place.kind} {row.place.id}{name}"


def why(row: TargetResult) -> str:
    """Return why a target is not whole, in words."""
    if row.why:
        return row.why
    first = row.open_points[0] if row.open_points else None
    more = f" (and {len(row.open_points) - 1} more)" if len(row.open_points) > 1 else ""
    return f"{first.what}: {first.why}{more}" if first else ""
