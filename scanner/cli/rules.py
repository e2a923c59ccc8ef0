"""`porter-audit rules list|show`."""

from __future__ import annotations

import click

from scanner.cli.console import emit


@click.group()
def rules() -> None:
    """List the rules, or show a rule's own page."""


@rules.command("list")
@click.option("--format", "as_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(as_format: str) -> None:
    """List every rule with its axis, its severity and the state it asks for."""
    from scanner.app.rule_pages import list_rules, rules_json

    if as_format == "json":
        emit(rules_json())
        return
    lines = list_rules()
    wide = max(len(line.id) for line in lines)
    emit("".join(f"{line.id:<{wide}}  {line.axis:<11}  {line.severity:<8}  {line.title}\n" for line in lines))


@rules.command()
@click.argument("rule", metavar="RULE")
def show(rule: str) -> None:
    """Show a rule's page: what it checks, why it matters, remediation, limits, references."""
    from scanner.app.rule_pages import rule_page

    emit(rule_page(rule))
