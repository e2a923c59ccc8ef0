"""Judge Azure subscriptions by a documented version, live or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from scanner.app.azure_source import AzureOptions, Progress, read_azure
from scanner.app.catalogue import load_catalogue
from scanner.app.gates import exit_code
from scanner.app.params import Parameter
from scanner.app.run_facts import host, new_run_id, now, python_version
from scanner.app.scan import OnRuleError
from scanner.baseline.controls import shipped_controls
from scanner.baseline.load import find, load_aws, load_azure
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.variables_azure import bind_azure
from scanner.collect.exports import read_input
from scanner.collect.installation_key import load_hmac_key
from scanner.engine import RunFacts, evaluate
from scanner.errors import UsageError
from scanner.model.report import Report
from scanner.model.snapshot import Snapshot


class AzureScanOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    baseline: str
    source: Path | None = None
    """A file or directory to judge instead of live subscriptions."""
    azure: AzureOptions = AzureOptions()
    parameters: tuple[Parameter, ...] = ()
    presence: str = "unknown"
    require_live: bool = False
    as_of: datetime | None = None
    fail_on: str = "high"
    fail_on_posture: str = "none"
    allow_incomplete: bool = False
    argv: tuple[str, ...] = ()


class AzureScanOutcome(msgspec.Struct, frozen=True):
    """A report, what the process says with its exit code, and what was read."""

    report: Report
    exit_code: int
    snapshot: Snapshot


def scan_azure(
    options: AzureScanOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> AzureScanOutcome:
    """Judge Azure subscriptions by a documented version. Raises any of the edges' errors."""
    started = now()
    version = find(options.baseline)
    documented = load_azure(version)
    values = {parameter.name: parameter.value for parameter in options.parameters}
    bind_azure(documented, values)
    snapshot = _snapshot(options, values, started, progress)
    report = evaluate(
        snapshot,
        baseline=load_aws(version),
        azure=documented,
        values=values,
        as_of=options.as_of or snapshot.collected_at,
        catalogue=load_catalogue(),
        facts=_facts(options, documented, started),
        require_live=options.require_live,
        on_error=on_rule_error,
        controls=shipped_controls().by_family("azure"),
    )
    code = exit_code(
        report,
        fail_on=options.fail_on,
        fail_on_posture=options.fail_on_posture,
        allow_incomplete=options.allow_incomplete,
    )
    summary = msgspec.structs.replace(report.summary, exit_code=code)
    run = msgspec.structs.replace(report.run, ended=now())
    return AzureScanOutcome(msgspec.structs.replace(report, summary=summary, run=run), code, snapshot)


def _snapshot(
    options: AzureScanOptions, values: Mapping[str, str], started: datetime, progress: Progress | None
) -> Snapshot:
    if options.source is None:
        snapshot = read_azure(options.azure, presence=options.presence, progress=progress)
    else:
        when = options.as_of or started
        snapshot = read_input(options.source, now=when, hmac_key=load_hmac_key(), presence=options.presence)
    read = [scope.id for scope in snapshot.scopes if scope.cloud == "azure" and scope.kind == "subscription"]
    if not any(scope.cloud == "azure" for scope in snapshot.scopes):
        raise UsageError(f"`{options.source}` holds no Azure subscription")
    named = values.get("subscription_id")
    if named is not None and named.lower() not in read:
        raise UsageError(f"parameter `subscription_id` is `{named}`, but what was read is `{', '.join(read)}`")
    return snapshot


def _facts(options: AzureScanOptions, documented: AzureBaseline, started: datetime) -> RunFacts:
    return RunFacts(
        run_id=new_run_id(started),
        started=started,
        ended=now(),
        argv=options.argv,
        host=host(),
        python=python_version(),
        parameters=azure_parameter_words(documented, options.parameters),
    )


_OWN = {"subscription_id": "the audited subscription"}


def azure_parameter_words(documented: AzureBaseline, given: tuple[Parameter, ...]) -> tuple[tuple[str, str], ...]:
    """Return each variable of the Azure part with its value, or where it comes from."""
    by_name = {parameter.name: parameter for parameter in given}
    found = []
    for variable in documented.variables:
        parameter = by_name.get(variable.name)
        default = f"{variable.default} ({variable.source or 'default'})" if variable.default else "not given"
        found.append((variable.name, parameter.shown if parameter else _OWN.get(variable.name, default)))
    return tuple(found)
