"""What `scan aws`, `scan gcp` and `scan azure` have in common: options, and the run itself."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click
from msgspec.structs import replace

from scanner.cli import options as shared
from scanner.cli.config_option import config_option, secret_expiry_days
from scanner.cli.console import say
from scanner.cli.exit_codes import table
from scanner.cli.reporting import Printing, check, deliver, deliver_bundle, deliver_stamp, rule_error_line

if TYPE_CHECKING:
    from scanner.app.clouds import LiveOptions

EXIT_CODES = f"""\b
Exit codes, strongest first when several hold (4, 3, 1, 2, 0):
{table()}
"""

porter_yaml_option = click.option(
    "--porter-yaml",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A porter.yaml: hold the roles and identities its services declare against what is live. Repeatable.",
)

judged_by_options = shared.stack(
    click.option(
        "--require",
        type=click.Choice(["live"]),
        help="Treat what a file cannot show as not read (exit 2) instead of not asked.",
    ),
    config_option,
    shared.baseline_option,
    shared.param_option,
    porter_yaml_option,
)

outcome_options = shared.stack(
    shared.presence_option,
    shared.gate_options,
    shared.allow_incomplete_option,
    shared.waivers_option,
    shared.history_options,
    shared.output_options,
    shared.bundle_options,
    click.option("--as-of", metavar="TIME", type=shared.moment, help="Judge as if it were this time (RFC 3339)."),
    click.option(
        "--metrics",
        metavar="FILE.prom",
        type=click.Path(path_type=Path),
        help="Also write metrics for Prometheus' textfile collector.",
    ),
)


class ScanArguments(TypedDict):
    """What `--from`, `judged_by_options` and `outcome_options` give a command."""

    source: Path | None
    require: str | None
    baseline: str
    params: tuple[str, ...]
    porter_yaml: tuple[Path, ...]
    presence: str
    fail_on: str
    fail_on_posture: str
    allow_incomplete: bool
    waivers: Path | None
    history: Path | None
    ratchet: bool
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
    metrics: Path | None


def run_scan(
    cloud: str, live: LiveOptions, given: ScanArguments, *, template_params: tuple[str, ...] = ()
) -> int:
    """Read, judge, print, write and remember; return the exit code. Raises any of the edges' errors."""
    from scanner.app.bundle import plan_bundle
    from scanner.app.logs import phase, report_events
    from scanner.app.metrics import metrics, write_metrics
    from scanner.app.outputs import plan_outputs, prepare
    from scanner.app.params import parse_parameters
    from scanner.app.past import chained, compared, past
    from scanner.app.scan import ScanOptions, scan
    from scanner.app.template_params import parse_template_values
    from scanner.app.waivers import read
    from scanner.cli.progress import progress_bar

    source, quiet, ratchet = given["source"], given["quiet"], given["ratchet"]
    printing = check(Printing(quiet=quiet, verbose=given["verbose"], no_color=given["no_color"]))
    plan = plan_outputs(given["formats"], given["out"])
    bundled = given["bundle"] is not None or given["sign_key"] is not None
    chain = chained(given["previous"]) if bundled else None
    bundle_plan = plan_bundle(
        given["bundle"],
        plan,
        given["baseline"],
        sign_key=given["sign_key"],
        previous=chain,
        tsa_url=given["tsa_url"],
        pretended_time=given["as_of"] is not None and source is None,
    )
    asked = ScanOptions(
        baseline=given["baseline"],
        cloud=cloud,
        source=source,
        live=live,
        parameters=parse_parameters(given["params"], environ=os.environ),
        presence=given["presence"],
        require_live=given["require"] == "live",
        as_of=given["as_of"],
        fail_on=given["fail_on"],
        fail_on_posture=given["fail_on_posture"],
        allow_incomplete=given["allow_incomplete"],
        argv=tuple(sys.argv[1:]),
        template_values=parse_template_values(template_params, environ=os.environ),
        waivers=read(given["waivers"]),
        ratchet=ratchet,
        porter_yaml=given["porter_yaml"],
        secret_expiry_days=secret_expiry_days(),
    )
    prepare(plan)
    earlier = compared(given["previous"], chain, given["history"])
    with (
        metrics(given["metrics"]),
        past(given["history"], earlier, say, ratchet=ratchet) as known,
        progress_bar(enabled=not quiet and source is None) as progress,
    ):
        outcome = scan(replace(asked, past=known), progress=progress, on_rule_error=rule_error_line)
        report_events(outcome.report)
        with phase("write"):
            deliver(outcome.report, plan, printing)
            bundle = deliver_bundle(outcome, bundle_plan, printing)
        # Now, so that a run that dies before its report is whole is not taken for one that was seen.
        with phase("remember"):
            code = known.keep(outcome.report, ratchet=ratchet)
        write_metrics(given["metrics"], outcome.report, code)
    # Last, so that nothing is lost where no authority answers.
    deliver_stamp(bundle, bundle_plan, printing)
    return code
