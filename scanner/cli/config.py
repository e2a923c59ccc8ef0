"""`porter-audit config lint` and `config schema`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from scanner.cli.console import emit, one_line, say


@click.group()
def config() -> None:
    """Check porter-audit.yaml, or print its JSON Schema."""


_LINT_HELP = """Check a configuration: its form, names, files it points at, and that no secret stands in it.

\b
A file:
  schema: porter-audit/config/v1
  defaults:
    documented: porter@2026-05
    parameters: {external_id: env:PORTER_EXTERNAL_ID}   # or @FILE; never the value itself
  targets:
    - {cloud: aws, account: "111122223333", presence: expected}
    - cloud: aws                                        # every active account of an organization
      organization: o-exampleorg1
      role: arn:aws:iam::{account_id}:role/porter-audit
      external_id: env:AUDIT_EXTERNAL_ID
    - {cloud: gcp, folder: "424242"}
    - {cloud: azure, management_group: platform}
  thresholds: {fail_on: high}
  waivers: waivers.yaml
  outputs: {directory: out, formats: [html, json]}
  history: history.db
`config schema` has every key.

\b
Exit codes:
  0  the file can be used
  3  it cannot; every problem is printed with its line
"""


@config.command("lint", help=_LINT_HELP)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
def lint(file: Path) -> int:
    """Print every problem, or what the file asks for, and return the exit code."""
    from scanner.app.config.read import lint_config
    from scanner.app.config.words import summary
    from scanner.app.exit_codes import CLEAN, USAGE

    found = lint_config(file, os.environ)
    if found.config is None:
        emit("".join(one_line(f"{file.name}: {problem}") + "\n" for problem in found.problems))
        say(f"{len(found.problems)} problem{'s' if len(found.problems) > 1 else ''}")
        return USAGE
    emit("".join(one_line(line) + "\n" for line in summary(found)))
    return CLEAN


@config.command("schema")
def schema() -> None:
    """Print the JSON Schema of porter-audit.yaml, for editors and other checkers."""
    from scanner.app.config.read import config_schema

    emit(config_schema())
