"""The whole product in one readable page: a snapshot and a documented version in, a report out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import msgspec

from scanner import __version__
from scanner.assess.identity import sha256_of
from scanner.assess.runner import ScopeResult, Terms
from scanner.assess.vendor_words import spoken_verdict
from scanner.assess.verdict import summary, verdict
from scanner.baseline.load import AnyBaseline
from scanner.baseline.records import AwsBaseline
from scanner.baseline.records_azure import AzureBaseline
from scanner.baseline.records_gcp import GcpBaseline
from scanner.baseline.records_services import ServicesBaseline
from scanner.baseline.version import DocumentedVersion, known_values
from scanner.errors import BaselineError, InputError
from scanner.model.common import check_moments
from scanner.model.finding import Axis, Finding, Result
from scanner.model.inventory import Inventory
from scanner.model.pages import excerpts, page_files
from scanner.model.report import REPORT_SCHEMA, SCHEMA_VERSION, Report, RoleReview, Run
from scanner.model.snapshot import Snapshot, SourceKind, UnitStatus
from scanner.normalize.inventory import normalize
from scanner.rules.base import Rule

if TYPE_CHECKING:
    from scanner.engine_services import ServicesResult

P = TypeVar("P", AwsBaseline, GcpBaseline, AzureBaseline)
Others: TypeAlias = Sequence[DocumentedVersion]


class RunFacts(msgspec.Struct, frozen=True):
    """What only the caller knows of a run; it says who ran what, and never changes a result."""

    run_id: str
    started: datetime
    ended: datetime
    argv: tuple[str, ...] = ()
    host: str | None = None
    python: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_moments(self.started, self.ended)


def evaluate(
    snapshot: Snapshot,
    *,
    documented: DocumentedVersion,
    terms: Terms,
    facts: RunFacts,
    other_versions: Sequence[DocumentedVersion] = (),
) -> Report:
    """Judge a snapshot by a documented version. Pure but for `terms.on_error`, which is told of every rule that raised.

    `other_versions` only name what each identity is nearest to. Raises `InputError`; `BaselineError` if the version has
    no part for a cloud that was read; `DisagreementError` if the two evaluators differ.
    """
    inventory = normalize(snapshot)
    units = tuple(msgspec.structs.replace(u, pages=()) for u in snapshot.units)
    here = _clouds(snapshot)
    judged = [judge(inventory, documented, terms, other_versions) for c, judge in _JUDGES.items() if c in here]
    results = [result for cloud in judged for result in cloud.results]
    rules = [rule for cloud in judged for rule in cloud.rules]
    services = _services(inventory, documented, terms)
    every: list[ScopeResult | ServicesResult] = [*results, *services]
    findings = tuple(f for r in every for f in r.findings)
    reviews = tuple(_with_risks(review, findings) for r in results for review in r.reviews)
    populations = tuple(p for r in every for p in r.populations)
    parts = [*(cloud.part for cloud in judged), *(result.part for result in services)]
    rules += [rule for result in services for rule in result.rules]
    return Report(
        schema=REPORT_SCHEMA,
        schema_version=SCHEMA_VERSION,
        run=_run(snapshot, parts, terms, facts, rules),
        verdict=spoken_verdict(verdict(findings, reviews, units, snapshot.source, populations), documented.id),
        summary=summary(findings, units, len(rules)),
        scopes=snapshot.scopes,
        units=units,
        calls=snapshot.calls,
        populations=populations,
        tie_outs=tuple(t for r in results for t in r.tie_outs),
        reviews=reviews,
        findings=findings,
        baseline_documents=tuple({d.name: msgspec.to_builtins(d) for p in parts for d in p.documents}.values()),
        errors=tuple(e for r in every for e in r.errors),
        pages=page_files(snapshot.units),
        excerpts=excerpts(snapshot.units, (pointer for f in findings for pointer in f.evidence)),
        services=tuple(review for result in services for review in result.reviews),
    )


class _Judged(msgspec.Struct, frozen=True):
    """One cloud: by what it was judged, and what its accounts came to."""

    part: AnyBaseline
    rules: Sequence[Rule]
    results: Sequence[ScopeResult]


def _aws(inventory: Inventory, version: DocumentedVersion, terms: Terms, others: Others) -> _Judged:
    from scanner.engine_aws import evaluate_aws, rules_on

    part = _part(version.aws, version, "AWS")
    mine = _for_part(terms, part)
    beside = tuple(other.aws for other in others if other.aws is not None)
    results = [evaluate_aws(account, inventory, part, mine, beside) for account in inventory.aws]
    ran = dict.fromkeys(rule for account in inventory.aws for rule in terms.rules_for("aws", rules_on(account)))
    return _Judged(part, tuple(ran), results)


def _gcp(inventory: Inventory, version: DocumentedVersion, terms: Terms, others: Others) -> _Judged:
    from scanner.engine_gcp import evaluate_gcp
    from scanner.rules.registry_gcp import GCP_RULES

    part = _part(version.gcp, version, "GCP")
    mine = _for_part(terms, part)
    beside = tuple(other.gcp for other in others if other.gcp is not None)
    results = [evaluate_gcp(project, inventory, part, mine, beside) for project in inventory.gcp]
    return _Judged(part, terms.rules_for("gcp", GCP_RULES), results)


def _azure(inventory: Inventory, version: DocumentedVersion, terms: Terms, others: Others) -> _Judged:
    from scanner.engine_azure import evaluate_azure
    from scanner.rules.registry_azure import AZURE_RULES

    part = _part(version.azure, version, "Azure")
    mine = _for_part(terms, part)
    beside = tuple(other.azure for other in others if other.azure is not None)
    results = [evaluate_azure(subscription, inventory, part, mine, beside) for subscription in inventory.azure]
    return _Judged(part, terms.rules_for("azure", AZURE_RULES), results)


def _services(inventory: Inventory, version: DocumentedVersion, terms: Terms) -> tuple[ServicesResult, ...]:
    """Return what declared services came to; nothing where no porter.yaml was given."""
    if not inventory.porter_yaml:
        return ()
    from scanner.engine_services import judge_services

    return (judge_services(inventory, version, terms),)


# A cloud's engine and rules are loaded only where there is something of it to judge.
_JUDGES: Final = {"aws": _aws, "gcp": _gcp, "azure": _azure}
# What is judged; a folder or a tenant only says where such a scope was looked for.
_SCOPE: Final = {"aws": "account", "gcp": "project", "azure": "subscription"}


def _clouds(snapshot: Snapshot) -> frozenset[str]:
    """Return the clouds that were read. Raises `InputError` if one is unknown, or has nothing that could be judged.

    Where the list of projects or subscriptions was not read, nobody knows that there is none: that unit says so.
    """
    here = {scope.cloud for scope in snapshot.scopes}
    if not here:
        raise InputError("the snapshot names no account, project or subscription")
    for cloud in sorted(here):
        if cloud not in _SCOPE:
            raise InputError(f"the snapshot names a scope of `{cloud[:40]}`: known are {', '.join(_SCOPE)}")
        held = any(scope.cloud == cloud and scope.kind == _SCOPE[cloud] for scope in snapshot.scopes)
        gap = any(u.cloud == cloud and u.required and u.status is not UnitStatus.COMPLETE for u in snapshot.units)
        if not held and not gap:
            raise InputError(f"the snapshot names no {_SCOPE[cloud]} of {cloud}")
    return frozenset(here)


def _part(part: P | None, version: DocumentedVersion, cloud: str) -> P:
    if part is None:
        raise BaselineError(f"documented version `{version.id}` has no {cloud} part")
    return part


def _for_part(terms: Terms, part: AnyBaseline) -> Terms:
    return msgspec.structs.replace(terms, values=known_values(terms.values, part))


def _with_risks(review: RoleReview, findings: Sequence[Finding]) -> RoleReview:
    risks = sum(
        f.axis is Axis.POSTURE and f.result is Result.FAIL and review.arn is not None and f.subject.key == review.arn
        for f in findings
    )
    return msgspec.structs.replace(review, documented_risks=risks)


def _run(
    snapshot: Snapshot,
    parts: Sequence[AnyBaseline | ServicesBaseline],
    terms: Terms,
    facts: RunFacts,
    rules: Sequence[Rule],
) -> Run:
    return Run(
        run_id=facts.run_id,
        started=facts.started,
        ended=facts.ended,
        as_of=terms.as_of,
        collected_at=snapshot.collected_at,
        tool_version=__version__,
        source=snapshot.source,
        baseline_id=parts[0].id,
        baseline_digest=parts[0].digest if len(parts) == 1 else sha256_of([p.digest for p in parts]),
        rules_digest=sha256_of([[r.id, r.version, r.title, r.severity, r.axis] for r in rules]),
        catalogue=terms.catalogue.name,
        callers=snapshot.callers,
        parameters=facts.parameters,
        sdk_versions=snapshot.sdk_versions,
        python=facts.python,
        argv=facts.argv,
        host=facts.host,
        planned=snapshot.source is SourceKind.TEMPLATE,
    )
