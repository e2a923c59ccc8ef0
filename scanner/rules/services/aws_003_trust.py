"""SVC-AWS-003: Only EKS Pod Identity may assume a service's role.

## What it checks
The trust policy of each declared role against the documented one: EKS Pod Identity may assume it and tag sessions,
nobody else may do anything. The engine compares the policies as sets of requests, so a condition that narrows the
documented statement (one cluster, one namespace, one service account) passes and is said.

## Why it matters
Whoever else stands in the trust gets the service's access without running on the cluster. Without permission to tag
the session, Pod Identity cannot hand out the role at all.

## Remediation
Set the trust policy to the one on the page; add conditions on namespace and service account if you like.

## Limits
What IRSA left behind for a cluster of this account and service accounts that it names is judged by SVC-AWS-004.

## References
- https://docs.porter.run/applications/configure/secure-cloud-access
- https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.access.compare import compare
from scanner.access.records import Comparison, NamedDocument, Piece
from scanner.errors import PolicyError
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory import AwsRole
from scanner.model.kinds import AUTHORIZATION_DETAILS, CLUSTERS
from scanner.model.snapshot import SourceKind, UnitStatus
from scanner.rules.base import Rule
from scanner.rules.differences import difference, open_reasons, spoken, witness_of
from scanner.rules.external_id import values
from scanner.rules.judge import TRUST_NAME
from scanner.rules.questions import IMPOSSIBLE, ask_trust
from scanner.rules.services._common import (
    EKS_POD_ROLE,
    PORTER_WORKLOADS,
    expected,
    named,
    nothing,
    per_service,
    role_subject,
)
from scanner.rules.services._trust import Irsa, documented_trust, irsa_of, is_foreign
from scanner.rules.services_context import AwsServices, Declared
from scanner.rules.words import listed, quote

_Said = tuple[Result, str, str, Severity | None]


def check(ctx: AwsServices) -> Iterator[Outcome]:
    """Yield one outcome per declared role that exists."""
    found = False
    for role, connections in ctx.roles():
        found = True
        yield _judge(ctx, role, connections)
    if not found:
        yield nothing(ctx, "No declared IAM role exists in this account.")


def _judge(ctx: AwsServices, role: AwsRole, connections: Sequence[Declared]) -> Outcome:
    comparison: Comparison | None = None
    try:
        if isinstance(role.trust, NotObserved):
            raise PolicyError(role.trust.reason)
        irsa = irsa_of(role.trust.value, ctx.account)
        comparison = _compared(ctx, irsa)
        result, code, said, severity = _answer(ctx, role, irsa, comparison)
    except PolicyError as error:
        result, code, severity = Result.INCOMPLETE, "TRUST_UNREAD", None
        said = f"The trust policy of {quote(role.name)} could not be judged: {error}."
    claim = ctx.baseline.aws
    return Outcome(
        subject=role_subject(role),
        result=result,
        message=f"{said} Declared by {named(connections)}.",
        reason_code=code,
        severity=severity,
        expected=expected(ctx.baseline, {"Service": claim.principal, "Action": list(claim.actions)}, claim.source),
        observed=None if isinstance(role.trust, NotObserved) else ObservedValue(role.trust.value, TRUST_NAME),
        diff=difference(comparison) if comparison is not None and result is Result.FAIL else None,
        witness=witness_of(comparison.excess[0].witness) if comparison is not None and comparison.excess else None,
        evidence=(role.evidence, *per_service(connections)),
    )


def _compared(ctx: AwsServices, irsa: Irsa) -> Comparison:
    account = ctx.account
    return compare(
        [NamedDocument(TRUST_NAME, irsa.rest)],
        [NamedDocument("documented trust", documented_trust(ctx.baseline.aws))],
        kind="trust",
        catalogue=ctx.catalogue,
        account_id=account.account_id,
        partition=account.partition,
    )


def _answer(ctx: AwsServices, role: AwsRole, irsa: Irsa, comparison: Comparison) -> _Said:
    name = quote(role.name)
    if comparison.excess:
        return _excess(ctx, name, irsa, comparison)
    if reasons := open_reasons(comparison):
        return Result.INCOMPLETE, "UNDECIDED", f"The trust of {name} is not decided: {listed(reasons, 3)}.", None
    lacking = [action for action in ctx.baseline.aws.actions if _denied(ctx, role, action)]
    if lacking:
        said = f"{quote(ctx.baseline.aws.principal)} lacks {listed(lacking)} on {name}, which Pod Identity needs."
        return Result.FAIL, "ACTION_MISSING", said, Severity.MEDIUM
    who = "Only Pod Identity, and what IRSA left behind by name (SVC-AWS-004)," if irsa.known else "Only Pod Identity"
    if comparison.missing:
        said = f"{who} may assume {name}, under a condition that narrows the documented trust."
        return Result.PASS, "NARROWER", said, None
    return Result.PASS, "AS_DOCUMENTED", f"{who} may assume {name}.", None


def _denied(ctx: AwsServices, role: AwsRole, action: str) -> bool:
    """Return whether Pod Identity certainly cannot do an action of the documented trust."""
    principal = {"Service": [ctx.baseline.aws.principal]}
    return ask_trust(role, principal, ctx.account, ctx.catalogue, actions=(action,)).outcome == IMPOSSIBLE


def _excess(ctx: AwsServices, name: str, irsa: Irsa, comparison: Comparison) -> _Said:
    who: list[str] = []
    foreign = anyone = False
    for piece in comparison.excess:
        for kind, names in _principals(piece):
            who += [f"{kind} {one}" for one in names]
            foreign = foreign or is_foreign(kind, names, ctx.account.account_id)
            anyone = anyone or "*" in names
    only_irsa = all(any(issuer in one for issuer in irsa.unknown) for one in who) and bool(irsa.unknown)
    if only_irsa and not _clusters_read(ctx):
        said = f"{name} takes tokens of {listed(irsa.unknown)}; whether that is a cluster of the account was not read."
        if ctx.inventory.source is SourceKind.LIVE:
            return Result.INCOMPLETE, "CLUSTERS_UNREAD", said, None
        return Result.NOT_APPLICABLE, "NOT_IN_INPUT", said, None
    own = bool(irsa.loose) and all(any(issuer in one for issuer in irsa.loose) for one in who)
    code = "OTHER_CLUSTER" if only_irsa else "FOREIGN_PRINCIPAL" if foreign else "NOT_DOCUMENTED"
    code = "ANY_POD" if own else code
    severity = Severity.CRITICAL if anyone else Severity.HIGH if foreign else Severity.MEDIUM
    example = spoken(comparison.excess[0].witness)
    said = f"{listed(who, 4)} may do more on {name} than is documented; for example {example}."
    return Result.FAIL, code, said, severity


def _clusters_read(ctx: AwsServices) -> bool:
    """Return whether the account's clusters are all known."""
    units = [u for u in ctx.inventory.units if u.kind == CLUSTERS and u.scope_id == ctx.account.account_id]
    return bool(units) and all(unit.status is UnitStatus.COMPLETE for unit in units)


def _principals(piece: Piece) -> Iterator[tuple[str, tuple[str, ...]]]:
    for kind, names in piece.principals.items():
        yield kind, values(names)


RULE = Rule(
    id="SVC-AWS-003",
    title="Only EKS Pod Identity may assume a service's role",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="workload-identity",
    requires=(AUTHORIZATION_DETAILS,),
    check=check,
    remediation=Remediation(
        summary="Set the trust policy to the one on the page.",
        cli="aws iam update-assume-role-policy --role-name ROLE --policy-document file://trust.json",
        risk_of_change="Whoever else used the role loses it.",
    ),
    references=(PORTER_WORKLOADS, EKS_POD_ROLE),
    claims=(75,),
    services=True,
)
