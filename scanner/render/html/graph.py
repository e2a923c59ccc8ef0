"""The trust graph: who can become which identity, and what it reaches, one figure and one table per scope."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import msgspec

from scanner.model.finding import Finding
from scanner.model.report import Report, RoleReview
from scanner.render.html.graph_aws import aws_beside, aws_in, aws_out, vendor_accounts
from scanner.render.html.graph_azure import azure_ways
from scanner.render.html.graph_gcp import gcp_in, gcp_out
from scanner.render.html.graph_layout import Figure, layout
from scanner.render.html.graph_ways import POWERS, RANK, End, Way, powers
from scanner.render.text import count, one_line
from scanner.render.words import cloud_name, reviews_in_order

DRAWN = 80
"""Identities drawn in one figure; the table always holds every one."""


class Line(msgspec.Struct, frozen=True):
    """One row of the table: the same way in words."""

    start: End
    end: End
    tone: str
    word: str
    how: str


class Graph(msgspec.Struct, frozen=True):
    """One scope."""

    anchor: str
    title: str
    figure: Figure
    lines: tuple[Line, ...]
    left_out: str
    deviations: int


_WORDS = {
    "documented": "documented",
    "risk": "documented risk",
    "excess": "more than documented",
    "undocumented": "not documented",
    "unread": "not read or not proven",
}


def graphs(report: Report, anchors: dict[str, str]) -> tuple[Graph, ...]:
    """Return a graph for each scope that has an identity; `anchors` are those of identities by ARN or name."""
    by_scope: dict[tuple[str, str], list[RoleReview]] = {}
    for review in reviews_in_order(report):
        if review.present:
            by_scope.setdefault((review.cloud, review.scope_id), []).append(review)
    made: list[Graph] = []
    for cloud, scope_id in sorted(by_scope):
        graph = _graph(report, cloud, scope_id, by_scope[cloud, scope_id], anchors, len(made) + 1)
        if graph is not None:
            made.append(graph)
    return tuple(made)


def _graph(
    report: Report, cloud: str, scope_id: str, reviews: Sequence[RoleReview], anchors: dict[str, str], number: int
) -> Graph | None:
    middle, ways = _ways(report, cloud, scope_id, reviews)
    if not ways:
        return None
    shown = list(middle)[:DRAWN]
    drawn = [way for way in ways if way.start in shown or way.end in shown]
    links = {end: anchors[key] for end, key in middle.items() if key in anchors}
    hidden = len(middle) - len(shown)
    name = next((s.name for s in report.scopes if s.cloud == cloud and s.id == scope_id and s.name), None)
    title = f"{cloud_name(one_line(cloud, 40))} {one_line(scope_id, 80)}" + (f" ({one_line(name, 80)})" if name else "")
    return Graph(
        anchor=f"graph-{number}",
        title=title,
        figure=layout(shown, drawn, links),
        lines=tuple(Line(w.start, w.end, w.tone, _WORDS[w.tone], w.how) for w in _told(ways, middle)),
        left_out=f"{count(hidden, 'more identity', 'more identities')} in the table only" if hidden else "",
        deviations=sum(way.tone in {"excess", "undocumented"} for way in ways),
    )


def _ways(
    report: Report, cloud: str, scope_id: str, reviews: Sequence[RoleReview]
) -> tuple[dict[End, str], list[Way]]:
    """Return the identities in the middle, each with its key, and every way, the worst of those with equal ends."""
    match cloud:
        case "aws":
            middle, found = _aws(report, scope_id, reviews)
        case "azure":
            middle, found = _azure(report, scope_id, reviews)
        case _:
            middle, found = _other(report, reviews)
    return middle, _worst(found)


def _aws(report: Report, scope_id: str, reviews: Sequence[RoleReview]) -> tuple[dict[End, str], list[Way]]:
    middle = _identities(reviews, "role")
    telling, vendor = _telling(report), vendor_accounts(report)
    found: list[Way] = []
    for review, identity in zip(reviews, middle, strict=True):
        found += (*aws_in(review, identity, vendor), *aws_out(review, identity))
        found += powers(telling, review.arn or "", identity)
    beside = list(aws_beside(report.findings, scope_id, {key: end for end, key in middle.items()}))
    return middle | {way.start: "" for way in beside if way.start.detail == "IAM user"}, [*found, *beside]


def _azure(report: Report, scope_id: str, reviews: Sequence[RoleReview]) -> tuple[dict[End, str], list[Way]]:
    found = list(azure_ways(scope_id, reviews, report.findings))
    ends = [end for way in found for end in (way.start, way.end)]
    middle = {end: "" for end in ends if end.detail == "principal"}
    for finding in _telling(report):
        who = End(one_line(finding.subject.name or finding.subject.key, 160), "principal")
        if finding.cloud == "azure" and finding.scope.id == scope_id and who in middle:
            found += powers([finding], finding.subject.key, who)
    return middle, found


def _other(report: Report, reviews: Sequence[RoleReview]) -> tuple[dict[End, str], list[Way]]:
    """Return a project's; a cloud that this version does not know is read the same way, and is then not read."""
    middle = _identities(reviews, "service account" if all(r.cloud == "gcp" for r in reviews) else "identity")
    telling = _telling(report)
    found: list[Way] = []
    for review, identity in zip(reviews, middle, strict=True):
        found += (*gcp_in(review, report.findings, identity), *gcp_out(review, identity))
        found += powers(telling, review.arn or "", identity)
    return middle, found


def _telling(report: Report) -> list[Finding]:
    """Return the findings that say where an identity gets."""
    return [finding for finding in report.findings if finding.rule_id in POWERS]


def _identities(reviews: Sequence[RoleReview], kind: str) -> dict[End, str]:
    """Return a box for each review, in order, with the key of its identity; no two boxes are alike."""
    made: dict[End, str] = {}
    for review in reviews:
        name, key = one_line(review.name, 160) or "(no name)", review.arn or review.name
        details = itertools.chain((kind, one_line(key, 160)), (f"{kind} {number}" for number in itertools.count(2)))
        made[next(end for detail in details if (end := End(name, detail)) not in made)] = key
    return made


def _worst(ways: Iterable[Way]) -> list[Way]:
    """Return one way between two ends: the worst, with what every one of them says."""
    joined: dict[tuple[End, End], Way] = {}
    for way in ways:
        before = joined.get((way.start, way.end))
        if before is None:
            joined[way.start, way.end] = way
            continue
        worse = way if RANK[way.tone] > RANK[before.tone] else before
        how = before.how if way.how in before.how else one_line(f"{before.how}; {way.how}", 400)
        joined[way.start, way.end] = msgspec.structs.replace(worse, how=how)
    return list(joined.values())


def _told(ways: Sequence[Way], middle: dict[End, str]) -> list[Way]:
    """Return ways by identity, in its order: who comes in first, then what it reaches."""
    place = {end: number for number, end in enumerate(middle)}

    def key(way: Way) -> tuple[int, bool, int, str, str]:
        inward = way.end in place
        at = place.get(way.end if inward else way.start, 0)
        return at, not inward, -RANK[way.tone], way.start.label, way.end.label

    return sorted(ways, key=key)
