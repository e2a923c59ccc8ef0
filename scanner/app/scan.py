"""The main use case: read an account or a file, judge it, and say how it ended. The same for every cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from scanner.app.baselines.versions import chosen_version, other_versions
from scanner.app.catalogue import load_catalogue
from scanner.app.clouds import DEFAULT_LIVE, LiveOptions, check_scope, read_cloud, try_parameters
from scanner.app.declared import declared_units, with_declared
from scanner.app.digests import canonical_digest, controls_file, digest
from scanner.app.gates import GATES, exit_code
from scanner.app.held import read_any
from scanner.app.logs import phase
from scanner.app.params import SENSITIVE, Parameter
from scanner.app.past import MIXED, OWN_HISTORY, Past, settings_of, with_past
from scanner.app.run_facts import as_text, effective_parameters, host, new_run_id, now, python_version
from scanner.app.snapshots import part_of
from scanner.app.sources.aws import Progress
from scanner.assess.delta import comparable
from scanner.assess.revoked import asked_for, of_revocation
from scanner.assess.runner import Terms
from scanner.assess.waive import waive
from scanner.baseline.controls import shipped_controls
from scanner.baseline.union import with_every_name
from scanner.baseline.version import DocumentedVersion
from scanner.collect.installation_key import load_hmac_key
from scanner.engine import RunFacts, evaluate
from scanner.errors import UsageError
from scanner.model.common import check_moments
from scanner.model.config import Days
from scanner.model.history import Previous
from scanner.model.question import Question
from scanner.model.report import Report
from scanner.model.snapshot import Snapshot, SourceKind
from scanner.model.waiver import Waiver
from scanner.render.json_order import ordered


class ScanOptions(msgspec.Struct, frozen=True):
    """Everything the user decided, parsed."""

    baseline: str
    cloud: str = "aws"
    """aws, gcp or azure."""
    source: Path | None = None
    """A file or directory to judge instead of what is live."""
    live: LiveOptions | None = None
    """Whom to read, and as whom; None: what the credentials say."""
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
    secret_expiry_days: tuple[int, int, int] | None = None
    """Days before a secret's end at which a finding is low, medium, high; None: the rules' own."""
    question: Question = Question.DOCUMENTED
    porter_yaml: tuple[Path, ...] = ()
    """What services declare."""


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
    secret_expiry_days: tuple[Days, Days, Days] | None = None
    question: Question = Question.DOCUMENTED

    def __post_init__(self) -> None:
        check_moments(self.as_of)
        if not {self.fail_on, self.fail_on_posture} <= set(GATES):
            raise ValueError("a gate that there is not")


class ScanOutcome(msgspec.Struct, frozen=True):
    """A report, what the process says with its exit code, and all that the report rests on."""

    report: Report
    exit_code: int
    snapshot: Snapshot
    documented: DocumentedVersion
    judging: Judging


OnRuleError = Callable[[str, Exception], None]


def scan(
    options: ScanOptions, *, progress: Progress | None = None, on_rule_error: OnRuleError | None = None
) -> ScanOutcome:
    """Judge what is live, or a file, by a documented version.

    `on_rule_error` is told of each rule that raised. Raises any of the edges' errors.
    """
    started = now()
    documented = chosen_version(options.baseline, (options.cloud,))
    values = {parameter.name: parameter.value for parameter in options.parameters}
    for part in _asked_by(options.question, documented).parts:
        try_parameters(part, values)
    declared = declared_units(options.porter_yaml, documented, options.as_of or started)
    with phase("collect", cloud=options.cloud):
        snapshot = _snapshot(options, values, started, progress)
    check_scope(options.cloud, snapshot, values, f"`{options.source}`" if options.source else "what was read")
    mine = with_declared(part_of(snapshot, options.cloud), declared)
    with phase("judge", cloud=options.cloud):
        return judge(options, mine, documented, started, on_rule_error)


def judge(
    options: ScanOptions,
    snapshot: Snapshot,
    documented: DocumentedVersion,
    started: datetime,
    on_rule_error: OnRuleError | None = None,
) -> ScanOutcome:
    """Judge a snapshot that was read. Without `as_of` the clock of the rules is the time of collection."""
    scopes = [scope.id for scope in snapshot.scopes]
    previous = options.past.previous(scopes) if options.past is not None else None
    if previous is not None and not comparable(previous, planned=snapshot.source is SourceKind.TEMPLATE):
        raise UsageError(MIXED, advice=OWN_HISTORY)
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
        secret_expiry_days=options.secret_expiry_days,
        question=options.question,
    )
    report = judged(snapshot, documented, judging, _facts(options, documented, started), on_rule_error)
    run = msgspec.structs.replace(report.run, ended=now())
    report = msgspec.structs.replace(report, run=run)
    return ScanOutcome(report, report.summary.exit_code, snapshot, documented, judging)


def judged(
    snapshot: Snapshot,
    documented: DocumentedVersion,
    judging: Judging,
    facts: RunFacts,
    on_rule_error: OnRuleError | None = None,
) -> Report:
    """Return the report of a snapshot, with its exit code. The same arguments give the same report."""
    if judging.question is Question.REVOKED:
        return _finished(_revoked(snapshot, documented, judging, facts, on_rule_error), judging)
    report = evaluate(
        snapshot,
        documented=documented,
        terms=_terms(judging, on_rule_error),
        facts=facts,
        other_versions=other_versions(documented),
    )
    return _finished(report, judging)


def _revoked(
    snapshot: Snapshot,
    documented: DocumentedVersion,
    judging: Judging,
    facts: RunFacts,
    on_rule_error: OnRuleError | None,
) -> Report:
    """Return the report on what is left, by the names of every version that ships."""
    from scanner.rules.registry_revoked import REVOKED_RULES

    terms = msgspec.structs.replace(_terms(judging, on_rule_error), rules=REVOKED_RULES)
    named = _asked_by(Question.REVOKED, documented)
    return evaluate(asked_for(snapshot, REVOKED_RULES), documented=named, terms=terms, facts=facts)


def _asked_by(question: Question, documented: DocumentedVersion) -> DocumentedVersion:
    """Return what a question is judged by: what is left may be of any version, whichever was chosen."""
    if question is Question.DOCUMENTED:
        return documented
    return with_every_name(documented, other_versions(documented))


def _terms(judging: Judging, on_rule_error: OnRuleError | None) -> Terms:
    return Terms(
        as_of=judging.as_of,
        catalogue=load_catalogue(),
        values=judging.values,
        settings=settings_of(judging.previous, judging.secret_expiry_days),
        require_live=judging.require_live,
        controls=shipped_controls().by_cloud(),
        on_error=on_rule_error,
    )


def _finished(report: Report, judging: Judging) -> Report:
    """Return a report with waivers and earlier nights applied, its exit code, and the hashes of what decided it."""
    report = with_past(waive(report, judging.waivers, judging.as_of), judging.previous)
    if judging.question is Question.REVOKED:
        report = of_revocation(report)
    code = exit_code(
        report,
        fail_on=judging.fail_on,
        fail_on_posture=judging.fail_on_posture,
        allow_incomplete=judging.allow_incomplete,
        ratchet=judging.ratchet,
        history_lost=judging.history_lost,
    )
    report = msgspec.structs.replace(
        report,
        run=msgspec.structs.replace(report.run, **_digests(judging)),
        summary=msgspec.structs.replace(report.summary, exit_code=code),
    )
    return ordered(report)


def _digests(judging: Judging) -> dict[str, str | None]:
    """Return the hashes of what a report was made with, beside the documented version and the rules."""
    decided = ["values", "require_live", "fail_on", "fail_on_posture", "allow_incomplete", "ratchet"]
    decided += ["question"] if judging.question is not Question.DOCUMENTED else []
    decided += ["secret_expiry_days"] if judging.secret_expiry_days is not None else []
    return {
        "config_digest": canonical_digest({name: getattr(judging, name) for name in decided}),
        "controls_digest": digest(controls_file()),
        "waivers_digest": canonical_digest(judging.waivers) if judging.waivers else None,
    }


def _snapshot(
    options: ScanOptions, values: Mapping[str, str], started: datetime, progress: Progress | None
) -> Snapshot:
    external_id = values.get("external_id")
    if options.source is None:
        if options.template_values:
            raise UsageError("--template-param is for a CloudFormation template given with --from")
        live = options.live or DEFAULT_LIVE[options.cloud]
        return read_cloud(live, external_id=external_id, presence=options.presence, progress=progress)
    return read_any(
        options.source,
        now=options.as_of or started,
        hmac_key=load_hmac_key(),
        expected_external_id=external_id,
        presence=options.presence,
        account_id=values.get("account_id"),
        template_values=options.template_values,
        project_id=values.get("project_id"),
        subscription_id=values.get("subscription_id"),
    )


def _public(parameters: tuple[Parameter, ...]) -> dict[str, str]:
    """Return the values that rules may see: a snapshot holds tokens of ExternalIds, and so must all that is judged."""
    return {parameter.name: parameter.value for parameter in parameters if parameter.name not in SENSITIVE}


def _facts(options: ScanOptions, documented: DocumentedVersion, started: datetime) -> RunFacts:
    return RunFacts(
        run_id=new_run_id(started),
        started=started,
        ended=now(),
        argv=tuple(map(as_text, options.argv)),
        host=host(),
        python=python_version(),
        parameters=effective_parameters(_asked_by(options.question, documented), options.parameters),
    )
