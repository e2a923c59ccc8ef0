"""`porter-audit can`."""

from __future__ import annotations

from pathlib import Path

import click

from scanner.cli.console import emit
from scanner.cli.options import source_option
from scanner.errors import UsageError


def _context(pairs: tuple[str, ...]) -> dict[str, list[str]]:
    """Return `key=value` options as a context; a key given again has several values."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"context `{pair}` is not key=value")
        found.setdefault(key, []).append(value)
    return found


@click.command()
@click.argument("identity")
@click.argument("action")
@click.argument("resource")
@source_option(
    "A snapshot, an evidence bundle, or what the cloud's own command line prints (aws, gcloud, az).", required=True
)
@click.option("--context", metavar="KEY=VALUE", multiple=True, help="A condition key of the request. Repeatable.")
@click.option("--format", "as_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def can(identity: str, action: str, resource: str, source: Path, context: tuple[str, ...], as_format: str) -> int:
    """Decide whether IDENTITY may do ACTION on RESOURCE.

    AWS: name or ARN of a role or user, an action, an ARN. GCP: service account or other member, a permission, a full
    resource name. Azure: name or id of a service principal, an operation, a scope. The answer names the layers and
    statements that decided.

    Exit 0: allowed; 1: denied; 2: not decided.
    """
    from scanner.app.can.aws import as_json, as_text
    from scanner.app.can.aws import can as decide
    from scanner.app.run_facts import now

    outcome = decide(source, identity, action, resource, _context(context), now=now())
    emit(as_json(outcome) if as_format == "json" else as_text(outcome))
    return outcome.exit_code
