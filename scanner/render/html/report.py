"""report.html: one self-contained file that asks nobody for anything, safe with any name the audited cloud may hold."""

from __future__ import annotations

from scanner.model.report import Report
from scanner.render.html.files import LIMIT, MAX_BYTES, Leaf
from scanner.render.html.page import Frame, render_page
from scanner.render.html.view import View, view

_STYLES = ("report/report.css",)
_SCRIPT = "report/report.js"


def render_html(report: Report) -> bytes:
    """Return `report` as one HTML file: no external request, readable without its script; same report, same bytes.

    Of a report that takes several files this is the first, which names the others: see `render_html_files`. Raises
    `RenderError` if the templates that ship with the product cannot be read.
    """
    return next(iter(render_html_files(report).values()))


def render_html_files(report: Report, limit: int = LIMIT, max_bytes: int = MAX_BYTES) -> dict[str, bytes]:
    """Return `report` as files by name: report.html, and report-2.html and so on where findings are too many for one.

    A file holds at most `limit` findings, and fewer where it would be larger than `max_bytes`. Raises `RenderError` as
    `render_html` does.
    """
    files = _files(report, limit)
    while limit > 1 and len(report.findings) > 1 and max(map(len, files.values())) > max_bytes:
        before, limit = files, max(1, min(limit, len(report.findings)) // 2)
        files = _files(report, limit)
        if max(map(len, files.values())) >= max(map(len, before.values())):
            return before
    return files


def _files(report: Report, limit: int) -> dict[str, bytes]:
    page, made = view(report, limit)
    first, *others = made.leaves
    files = {first.name: _render("report.html.j2", page, first, "")}
    for leaf in others:
        files[leaf.name] = _render("report_part.html.j2", page, leaf, first.name)
    return files


def _render(template: str, page: View, leaf: Leaf, home: str) -> bytes:
    frame = Frame(
        title=page.title,
        subtitle=page.subtitle,
        version=page.version,
        about=f"run {page.run_id}",
        kind="many" if page.many else "",
        vendor=page.vendor,
        print_label=f"porter-audit, run {page.run_id}",
    )
    return render_page(template, frame, styles=_STYLES, script=_SCRIPT, v=page, leaf=leaf, home=home)
