"""AZURE-APP-002: No other identity is named like Porter's, or holds its role.

## What it checks
Service principals, app registrations and managed identities whose names have a word that begins with porter, and
that no documented name covers; and whether the documented name is carried once only, by an application.

## Why it matters
A second identity of Porter has access that nobody documented; one made by somebody else in its name is worse. Names
in Entra are not unique: under the documented name anybody's application looks like Porter's.

## Remediation
Find out whose it is. Delete it, or add it to the documented version you judge by.

## Limits
Identities that AKS makes for a cluster, in the group of its nodes or as the cluster itself, are the cluster's; what
roles these hold is not judged.
Names only. An identity with an unsuspicious name shows when it holds Porter's role: AZURE-ASSIGN-002.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scanner.model import kinds_azure as kinds
from scanner.model.common import EvidencePointer
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.rules.azure._common import (
    CREDENTIALS_PAGE,
    PORTER_CONNECT,
    application_subject,
    principal_subject,
    subscription_subject,
)
from scanner.rules.azure_context import OF_APPLICATIONS, AzureContext, is_named_like_vendor, made_by_cluster
from scanner.rules.base import Rule
from scanner.rules.words import listed, quote


class _Thing(NamedTuple):
    subject: Subject
    kind: str
    of_application: bool
    evidence: EvidencePointer


def _things(ctx: AzureContext) -> Iterator[_Thing]:
    """Yield everything that carries the vendor's name; an app registration counts with its service principal."""
    for p in ctx.principals:
        managed = p.kind not in OF_APPLICATIONS
        yield _Thing(principal_subject(ctx, p.object_id), p.kind if managed else "", not managed, p.evidence)
    clients = {p.app_id for p in ctx.principals}
    for a in ctx.applications:
        if a.app_id not in clients:
            yield _Thing(application_subject(a), "", True, a.evidence)
    for identity in ctx.account.identities:
        own = made_by_cluster(identity.name, identity.principal_id, ctx.account, ctx.baseline)
        if is_named_like_vendor(identity.name, ctx.baseline) and not own:
            subject = Subject("azure.managed_identity", identity.id, identity.name)
            yield _Thing(subject, "", False, identity.evidence)


def _undocumented(ctx: AzureContext, thing: _Thing) -> Outcome:
    name = thing.subject.name
    known = next((x for x in ctx.baseline.known_extras if x.name_pattern.lower() == name.lower()), None)
    kind = f" (of type {quote(thing.kind)})" if thing.kind else ""
    return Outcome(
        subject=thing.subject,
        result=Result.FAIL,
        message=f"{quote(name)}{kind} is not documented.{' ' + known.reason if known else ''}",
        reason_code="KNOWN_EXTRA" if known else "NOT_DOCUMENTED",
        severity=Severity(known.severity) if known else None,
        observed=ObservedValue(name),
        evidence=(thing.evidence,),
    )


def _same_name(thing: _Thing, alike: list[_Thing]) -> Outcome:
    others = listed(t.subject.key for t in alike if t is not thing)
    return Outcome(
        subject=thing.subject,
        result=Result.FAIL,
        message=f"{quote(thing.subject.key)} carries the documented name, and so does {others}: one is documented.",
        reason_code="SAME_NAME",
        severity=Severity.HIGH,
        severity_reason="one of them is not Porter's, and passes for it",
        observed=ObservedValue(sorted(t.subject.key for t in alike)),
        evidence=tuple(t.evidence for t in alike),
    )


def check(ctx: AzureContext) -> Iterator[Outcome]:
    """Yield one FAIL per undocumented identity, else one PASS."""
    found: dict[str, Outcome] = {}
    documented: dict[str, list[_Thing]] = {}
    for thing in _things(ctx):
        page = ctx.documented_application(thing.subject.name) if thing.of_application else None
        if page is not None:
            documented.setdefault(page.key, []).append(thing)
        else:
            found[thing.subject.key] = _undocumented(ctx, thing)
    for alike in documented.values():
        found |= {t.subject.key: _same_name(t, alike) for t in alike if len(alike) > 1}
    yield from found.values()
    if not found:
        yield Outcome(
            subscription_subject(ctx), Result.PASS, "Every identity named like Porter's is documented.", "NONE"
        )


RULE = Rule(
    id="AZURE-APP-002",
    title="No other identity is named like Porter's, or holds its role",
    severity=Severity.MEDIUM,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.APPLICATIONS,
        kinds.SERVICE_PRINCIPALS,
    ),
    check=check,
    remediation=Remediation(
        summary="Find out whose identity it is; delete it, or document it.",
        owner="customer",
    ),
    references=(
        PORTER_CONNECT,
        CREDENTIALS_PAGE,
    ),
    claims=(68,),
    supplementary=(kinds.MANAGED_IDENTITIES, kinds.AKS_CLUSTERS),
    cloud="azure",
)
