"""`porter-audit verify-revoked aws|gcp|azure`."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from scanner.app.gates import GATES
from scanner.cli import options as shared
from scanner.cli.aws import aws_source
from scanner.cli.azure import azure_options, azure_source
from scanner.cli.gcp import gcp_options, gcp_source
from scanner.cli.reporting import Printing, check, deliver, deliver_bundle, deliver_stamp, rule_error_line

if TYPE_CHECKING:
    from scanner.app.clouds import LiveOptions

_EXIT_CODES = """\b
Exit codes, strongest first when several hold (4, 3, 1, 2, 0):
  0  nothing of Porter is left, and everything needed to say so was read
  1  something is left; each finding has the commands that remove it
  2  not proven: something was not read, or only a person can tell whose it is
  3  usage or configuration
  4  internal error or a rule's ERROR
"""
_FROM = """Judge a file instead of what is live: a snapshot of `collect` or an evidence bundle. What another export does
not carry is not proven to be gone."""


class RevokedArguments(TypedDict):
    """What `_asked_options` and `_outcome_options` give a command."""

    source: Path | None
    baseline: str
    params: tuple[str, ...]
    fail_on: str
    allow_incomplete: bool
    waivers: Path | None
    out: str | None
    formats: str | None
    quiet: bool
    verbose: bool
    no_color: bool
    bundle: str | None
    sign_key: Path | None
    tsa_url: str | None
    previous: Path | None
    as_of: datetime | None


_asked_options = shared.stack(
    shared.source_option(_FROM),
    shared.baseline_option,
    shared.param_option,
)
_outcome_options = shared.stack(
    click.option(
        "--fail-on",
        type=click.Choice(GATES),
        default="low",
        show_default=True,
        help="Exit 1 at what is left of this severity or above.",
    ),
    shared.allow_incomplete_option,
    shared.waivers_option,
    shared.output_options,
    shared.bundle_options,
    click.option("--as-of", metavar="TIME", type=shared.moment, help="Judge as if it were this time (RFC 3339)."),
)


@click.group("verify-revoked")
def verify_revoked() -> None:
    """Say, after off-boarding, whether nothing of Porter is left, or exactly what is.

    Deleting the stack, the service account or the app registration does not remove everything. Roles that still admit
    Porter are found whatever they are called; names of every documented version count. The same calls are sent as for
    a scan, all of them read-only.
    """


@verify_revoked.command("aws", epilog=_EXIT_CODES)
@_asked_options
@shared.aws_options
@_outcome_options
def aws(
    profile: str | None,
    regions: str | None,
    assume_role: str | None,
    assume_external_id: str | None,
    **given: Unpack[RevokedArguments],
) -> int:
    """Say whether nothing of Porter is left in an AWS account.

    Looked at: trust in Porter's accounts, roles, policies, instance profiles, identity providers, users, the stack,
    clusters and Pod Identity associations.
    """
    return _run("aws", aws_source(profile, regions, assume_role, assume_external_id, file=given["source"]), given)


@verify_revoked.command("gcp", epilog=_EXIT_CODES)
@_asked_options
@gcp_options
@_outcome_options
def gcp(
    projects: tuple[str, ...],
    folder: str | None,
    organization: str | None,
    impersonate: str | None,
    quota_project: str | None,
    **given: Unpack[RevokedArguments],
) -> int:
    """Say whether nothing of Porter is left in GCP projects.

    Looked at: service accounts, keys, bindings up to the organization, workload identity pools and custom roles,
    deleted ones too.
    """
    live = gcp_source(projects, folder, organization, impersonate, quota_project, file=given["source"])
    return _run("gcp", live, given)


@verify_revoked.command("azure", epilog=_EXIT_CODES)
@_asked_options
@azure_options
@_outcome_options
def azure(
    subscriptions: tuple[str, ...],
    management_group: str | None,
    tenant: str | None,
    azure_cloud: str | None,
    **given: Unpack[RevokedArguments],
) -> int:
    """Say whether nothing of Porter is left in Azure subscriptions and their tenant.

    Looked at: app registrations, service principals, deleted items, role assignments and definitions, delegations
    and managed identities.
    """
    live = azure_source(subscriptions, management_group, tenant, azure_cloud, file=given["source"])
    return _run("azure", live, given)


def _run(cloud: str, live: LiveOptions, given: RevokedArguments) -> int:
    """Read, judge, print and write; return the exit code. Raises any of the edges' errors."""
    from scanner.app.bundle import plan_bundle
    from scanner.app.outputs import plan_outputs, prepare
    from scanner.app.params import parse_parameters
    from scanner.app.past import chained
    from scanner.app.scan import ScanOptions
    from scanner.app.verify_revoked import verify_revoked as verify
    from scanner.app.waivers import read
    from scanner.cli.progress import progress_bar

    source, quiet = given["source"], given["quiet"]
    printing = check(Printing(quiet=quiet, verbose=given["verbose"], no_color=given["no_color"]))
    plan = plan_outputs(given["formats"], given["out"])
    bundle_plan = plan_bundle(
        given["bundle"],
        plan,
        given["baseline"],
        sign_key=given["sign_key"],
        previous=chained(given["previous"]),
        tsa_url=given["tsa_url"],
        pretended_time=given["as_of"] is not None and source is None,
    )
    asked = ScanOptions(
        baseline=given["baseline"],
        cloud=cloud,
        source=source,
        live=live,
        parameters=parse_parameters(given["params"], environ=os.environ),
        as_of=given["as_of"],
        fail_on=given["fail_on"],
        allow_incomplete=given["allow_incomplete"],
        argv=tuple(sys.argv[1:]),
        waivers=read(given["waivers"]),
    )
    prepare(plan)
    with progress_bar(enabled=not quiet and source is None) as progress:
        outcome = verify(asked, progress=progress, on_rule_error=rule_error_line)
    deliver(outcome.report, plan, printing)
    bundle = deliver_bundle(outcome, bundle_plan, printing)
    deliver_stamp(bundle, bundle_plan, printing)
    return outcome.exit_code
