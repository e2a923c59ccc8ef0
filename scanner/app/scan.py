"""The main use case: read an account or a file, judge it, and say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from scanner.app.aws_source import AwsOptions, Progress, read_live
from scanner.app.baseline_versions import other_versions
from scanner.app.catalogue import load_catalogue
from scanner.app.gates import exit_code
from scanner.app.params import SENSITIVE, Parameter
from scanner.app.past import Past, settings_of, with_past
from scanner.app.run_facts import effective_parameters, host, new_run_id, now, python_version
from scanner.assess.waive import waive
from scanner.baseline.controls import shipped_controls
from scanner.baseline.load import find, load_aws
from scanner.baseline.records import AwsBaseline
from scanner.baseline.variables import bind_aws
from scanner.collect.exports import read_input
from scanner.collect.installation_key import load_hmac_key
from scanner.engine import RunFacts, evaluate
from scanner.errors import UsageError
from scanner.model.history import Previous
from scanner.model.report import Report
from scanner.model.snapshot import Snapshot, SourceKind
from scanner.model.waiver import Waiver

# Any twelve digits do: parameters are tried before anything is read, and the account is not known yet.
_ANY_ACCOUNT = "000000000000"


class ScanOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    baseline: str
    source: Path | None = None
    """A file or directory to judge instead of the live account."""
    aws: AwsOptions = AwsOptions()
    parameters: tuple[Parameter, ...] = ()
    presence: str = "unknown"
    require_live: bool = False
    as_of: datetime | None = None
    fail_on: str = "high"
    fail_on_posture: str = "none"
    allow_incomplete: bool = False
    argv: tuple[str, ...] = ()
    template_values: tuple[tuple[str, str], ...] = ()
    """Values of a CloudFormation template's parameters."""
    waivers: tuple[Waiver, ...] = ()
    past: Past | None = None
    """Earlier nights, where somebody asked for them."""
    ratchet: bool = False


class Judging(msgspec.Struct, frozen=True):
    """Everything beside snapshot and documented version that decides a report; a bundle keeps it for the replay."""

    values: dict[str, str]
    """The parameters that rules may see."""
    as_of: datetime
    require_live: bool = False
    fail_on: str = "high"
    fail_on_posture: str = "none"
    allow_incomplete: bool = False
    waivers: tuple[Waiver, ...] = ()
    previous: Previous | None = None
    ratchet: bool = False
    """Only what is new or worse counts against the gates."""
    history_lost: bool = False
    """There should be a history, and it could not be read."""


class ScanOutcome(msgspec.Struct, frozen=True):
    """A report, what the process says with its exit code, and all that the report rests on."""

    report: Report
    exit_code: int
    snapshot: Snapshot
    baseline: AwsBaseline
    judging: Judging


OnRuleError = Callable[[str, Exception], None]


def scan(
    options: ScanOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> ScanOutcome:
    """Judge one AWS account by a documented version.

    `on_rule_error` is told of each rule that raised. Raises any of the edges' errors.
    """
    started = now()
    baseline = load_aws(find(options.baseline))
    values = {parameter.name: parameter.value for parameter in options.parameters}
    bind_aws(baseline, {"account_id": _ANY_ACCOUNT, **values})
    snapshot = _snapshot(options, values, started, progress)
    _same_account(values, snapshot)
    return judge(options, snapshot, baseline, started, on_rule_error)


def judge(
    options: ScanOptions,
    snapshot: Snapshot,
    baseline: AwsBaseline,
    started: datetime,
    on_rule_error: OnRuleError | None = None,
) -> ScanOutcome:
    """Judge a snapshot that was read. Without `as_of` the clock of the rules is the time of collection."""
    scopes = [scope.id for scope in snapshot.scopes]
    previous = options.past.previous(scopes) if options.past is not None else None
    judging = Judging(
        values=_public(options.parameters),
        as_of=options.as_of or snapshot.collected_at,
        require_live=options.require_live,
        fail_on=options.fail_on,
        fail_on_posture=options.fail_on_posture,
        allow_incomplete=options.allow_incomplete,
        waivers=options.waivers,
        previous=previous,
        ratchet=options.ratchet,
        history_lost=options.past is not None and options.past.lost,
    )
    report = judged(snapshot, baseline, judging, _facts(options, baseline, started), on_rule_error)
    run = msgspec.structs.replace(report.run, ended=now())
    report = msgspec.structs.replace(report, run=run)
    return ScanOutcome(report, report.summary.exit_code, snapshot, baseline, judging)


def judged(
    snapshot: Snapshot,
    baseline: AwsBaseline,
    judging: Judging,
    facts: RunFacts,
    on_rule_error: OnRuleError | None = None,
) -> Report:
    """Return the report of a snapshot, with its exit code. The same arguments give the same report."""
    report = evaluate(
        snapshot,
        baseline=baseline,
        values=judging.values,
        as_of=judging.as_of,
        catalogue=load_catalogue(),
        facts=facts,
        settings=settings_of(judging.previous),
        require_live=judging.require_live,
        on_error=on_rule_error,
        other_versions=other_versions(baseline),
        controls=shipped_controls().by_family("aws"),
    )
    report = with_past(waive(report, judging.waivers, judging.as_of), judging.previous)
    code = exit_code(
        report,
        fail_on=judging.fail_on,
        fail_on_posture=judging.fail_on_posture,
        allow_incomplete=judging.allow_incomplete,
        ratchet=judging.ratchet,
        history_lost=judging.history_lost,
    )
    return msgspec.structs.replace(report, summary=msgspec.structs.replace(report.summary, exit_code=code))


def _snapshot(
    options: ScanOptions, values: Mapping[str, str], started: datetime, progress: Progress | None
) -> Snapshot:
    external_id = values.get("external_id")
    if options.source is None:
        if options.template_values:
            raise UsageError("--template-param is for a CloudFormation template given with --from")
        return read_live(options.aws, external_id=external_id, presence=options.presence, progress=progress)
    snapshot = read_input(
        options.source,
        now=options.as_of or started,
        hmac_key=load_hmac_key(),
        expected_external_id=external_id,
        presence=options.presence,
        account_id=values.get("account_id"),
        template_values=options.template_values,
    )
    if not any(scope.cloud == "aws" for scope in snapshot.scopes):
        raise UsageError(f"`{options.source}` holds no AWS account")
    return snapshot


def _same_account(values: Mapping[str, str], snapshot: Snapshot) -> None:
    """Refuse to judge another account than the one the user named."""
    named = values.get("account_id")
    read = [scope.id for scope in snapshot.scopes if scope.cloud == "aws"]
    if named is not None and named not in read:
        raise UsageError(f"parameter `account_id` is `{named}`, but what was read is account `{', '.join(read)}`")


def _public(parameters: tuple[Parameter, ...]) -> dict[str, str]:
    """Return the values that rules may see: a snapshot holds tokens of ExternalIds, and so must all that is judged."""
    return {parameter.name: parameter.value for parameter in parameters if parameter.name not in SENSITIVE}


def _facts(options: ScanOptions, baseline: AwsBaseline, started: datetime) -> RunFacts:
    return RunFacts(
        run_id=new_run_id(started),
        started=started,
        ended=now(),
        argv=options.argv,
        host=host(),
        python=python_version(),
        parameters=effective_parameters(baseline, options.parameters),
    )


def is_live(outcome: ScanOutcome) -> bool:
    """Return whether the report is of a live account."""
    return outcome.report.run.source is SourceKind.LIVE
