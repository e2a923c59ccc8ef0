"""The whole product in one readable page: a snapshot and a documented version in, a report out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from scanner import __version__
from scanner.access.catalogue import Catalogue
from scanner.assess.findings import Frame, admissible, duplicates, error_outcome, not_in_input, to_finding
from scanner.assess.identity import sha256_of
from scanner.assess.populations import aws_populations, aws_tie_outs
from scanner.assess.reviews import aws_reviews
from scanner.assess.units import basis_of
from scanner.assess.verdict import summary, verdict
from scanner.baseline.records import AwsBaseline
from scanner.baseline.variables import bind_aws
from scanner.errors import DisagreementError
from scanner.model.finding import Axis, Finding, Outcome, Result
from scanner.model.inventory import AwsAccount, Inventory
from scanner.model.report import REPORT_SCHEMA, SCHEMA_VERSION, Population, Report, RoleReview, Run, TieOut
from scanner.model.snapshot import Snapshot, SourceKind, Unit
from scanner.normalize.inventory import normalize
from scanner.rules.base import Rule, RuleContext, Settings
from scanner.rules.context import build_context
from scanner.rules.registry import ALL_RULES


class RunFacts(msgspec.Struct, frozen=True):
    """What only the caller knows of a run; it says who ran what, and never changes a result."""

    run_id: str
    started: datetime
    ended: datetime
    argv: tuple[str, ...] = ()
    host: str | None = None
    python: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


class ScopeResult(msgspec.Struct, frozen=True):
    """What one account, project or subscription came to."""

    findings: tuple[Finding, ...]
    reviews: tuple[RoleReview, ...]
    populations: tuple[Population, ...]
    tie_outs: tuple[TieOut, ...]
    errors: tuple[str, ...]


def evaluate(
    snapshot: Snapshot,
    *,
    baseline: AwsBaseline,
    values: Mapping[str, str],
    as_of: datetime,
    catalogue: Catalogue,
    facts: RunFacts,
    settings: Settings | None = None,
    require_live: bool = False,
    rules: Sequence[Rule] = ALL_RULES,
    on_error: Callable[[str, Exception], None] | None = None,
) -> Report:
    """Judge a snapshot by a documented version. Pure but for `on_error`, which is told of every rule that raised.

    `values` are the documented version's parameters. Raises `InputError`, `BaselineError`; `DisagreementError` if the
    two evaluators differ.
    """
    inventory = normalize(snapshot)
    units = tuple(msgspec.structs.replace(u, pages=()) for u in snapshot.units)
    results = [
        evaluate_aws(
            account,
            inventory,
            baseline,
            values,
            settings or Settings(),
            as_of,
            catalogue,
            rules,
            require_live,
            on_error,
        )
        for account in inventory.aws
    ]
    findings = tuple(f for r in results for f in r.findings)
    reviews = tuple(_with_risks(review, findings) for r in results for review in r.reviews)
    return Report(
        schema=REPORT_SCHEMA,
        schema_version=SCHEMA_VERSION,
        run=_run(snapshot, baseline, as_of, catalogue, facts, rules),
        verdict=verdict(findings, reviews, units, snapshot.source),
        summary=summary(findings, units, len(rules)),
        scopes=snapshot.scopes,
        units=units,
        calls=snapshot.calls,
        populations=tuple(p for r in results for p in r.populations),
        tie_outs=tuple(t for r in results for t in r.tie_outs),
        reviews=reviews,
        findings=findings,
        baseline_documents=tuple(msgspec.to_builtins(d) for d in baseline.documents),
        errors=tuple(e for r in results for e in r.errors),
    )


def evaluate_aws(
    account: AwsAccount,
    inventory: Inventory,
    baseline: AwsBaseline,
    values: Mapping[str, str],
    settings: Settings,
    as_of: datetime,
    catalogue: Catalogue,
    rules: Sequence[Rule],
    require_live: bool,
    on_error: Callable[[str, Exception], None] | None,
) -> ScopeResult:
    """Run every AWS rule on one account."""
    bound = bind_aws(baseline, {**values, "account_id": account.account_id}, partition=account.partition)
    context = build_context(account, inventory, bound, settings, as_of, catalogue)
    mine = [u for u in inventory.units if u.scope_id == account.account_id]
    findings: list[Finding] = []
    errors: list[str] = []
    for rule in rules:
        if rule.cloud == "aws":
            found = run_rule(rule, context, mine, baseline.id, require_live, on_error)
            findings += found
            errors += [f.message for f in found if f.result is Result.ERROR]
    return ScopeResult(
        findings=tuple(findings),
        reviews=aws_reviews(context),
        populations=aws_populations(account, (r.arn for r in context.porter_roles)),
        tie_outs=aws_tie_outs(account),
        errors=tuple(errors),
    )


def run_rule(
    rule: Rule,
    context: RuleContext,
    units: Sequence[Unit],
    baseline_id: str,
    require_live: bool,
    on_error: Callable[[str, Exception], None] | None,
) -> list[Finding]:
    """Return a rule's findings. A rule that raises, yields nothing or repeats itself is an ERROR, never silence."""
    source = context.inventory.source
    basis = basis_of(rule.requires, rule.supplementary, units, source)
    frame = Frame(rule, context.account.scope, basis, baseline_id, context.as_of, require_live)
    if basis.not_in_input:
        return [to_finding(not_in_input(frame), frame)]
    try:
        outcomes = list(_outcomes(rule, context))
        findings = [to_finding(admissible(o, frame), frame) for o in outcomes]
        if twice := duplicates(findings):
            raise AssertionError(f"yields {', '.join(twice)} twice")
    except DisagreementError:
        raise
    except Exception as error:
        if on_error:
            on_error(rule.id, error)
        return [to_finding(error_outcome(frame, error), frame)]
    return findings


def _outcomes(rule: Rule, context: RuleContext) -> Iterator[Outcome]:
    empty = True
    for outcome in rule.check(context):
        empty = False
        yield outcome
    if empty:
        raise AssertionError("yields no outcome")


def _with_risks(review: RoleReview, findings: Sequence[Finding]) -> RoleReview:
    risks = sum(
        f.axis is Axis.POSTURE and f.result is Result.FAIL and review.arn is not None and f.subject.key == review.arn
        for f in findings
    )
    return msgspec.structs.replace(review, documented_risks=risks)


def _run(
    snapshot: Snapshot,
    baseline: AwsBaseline,
    as_of: datetime,
    catalogue: Catalogue,
    facts: RunFacts,
    rules: Sequence[Rule],
) -> Run:
    return Run(
        run_id=facts.run_id,
        started=facts.started,
        ended=facts.ended,
        as_of=as_of,
        collected_at=snapshot.collected_at,
        tool_version=__version__,
        source=snapshot.source,
        baseline_id=baseline.id,
        baseline_digest=baseline.digest,
        rules_digest=sha256_of([[r.id, r.version, r.title, r.severity, r.axis] for r in rules]),
        catalogue=catalogue.name,
        callers=snapshot.callers,
        parameters=facts.parameters,
        sdk_versions=snapshot.sdk_versions,
        python=facts.python,
        argv=facts.argv,
        host=facts.host,
        planned=snapshot.source is SourceKind.TEMPLATE,
    )
