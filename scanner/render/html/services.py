"""What services declare, for the HTML report: a row per connection with links to the findings it rests on."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from scanner.model.report import Report
from scanner.render.html.findings import Links
from scanner.render.service_words import ServiceLine, service_lines, service_totals
from scanner.render.words import cloud_name

_LINKS_SHOWN = 4


class ServiceRow(msgspec.Struct, frozen=True):
    """A connection and where its findings stand."""

    line: ServiceLine
    cloud: str
    links: tuple[tuple[str, str], ...]
    """Where, and the rule that says so; worst first."""


class Services(msgspec.Struct, frozen=True):
    """The section."""

    totals: str
    rows: tuple[ServiceRow, ...]


def services(report: Report, links: Links) -> Services | None:
    """Return the section, or None where no porter.yaml was given."""
    if not report.services:
        return None
    told = {f.finding_id: (links.hrefs[id(f)], f.rule_id) for f in report.findings if id(f) in links.hrefs}
    rows = tuple(
        ServiceRow(
            line=line,
            cloud="" if review.cloud in ("", "none") else cloud_name(review.cloud),
            links=_links(told[name] for name in review.findings if name in told),
        )
        for review, line in zip(report.services, service_lines(report), strict=True)
    )
    return Services(service_totals(report), rows)


def _links(found: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the first links, the worst one of each rule."""
    first: dict[str, str] = {}
    for href, rule in found:
        first.setdefault(rule, href)
    return tuple((href, rule) for rule, href in first.items())[:_LINKS_SHOWN]
