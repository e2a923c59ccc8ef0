"""The report as it is printed: what is not as documented in full, what passed as a table, nothing to click."""

from __future__ import annotations

import msgspec

from scanner.model.finding import Finding
from scanner.model.report import Report
from scanner.render.html.files import Book, Leaf, leaf_of
from scanner.render.html.findings import Writer
from scanner.render.html.page import Frame, render_page
from scanner.render.html.roles import roles
from scanner.render.html.view import links_of, view_of
from scanner.render.text import one_line, shorten, when
from scanner.render.words import Group, groups

IN_FULL = 400
"""Findings printed in full; Chromium takes about a second for eighty pages (OUTPUTS section 5.2)."""
AS_LINES = 4_000
"""Findings beyond those, one line each; the rest is counted, and stands in report.html and findings.csv."""

_TABLE_ONLY = {"passed", "not-applicable"}
_STYLES = ("report/report.css", "print/print.css")


class PrintLine(msgspec.Struct, frozen=True):
    """A finding on one line."""

    status: str
    tone: str
    severity: str
    subject: str
    rule_id: str
    message: str


class PrintView(msgspec.Struct, frozen=True):
    """What the printed report shows beside the page's own view."""

    stamp: str
    leaf: Leaf
    """Findings in full."""
    lines: tuple[PrintLine, ...]
    left_out: int
    in_full: int
    to_print: int


def print_html(report: Report, in_full: int = IN_FULL, as_lines: int = AS_LINES) -> bytes:
    """Return `report` as one HTML page made for paper; same report, same bytes.

    `in_full` findings are printed in full and `as_lines` more on one line each; what is left is counted. Raises
    `RenderError` if the templates that ship with the product cannot be read.
    """
    told = groups(report)
    identities = roles(report)
    links = links_of(report, told, identities, max(1, len(report.findings)))
    shown = _printed(Writer(report, links, lean=True), report, told, in_full, as_lines)
    page = view_of(report, told, identities, links, Book((shown.leaf,)))
    run_id = one_line(report.run.run_id, 60)
    frame = Frame(
        title=f"{page.title}, run {run_id}",
        subtitle=page.subtitle,
        version=page.version,
        about=f"run {run_id}",
        kind="print",
        vendor=page.vendor,
        print_label=f"porter-audit, run {run_id}, {shown.stamp}",
    )
    return render_page("print.html.j2", frame, styles=_STYLES, v=page, p=shown, leaf=shown.leaf, home="")


def _printed(writer: Writer, report: Report, told: tuple[Group, ...], in_full: int, as_lines: int) -> PrintView:
    wanted = [group for group in told if group.slug not in _TABLE_ONLY]
    every = [finding for group in wanted for finding in group.findings]
    beyond = every[in_full:]
    return PrintView(
        stamp=when(report.run.ended),
        leaf=leaf_of(writer, wanted, in_full),
        lines=tuple(_line(finding) for finding in beyond[:as_lines]),
        left_out=max(0, len(beyond) - as_lines),
        in_full=min(in_full, len(every)),
        to_print=len(every),
    )


def _line(finding: Finding) -> PrintLine:
    return PrintLine(
        status=finding.status.replace("_", " "),
        tone="bad" if finding.status == "FAIL" else "open",
        severity=finding.severity.value,
        subject=one_line(finding.subject.name or finding.subject.key, 120),
        rule_id=one_line(finding.rule_id, 60),
        message=shorten(one_line(finding.message), 200),
    )

