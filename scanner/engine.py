"""The whole product in one readable page: a snapshot and a documented version in, a report out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from scanner import __version__
from scanner.access.catalogue import Catalogue
from scanner.assess.identity import sha256_of
from scanner.assess.runner import NO_CONTROLS, Controls, OnError, ScopeResult
from scanner.assess.verdict import summary, verdict
from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.engine_aws import evaluate_aws
from scanner.errors import BaselineError
from scanner.model.finding import Axis, Finding, Result
from scanner.model.inventory import Inventory
from scanner.model.report import REPORT_SCHEMA, SCHEMA_VERSION, Report, RoleReview, Run
from scanner.model.snapshot import Snapshot, SourceKind
from scanner.normalize.inventory import normalize
from scanner.rules.base import Rule, Settings
from scanner.rules.registry import ALL_RULES

Part = AwsBaseline | GcpBaseline | AzureBaseline
Judge = Callable[[Mapping[str, str], Settings, datetime, bool, OnError, Controls], list[ScopeResult]]


class RunFacts(msgspec.Struct, frozen=True):
    """What only the caller knows of a run; it says who ran what, and never changes a result."""

    run_id: str
    started: datetime
    ended: datetime
    argv: tuple[str, ...] = ()
    host: str | None = None
    python: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


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
    on_error: OnError = None,
    other_versions: Sequence[AwsBaseline] = (),
    controls: Controls = NO_CONTROLS,
    gcp: GcpBaseline | None = None,
    azure: AzureBaseline | None = None,
) -> Report:
    """Judge a snapshot by a documented version. Pure but for `on_error`, which is told of every rule that raised.

    `baseline`, `gcp` and `azure` are the parts of one documented version and `values` its parameters, of which each
    part takes those it has; `rules` are the AWS rules. `other_versions` only name what each identity is nearest to;
    `controls` are what a rule family is evidence for. Raises `InputError`, `BaselineError`; `DisagreementError` if the
    two evaluators differ.
    """
    inventory = normalize(snapshot)
    units = tuple(msgspec.structs.replace(u, pages=()) for u in snapshot.units)
    chosen = settings or Settings()
    results = [
        evaluate_aws(
            account,
            inventory,
            baseline,
            _known(values, baseline),
            chosen,
            as_of,
            catalogue,
            rules,
            require_live,
            on_error,
            other_versions,
            controls,
        )
        for account in inventory.aws
    ]
    parts: list[Part] = [baseline] if inventory.aws or not (inventory.gcp or inventory.azure) else []
    ran = list(rules) if inventory.aws else []
    for part, part_rules, judge in _other_clouds(inventory, baseline.id, gcp, azure):
        results += judge(_known(values, part), chosen, as_of, require_live, on_error, controls)
        parts.append(part)
        ran += part_rules
    findings = tuple(f for r in results for f in r.findings)
    reviews = tuple(_with_risks(review, findings) for r in results for review in r.reviews)
    return Report(
        schema=REPORT_SCHEMA,
        schema_version=SCHEMA_VERSION,
        run=_run(snapshot, parts, as_of, catalogue, facts, ran),
        verdict=verdict(findings, reviews, units, snapshot.source),
        summary=summary(findings, units, len(ran)),
        scopes=snapshot.scopes,
        units=units,
        calls=snapshot.calls,
        populations=tuple(p for r in results for p in r.populations),
        tie_outs=tuple(t for r in results for t in r.tie_outs),
        reviews=reviews,
        findings=findings,
        baseline_documents=tuple({d.name: msgspec.to_builtins(d) for p in parts for d in p.documents}.values()),
        errors=tuple(e for r in results for e in r.errors),
    )


def _known(values: Mapping[str, str], part: Part) -> dict[str, str]:
    """Return the parameters that a part of the documented version has."""
    names = {variable.name for variable in part.variables}
    return {name: value for name, value in values.items() if name in names}


def _other_clouds(
    inventory: Inventory, version: str, gcp: GcpBaseline | None, azure: AzureBaseline | None
) -> Iterator[tuple[Part, Sequence[Rule], Judge]]:
    """Yield the part, the rules and the judge of each other cloud the inventory holds.

    Their engines need this one's rule runner, and are loaded only where there is something to judge.
    """
    if inventory.gcp:
        from scanner.engine_gcp import judge_projects
        from scanner.rules.registry_gcp import GCP_RULES

        if gcp is None:
            raise BaselineError(f"documented version `{version}` has no GCP part")
        yield gcp, GCP_RULES, partial(judge_projects, inventory, gcp)
    if inventory.azure:
        from scanner.engine_azure import judge_subscriptions
        from scanner.rules.registry_azure import AZURE_RULES

        if azure is None:
            raise BaselineError(f"documented version `{version}` has no Azure part")
        yield azure, AZURE_RULES, partial(judge_subscriptions, inventory, azure)


def _with_risks(review: RoleReview, findings: Sequence[Finding]) -> RoleReview:
    risks = sum(
        f.axis is Axis.POSTURE and f.result is Result.FAIL and review.arn is not None and f.subject.key == review.arn
        for f in findings
    )
    return msgspec.structs.replace(review, documented_risks=risks)


def _run(
    snapshot: Snapshot,
    parts: Sequence[Part],
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
        baseline_id=parts[0].id,
        baseline_digest=parts[0].digest if len(parts) == 1 else sha256_of([p.digest for p in parts]),
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
