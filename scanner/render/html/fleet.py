"""index.html of a fleet run, and a page per target: what is found once is told once, with every place it was seen."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from scanner.model.finding import SEVERITY_ORDER
from scanner.model.fleet import Approval, Group, Reach, Rollup, TargetResult
from scanner.render.fleet import APPROVAL_WORDS, REACH_WORDS, why
from scanner.render.html.page import Frame, render_page
from scanner.render.text import count, one_line, when
from scanner.render.words import EXIT_WORDS, cloud_name, delta_words

_STYLES = ("fleet/fleet.css",)
_ANSWERS = {"yes": ("Yes", "good"), "no": ("No", "bad"), "not proven": ("Not proven", "open")}
_REPORTS = (("report.html", "the whole report"), ("report.json", "report.json"))
_POINTS_SHOWN = 40
_PLACES_SHOWN = 60
_SHORT = 110
_TOLD_IN_BANNER = 12


class Row(msgspec.Struct, frozen=True):
    """One target in the table."""

    key: str
    cloud: str
    id: str
    name: str
    approval: str
    unapproved: bool
    presence: str
    answer: str
    tone: str
    reach: str
    exit_code: int
    conformance: int
    posture: int
    why: str


class Card(msgspec.Struct, frozen=True):
    """One deviation and where it is."""

    anchor: str
    rule_id: str
    severity: str
    result: str
    title: str
    short: str
    message: str
    subject: str
    places: tuple[str, ...]
    """The first targets that have it; none on a target's own page."""
    more: int
    words: str
    waived: int
    changes: str


class Told(msgspec.Struct, frozen=True):
    """One entry of the configuration, and what it led to."""

    words: str
    found: int
    whole: bool
    calls: str


class FleetView(msgspec.Struct, frozen=True):
    """Everything the index shows."""

    answer: str
    tone: str
    headline: str
    exit: str
    when: str
    points: tuple[str, ...]
    rail: tuple[tuple[str, str, int | None], ...]
    tiles: tuple[tuple[str | None, int, str, str, int | None], ...]
    rows: tuple[Row, ...]
    deviations: tuple[Card, ...]
    risks: tuple[Card, ...]
    others: tuple[Card, ...]
    asked: tuple[Told, ...]
    skipped: tuple[tuple[str, str, str], ...]
    gaps: tuple[tuple[str, str], ...]
    unapproved: tuple[str, ...]


class TargetView(msgspec.Struct, frozen=True):
    """Everything a target's page shows."""

    row: Row
    headline: str
    allows: str
    advice: str
    facts: tuple[tuple[str, str], ...]
    points: tuple[str, ...]
    open_points: tuple[tuple[str, str], ...]
    more_points: int
    deviations: tuple[Card, ...]
    risks: tuple[Card, ...]
    others: tuple[Card, ...]
    reports: tuple[tuple[str, str], ...]
    rail: tuple[tuple[str, str, int | None], ...]


def render_index(rollup: Rollup) -> bytes:
    """Return the first page of a run. Same record, same bytes. Raises `RenderError` if a template is missing."""
    return render_page("fleet.html.j2", _frame(rollup, "Fleet"), styles=_STYLES, v=_view(rollup))


def render_target(rollup: Rollup, result: TargetResult, groups: Mapping[str, Group]) -> bytes:
    """Return the page of one target; `groups` are the run's by id. Raises `RenderError` if a template is missing."""
    view = _target(result, groups)
    frame = _frame(rollup, f"{cloud_name(result.place.cloud)} {result.place.id}")
    return render_page("fleet_target.html.j2", frame, styles=_STYLES, v=view)


def _frame(rollup: Rollup, title: str) -> Frame:
    return Frame(
        title=f"{title}: {_ANSWERS[rollup.as_documented][0]}" if title == "Fleet" else title,
        subtitle=count(len(rollup.targets), "target"),
        version=rollup.tool_version,
        about=f"fleet run {rollup.run_id}",
        print_label=f"porter-audit, fleet run {rollup.run_id}",
    )


def _view(rollup: Rollup) -> FleetView:
    answer, tone = _ANSWERS[rollup.as_documented]
    rows = tuple(sorted((_row(row) for row in rollup.targets), key=_worst_first))
    deviations, risks, others = _cards(rollup.groups, with_places=True)
    return FleetView(
        answer=answer,
        tone=tone,
        headline=rollup.headline,
        exit=f"{rollup.exit_code}: {EXIT_WORDS[rollup.exit_code]}",
        when=when(rollup.created),
        points=_banner(rollup),
        rail=(
            ("targets", "Targets", len(rows)),
            ("deviations", "Not as documented", len(deviations)),
            ("risks", "Documented risks and posture", len(risks)),
            ("others", "Other results", len(others)),
            ("coverage", "What was asked and reached", None),
        ),
        tiles=_tiles(rollup, len(deviations)),
        rows=rows,
        deviations=deviations,
        risks=risks,
        others=others,
        asked=tuple(_told(one.words, one.found, one.complete, len(one.calls)) for one in rollup.asked),
        skipped=tuple((one.place.id, one.asked, one.reason) for one in rollup.skipped),
        gaps=tuple((gap.asked, gap.reason) for gap in rollup.gaps),
        unapproved=tuple(row.place.id for row in rollup.targets if row.approval is Approval.NOT_APPROVED),
    )


