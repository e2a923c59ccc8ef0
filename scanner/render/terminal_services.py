"""What services declare, on a terminal: each connection with what is declared, what is live and the verdict."""

from __future__ import annotations

from scanner.model.report import Report
from scanner.render.service_words import service_lines, service_totals
from scanner.render.terminal_layout import Page


def add_services(page: Page, report: Report) -> None:
    """Add a section on declared services; nothing where no porter.yaml was given."""
    if not report.services:
        return
    page.heading("Services", service_totals(report), "head")
    for line in service_lines(report):
        lead = f"{line.sign} {line.who} {line.type}"
        page.item(lead, line.verdict, lead_style=line.tone if line.tone != "none" else "dim", style="strong")
        page.labelled("Declared", f"{line.declared} ({line.where})", indent=4)
        for number, text in enumerate(line.live or (line.nothing,)):
            page.labelled("Live" if number == 0 else "", text, indent=4)
        for number, text in enumerate(line.reasons):
            page.labelled("Because" if number == 0 else "", text, indent=4)
        if line.more:
            page.labelled("", f"and {line.more} more", indent=4, style="dim")
