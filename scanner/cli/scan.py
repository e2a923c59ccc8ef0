"""`porter-audit scan aws`."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import click
from msgspec.structs import replace

from scanner.cli import options as shared
from scanner.cli.aws import aws_source
from scanner.cli.azure import scan_azure_command
from scanner.cli.console import say
from scanner.cli.exit_codes import table
from scanner.cli.gcp import scan_gcp_command
from scanner.cli.reporting import Printing, check, deliver, deliver_bundle, rule_error_line

_EPILOG = f"""\b
Exit codes, strongest first when several hold (4, 3, 1, 2, 0):
{table()}
"""


@click.group()
def scan() -> None:
    """Judge an account, live or from a file, against a documented version."""


_HELP = """Judge one AWS account: does Porter have only what Porter documents?

\b
Without credentials, from a file that you can read first:
  aws iam get-account-authorization-details > gaad.json
  porter-audit scan aws --from gaad.json
Live, read-only (see `porter-audit permissions aws`):
  porter-audit scan aws --profile audit --out report
"""


@scan.command("aws", help=_HELP, epilog=_EPILOG)
@click.option(
    "--from",
    "source",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Judge a file instead of the live account: a snapshot of `collect`, what "
    "`aws iam get-account-authorization-details` prints (one page or a directory of pages), or, before anything "
    "exists, a CloudFormation template or a Terraform plan as JSON.",
)
@click.option(
    "--template-param",
    "template_params",
    metavar="KEY=VALUE",
    multiple=True,
    help="Value of a template's parameter, or of AWS::Region or AWS::StackName. Also KEY=@FILE and KEY=env:NAME; an "
    "ExternalId only so. Repeatable.",
)
@click.option(
    "--require",
    type=click.Choice(["live"]),
    help="Treat what a file cannot show as not read (exit 2) instead of not asked.",
)
@shared.baseline_option
@shared.param_option
@shared.aws_options
@shared.presence_option
@shared.gate_options
@shared.allow_incomplete_option
@shared.waivers_option
@shared.history_options
@shared.output_options
@shared.bundle_options
@click.option("--as-of", metavar="TIME", type=shared.moment, help="Judge as if it were this time (RFC 3339).")
def aws(
    source: Path | None,
    template_params: tuple[str, ...],
    require: str | None,
    baseline: str,
    params: tuple[str, ...],
    profile: str | None,
    regions: str | None,
    assume_role: str | None,
    assume_external_id: str | None,
    presence: str,
    fail_on: str,
    fail_on_posture: str,
    allow_incomplete: bool,
    waivers: Path | None,
    history: Path | None,
    ratchet: bool,
    out: str | None,
    formats: str | None,
    quiet: bool,
    verbose: bool,
    no_color: bool,
    bundle: str | None,
    sign_key: Path | None,
    previous: Path | None,
    as_of: datetime | None,
) -> int:
    """Judge one AWS account by a documented version and return the exit code."""
    from scanner.app.bundle import plan_bundle
    from scanner.app.outputs import plan_outputs, prepare
    from scanner.app.params import parse_parameters
    from scanner.app.past import chained, compared, past
    from scanner.app.scan import ScanOptions, scan
    from scanner.app.template_params import parse_template_values
    from scanner.app.waivers import read
    from scanner.cli.progress import progress_bar

    printing = check(Printing(quiet=quiet, verbose=verbose, no_color=no_color))
    plan = plan_outputs(formats, out)
    bundled = bundle is not None or sign_key is not None
    chain = chained(previous) if bundled else None
    bundle_plan = plan_bundle(
        bundle,
        plan,
        baseline,
        sign_key=sign_key,
        previous=chain,
        pretended_time=as_of is not None and source is None,
    )
    parsed = ScanOptions(
        baseline=baseline,
        source=source,
        aws=aws_source(profile, regions, assume_role, assume_external_id, file=source),
        parameters=parse_parameters(params, environ=os.environ),
        presence=presence,
        require_live=require == "live",
        as_of=as_of,
        fail_on=fail_on,
        fail_on_posture=fail_on_posture,
        allow_incomplete=allow_incomplete,
        argv=tuple(sys.argv[1:]),
        template_values=parse_template_values(template_params, environ=os.environ),
        waivers=read(waivers),
        ratchet=ratchet,
    )
    prepare(plan)
    with (
        past(history, compared(previous, chain, history), say, ratchet=ratchet) as known,
        progress_bar(enabled=not quiet and source is None) as progress,
    ):
        outcome = scan(replace(parsed, past=known), progress=progress, on_rule_error=rule_error_line)
        deliver(outcome.report, plan, printing)
        deliver_bundle(outcome, bundle_plan, printing)
        # Last, so that a run that dies before its report is whole is not taken for one that was seen.
        return known.keep(outcome.report, ratchet=ratchet)


scan.add_command(scan_gcp_command)
scan.add_command(scan_azure_command)
