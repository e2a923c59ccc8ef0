"""`porter-audit demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scanner.cli import options as shared
from scanner.cli.console import emit, say
from scanner.cli.reporting import Printing, check, deliver, deliver_bundle, deliver_stamp, rule_error_line
from scanner.errors import UsageError


@click.command()
@click.option(
    "--scenario",
    metavar="NAME",
    default="drifted",
    show_default=True,
    help="documented: the account is as documented; drifted: somebody changed it; revoked: the customer left, and "
    "what verify-revoked finds.",
)
@click.option(
    "--cloud",
    type=click.Choice(("aws", "gcp", "azure", "all")),
    help="Which loopback cloud; azure is a subscription with its Entra tenant, all is the three in one report. "
    "Default: aws, and all with --porter-yaml.",
)
@click.option(
    "--porter-yaml",
    metavar="PATH",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A porter.yaml, for example examples/porter.yaml: show each connection of its services as declared, as live, "
    "and the verdict. Repeatable.",
)
@click.option(
    "--nights",
    metavar="N",
    type=click.IntRange(2, 120),
    help="Live through N nights of the cloud instead, and write a history and its period report: drift, a fix, a "
    "waiver that ends, a night that could not read, one without a run. 14 take about 15 s with "
    "aws or all, 3 s with gcp or azure. Exits as `period-report` does.",
)
@click.option("--out", metavar="DIR", default="porter-audit-demo", show_default=True, help="Directory for the reports.")
@shared.baseline_option
@shared.gate_options
@shared.bundle_options
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but the last lines.")
@click.option("--verbose", "-v", is_flag=True, help="Print every finding in full, passes too.")
@click.option("--no-color", is_flag=True, help="Print without colour; NO_COLOR does the same.")
def demo(
    scenario: str,
    cloud: str | None,
    porter_yaml: tuple[Path, ...],
    nights: int | None,
    out: str,
    baseline: str,
    fail_on: str,
    fail_on_posture: str,
    bundle: str | None,
    sign_key: Path | None,
    tsa_url: str | None,
    previous: Path | None,
    quiet: bool,
    verbose: bool,
    no_color: bool,
) -> int:
    """Run the whole product on a loopback cloud; no account and no network is needed.

    An AWS account is written into a server on this machine as Porter and AWS really write it, changed as the
    scenario says, read with the real AWS SDK, and judged. `--cloud gcp` does the same with a project, `--cloud azure`
    with a subscription and its tenant, `--cloud all` with all of them.
    """
    if nights is not None:
        if porter_yaml or previous is not None or tsa_url is not None:
            raise UsageError("--nights goes with --cloud, --out, --baseline, the gates, --bundle full and --sign-key")
        gates = (fail_on, fail_on_posture)
        return _nights(nights, cloud or "aws", Path(out), baseline, gates, bundle, sign_key, quiet=quiet)
    from scanner.app.bundle import plan_bundle
    from scanner.app.demo.show import DemoOptions
    from scanner.app.demo.show import demo as run
    from scanner.app.outputs import FILE_NAMES, Format, plan_outputs, prepare, verdict_text
    from scanner.cli.progress import progress_bar

    cloud = cloud or ("all" if porter_yaml else "aws")
    if porter_yaml and scenario == "revoked":
        raise UsageError("--porter-yaml and the scenario revoked do not go together: what is left is not declared")
    plan = plan_outputs(None, out)
    bundle_plan = plan_bundle(bundle, plan, baseline, sign_key=sign_key, tsa_url=tsa_url, previous=previous)
    prepare(plan)
    printing = check(Printing(quiet=quiet, verbose=verbose, no_color=no_color))
    options = DemoOptions(
        scenario=scenario,
        baseline=baseline,
        cloud=cloud,
        porter_yaml=porter_yaml,
        fail_on=fail_on,
        fail_on_posture=fail_on_posture,
        argv=tuple(sys.argv[1:]),
    )
    say(f"writing a loopback {_WRITTEN[cloud]}: scenario {scenario}")
    with progress_bar(enabled=not quiet) as progress:
        outcome = run(options, progress=progress, on_rule_error=rule_error_line)
    written = deliver(outcome.report, plan, printing)
    made = deliver_bundle(outcome, bundle_plan, printing)
    html = next(path for path in written if path.name == FILE_NAMES[Format.HTML])
    emit(f"\n{verdict_text(outcome.report)}\nReport: {html.resolve()}\n")
    deliver_stamp(made, bundle_plan, printing)
    return outcome.exit_code


def _nights(
    nights: int,
    cloud: str,
    out: Path,
    baseline: str,
    gates: tuple[str, str],
    bundle: str | None,
    sign_key: Path | None,
    *,
    quiet: bool,
) -> int:
    from datetime import UTC, datetime

    from scanner.app.demo.nights import NightsOptions, demo_nights
    from scanner.app.period.report import summary
    from scanner.cli.progress import progress_bar

    if bundle == "shareable":
        raise UsageError("--nights writes full bundles only")
    options = NightsOptions(
        nights=nights,
        out=out,
        baseline=baseline,
        cloud=cloud,
        fail_on=gates[0],
        fail_on_posture=gates[1],
        argv=tuple(sys.argv[1:]),
        bundle=bundle is not None or sign_key is not None,
        sign_key=sign_key,
    )
    say(f"writing a loopback {_WRITTEN[cloud]}, then changing it night by night")

    def tell(line: str) -> None:
        if not quiet:
            emit(f"{line}\n")

    with progress_bar(enabled=not quiet) as progress:
        outcome = demo_nights(
            options, now=datetime.now(UTC), tell=tell, progress=progress, on_rule_error=rule_error_line
        )
    emit("".join(f"{line}\n" for line in summary(outcome.period)))
    emit(f"Period report: {outcome.written[0].resolve()}\n")
    return outcome.exit_code


_WRITTEN = {
    "aws": "AWS account",
    "gcp": "GCP organization with one project",
    "azure": "Azure subscription and tenant",
    "all": "AWS account, GCP project and Azure subscription",
}
