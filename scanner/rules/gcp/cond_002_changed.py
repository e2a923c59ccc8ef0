"""GCP-COND-002: Conditions that limit Porter are no weaker than in the previous run.

## What it checks
The attribute condition of every provider in Porter's pools, and the conditions on the bindings of Porter's accounts,
against those of the previous run: whether everything that they let through now, they let through then.

## Why it matters
A condition is a text in a setting: taking a part away changes no role and no member, and nothing else shows it.

## Remediation
Find out in the audit log who changed the condition, and set it back.

## Limits
Needs a previous run to compare with, and tells a change once. What stands in the documents is judged by GCP-WIF-001 and
GCP-PERM-001. A condition in other words that mean the same may show as changed.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/conditions-overview
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.access.gcp.condition import gaps
from scanner.access.gcp.terms import parse_condition
from scanner.access.pattern import StateLimitError
from scanner.model import kinds_gcp as kinds
from scanner.model.common import EvidencePointer
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_CONDITIONS, PORTER_CONNECT, not_applicable
from scanner.rules.gcp._members import vendors_pools
from scanner.rules.gcp_context import GcpContext, name_matches
from scanner.rules.words import listed, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per provider and per bound role."""
    before = dict(ctx.settings.previous_conditions)
    found = [*_providers(ctx), *_bindings(ctx)]
    if not found:
        yield not_applicable(ctx, "No provider and no binding of Porter's in the project.")
    for subject, texts, evidence in found:
        yield _judge(ctx, subject, texts, before.get(subject.key), evidence)


_Found = tuple[Subject, tuple[str, ...], tuple[EvidencePointer, ...]]


def _providers(ctx: GcpContext) -> Iterator[_Found]:
    patterns = [page.federation.pool_pattern for page in ctx.baseline.service_accounts if page.federation]
    mine = vendors_pools(ctx)
    for pool in ctx.project.pools:
        own = pool.name.rpartition("/")[2]
        if pool.state == "DELETED" or not (own in mine or any(name_matches(p, own) for p in patterns)):
            continue
        for provider in pool.providers:
            if provider.state != "DELETED":
                name = provider.name.rpartition("/")[2]
                subject = Subject("gcp.workload_identity_provider", provider.name, name)
                yield subject, (provider.attribute_condition.strip(),), (provider.evidence,)


def _bindings(ctx: GcpContext) -> Iterator[_Found]:
    """Yield each role of an account with all its conditions: several bindings of a role let through what any does."""
    for account in ctx.porter_accounts:
        held: dict[tuple[str, str], list[tuple[str, EvidencePointer]]] = {}
        for binding in ctx.grants(account):
            text = str((binding.condition or {}).get("expression", "")).strip()
            held.setdefault((binding.role, binding.node), []).append((text, binding.evidence))
        for (role, node), rows in sorted(held.items()):
            subject = Subject("gcp.binding", f"{account.email} {role} {node}", f"{account.account_id} {role} on {node}")
            yield subject, tuple(sorted({text for text, _ in rows})), tuple(evidence for _, evidence in rows)


def _judge(
    ctx: GcpContext,
    subject: Subject,
    texts: tuple[str, ...],
    before: Sequence[str] | None,
    evidence: tuple[EvidencePointer, ...],
) -> Outcome:
    now = listed(texts) if any(texts) else "no condition"
    severity = None
    if before is None:
        first = "not seen in an earlier run" if ctx.settings.has_previous else "no earlier run to compare with"
        result, code, message = Result.PASS, "FIRST_SEEN", f"{quote(subject.name)} has {now}; {first}."
    elif sorted(before) == sorted(texts):
        result, code, message = Result.PASS, "NO_CHANGE", f"{quote(subject.name)} has {now}, as in the previous run."
    else:
        was = listed(before) if any(before) else "no condition"
        change = f"{quote(subject.name)} has {now}; in the previous run it had {was}"
        lost = _weaker(texts, before)
        if lost is None:
            result, code, message = Result.MANUAL, "CHANGED", f"{change}: see whether that is weaker."
        elif lost:
            result, code, message = Result.FAIL, "WEAKER", f"{change}, which let less through."
            severity = None if all(texts) else Severity.HIGH
        else:
            result, code, message = Result.PASS, "STRICTER", f"{change}, which let no less through."
    return Outcome(
        subject,
        result,
        message,
        reason_code=code,
        severity=severity,
        observed=ObservedValue(sorted(texts), subject.name),
        evidence=evidence,
    )


def _weaker(now: Sequence[str], before: Sequence[str]) -> bool | None:
    """Return whether something passes now that did not; None: the texts do not tell."""
    open_ = False
    for text in now:
        try:
            found = list(gaps(text, before))
        except StateLimitError:
            open_ = True
            continue
        # A part that was taken away is a gap for certain even where what it says is not understood.
        if any(gap.certain for gap in found) or (found and _only_fewer_parts(text, before)):
            return True
        open_ = open_ or bool(found)
    return None if open_ else False


def _only_fewer_parts(text: str, before: Sequence[str]) -> bool:
    parts = parse_condition(text)
    return all(parts < parse_condition(one) for one in before)


RULE = Rule(
    id="GCP-COND-002",
    title="Conditions that limit Porter are no weaker than in the previous run",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="drift",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
        kinds.POOLS,
    ),
    supplementary=(kinds.ANCESTORS,),
    check=check,
    remediation=Remediation(
        summary="Set the condition back to what it was.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_CONDITIONS,
    ),
    claims=(60,),
    cloud="gcp",
)
