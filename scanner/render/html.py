"""report.html: one self-contained file that asks nobody for anything, safe with any name the audited cloud may hold."""

from __future__ import annotations

from scanner.model.report import Report
from scanner.render.html_page import Frame, render_page
from scanner.render.html_view import View, view

_STYLES = ("report/report.css",)
_SCRIPT = "report/report.js"


def render_html(report: Report) -> bytes:
    """Return `report` as one HTML file: no external request, readable without its script; same report, same bytes.

    Raises `RenderError` if the templates that ship with the product cannot be read.
    """
    page = view(report)
    return render_page("report.html.j2", _frame(page), styles=_STYLES, script=_SCRIPT, v=page)


def _frame(page: View) -> Frame:
    return Frame(
        title=page.title,
        subtitle=page.subtitle,
        version=page.version,
        about=f"run {page.run_id}",
        kind="many" if page.many else "",
        print_label=f"porter-audit, run {page.run_id}",
    )