def _told(words: str, found: int, whole: bool, calls: int) -> Told:
    return Told(words, found, whole, count(calls, "call") if calls else "named")


def _tiles(rollup: Rollup, deviations: int) -> tuple[tuple[str | None, int, str, str, int | None], ...]:
    counts = rollup.counts
    unread, unapproved = counts["failed"] + counts["late"] + counts["broken"], counts["not_approved"]
    return (
        ("#targets", counts["as_documented"], "targets as documented", "good", counts["targets"]),
        ("#deviations", deviations, "kinds of deviation", "bad" if deviations else "good", None),
        ("#targets", unread, "targets not read", "open" if unread else "good", counts["targets"]),
        ("#coverage", unapproved, "found, not approved", "risk" if unapproved else "good", None),
    )


def _banner(rollup: Rollup) -> tuple[str, ...]:
    points = [f"{gap.asked}: {gap.reason}" for gap in rollup.gaps]
    unread = [row for row in rollup.targets if row.reach is not Reach.READ]
    points += [f"{row.place.id}: {why(row)}" for row in unread]
    partly = sum(row.reach is Reach.READ and bool(row.open_points) for row in rollup.targets)
    if partly:
        points.append(f"{count(partly, 'target was', 'targets were')} read in part; their pages say what is missing")
    shown = points[:_TOLD_IN_BANNER]
    return (*shown, *([f"{len(points) - len(shown)} more, below"] if len(points) > len(shown) else []))


def _row(result: TargetResult) -> Row:
    answer, tone = _ANSWERS[result.as_documented]
    return Row(
        key=result.place.key,
        cloud=cloud_name(result.place.cloud),
        id=result.place.id,
        name=result.place.name,
        approval=APPROVAL_WORDS[result.approval],
        unapproved=result.approval is Approval.NOT_APPROVED,
        presence=result.presence.value,
        answer=answer,
        tone=tone,
        reach=REACH_WORDS[result.reach],
        exit_code=result.exit_code,
        conformance=sum(result.conformance_fail.values()),
        posture=sum(result.posture_fail.values()),
        why=why(result),
    )


def _worst_first(row: Row) -> tuple[int, int, str, str]:
    return ({"bad": 0, "open": 1, "good": 2}[row.tone], -row.conformance, row.cloud, row.id)


def _cards(
    groups: tuple[Group, ...], *, with_places: bool
) -> tuple[tuple[Card, ...], tuple[Card, ...], tuple[Card, ...]]:
    """Return the deviations from the documents, the risks, and everything else that is open."""
    failed = {axis: [g for g in groups if g.axis == axis and g.result == "FAIL"] for axis in ("conformance", "posture")}
    rest = [g for g in groups if g.result != "FAIL" or g.axis not in failed]
    return (
        tuple(_card(group, with_places) for group in failed["conformance"]),
        tuple(_card(group, with_places) for group in failed["posture"]),
        tuple(_card(group, with_places) for group in rest),
    )


def _card(group: Group, with_places: bool) -> Card:
    number = len(group.targets)
    return Card(
        anchor=f"g-{group.group[:16]}",
        rule_id=group.rule_id,
        severity=group.severity,
        result=group.result,
        title=group.title,
        short=one_line(group.message, _SHORT),
        message=group.message,
        subject=group.subject,
        places=group.targets[:_PLACES_SHOWN] if with_places else (),
        more=max(0, number - _PLACES_SHOWN),
        words=f"identical deviation in {number} targets" if number > 1 else "in one target",
        waived=group.waived,
        changes=", ".join(f"{number} {delta_words(delta)}" for delta, number in sorted(group.deltas.items())),
    )


def _target(result: TargetResult, groups: Mapping[str, Group]) -> TargetView:
    mine = {deviation.group for deviation in result.deviations}
    rank = {severity.value: n for n, severity in enumerate(SEVERITY_ORDER)}
    found = sorted((groups[one] for one in mine), key=lambda g: (rank[g.severity], g.rule_id, g.group))
    deviations, risks, others = _cards(tuple(found), with_places=False)
    written = {name for name, _ in result.files}
    row = _row(result)
    return TargetView(
        row=row,
        headline=result.headline,
        allows=result.allows,
        advice=result.advice,
        facts=(
            ("Asked for by", result.asked),
            ("Approval", row.approval),
            ("Porter is", result.presence.value),
            ("Documented version", result.documented),
            ("Reading", row.reach),
            ("Exit code", f"{result.exit_code}: {EXIT_WORDS[result.exit_code]}"),
            ("Judged as of", when(result.as_of)),
            ("Run", result.run_id or "none"),
        ),
        points=(result.why,) if result.why else (),
        open_points=tuple((point.what, point.why) for point in result.open_points[:_POINTS_SHOWN]),
        more_points=max(0, len(result.open_points) - _POINTS_SHOWN),
        deviations=deviations,
        risks=risks,
        others=others,
        reports=tuple((name, words) for name, words in _REPORTS if name in written),
        rail=(
            ("open", "Not read or not decided", len(result.open_points)),
            ("deviations", "Not as documented", len(deviations)),
            ("risks", "Documented risks and posture", len(risks)),
            ("others", "Other results", len(others)),
        ),
    )
