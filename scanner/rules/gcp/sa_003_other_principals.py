"""GCP-SA-003: Nobody of Porter's but its documented service account is bound.

## What it checks
Every member of the policies of the project, of what stands above it and of the customer's own service accounts: service
accounts of other projects under Porter's name, or found to be Porter's in a project beside this one, accounts of
Porter's name that the project does not list, identities of Porter's pools, AWS account, AWS roles and repositories that
are bound directly, workloads in clusters under Porter's name, and people, groups and domains of the vendor.

## Why it matters
The documents give Porter one service account. A role bound to anything else of Porter's is access that no rule about
that account sees, and that stays when the account is deleted.

## Remediation
Remove the binding. What the documents name is bound to the service account, and only that.

## Limits
Who is in a group or a domain stands in no policy: a group counts as Porter's where the vendor's name is a part of its
domain, such as porter.run. An account of a project of Porter's name is for a person to judge (MANUAL), unless your own
projects have such names. Members of the account's own policy are judged by GCP-IMP-001.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_gcp import GcpBinding, GcpPolicy
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_PRINCIPALS, PORTER_CONNECT, evidence_of, project_subject
from scanner.rules.gcp._members import may_be_vendors, vendors_member
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import listed, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one FAIL per member of Porter's, one MANUAL per member that may be, else one PASS."""
    found: dict[str, list[GcpBinding]] = {}
    perhaps: dict[str, list[GcpBinding]] = {}
    for binding in _bindings(ctx):
        for member in binding.members:
            if vendors_member(ctx, member) is not None:
                found.setdefault(member, []).append(binding)
            elif may_be_vendors(ctx, member):
                perhaps.setdefault(member, []).append(binding)
    for member in sorted(found):
        yield _fail(ctx, member, found[member])
    for member in sorted(perhaps):
        yield _perhaps(member, perhaps[member])
    if not found and not perhaps:
        message = "No other principal of Porter's is bound."
        yield Outcome(project_subject(ctx), Result.PASS, message, reason_code="NONE")


def _bindings(ctx: GcpContext) -> Iterator[GcpBinding]:
    own = {a.email for a in ctx.porter_accounts}
    for policy in ctx.policies():
        yield from policy.bindings
    for account in ctx.project.service_accounts:
        if account.email not in own and isinstance(account.policy, GcpPolicy):
            yield from account.policy.bindings


def _fail(ctx: GcpContext, member: str, bindings: list[GcpBinding]) -> Outcome:
    held = [f"{b.role} on {b.node}" for b in bindings]
    return Outcome(
        Subject("gcp.principal", member, member),
        Result.FAIL,
        f"{quote(member)} ({vendors_member(ctx, member)}) holds {listed(held)}, and no document names it.",
        reason_code="OTHER_PRINCIPAL",
        observed=ObservedValue(sorted(set(held)), "bindings"),
        evidence=evidence_of(bindings),
    )


def _perhaps(member: str, bindings: list[GcpBinding]) -> Outcome:
    held = [f"{b.role} on {b.node}" for b in bindings]
    return Outcome(
        Subject("gcp.principal", member, member),
        Result.MANUAL,
        f"{quote(member)} holds {listed(held)}. Its project has Porter's name: see whether it is Porter's or yours.",
        reason_code="MAY_BE_VENDORS",
        severity=Severity.MEDIUM,
        observed=ObservedValue(sorted(set(held)), "bindings"),
        evidence=evidence_of(bindings),
    )


RULE = Rule(
    id="GCP-SA-003",
    title="Nobody of Porter's but its documented service account is bound",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="undocumented-identity",
    requires=(
        kinds.PROJECT_POLICY,
        kinds.SERVICE_ACCOUNTS,
        kinds.SERVICE_ACCOUNT_POLICIES,
        kinds.POOLS,
    ),
    supplementary=(kinds.ANCESTORS,),
    check=check,
    remediation=Remediation(
        summary="Remove the binding.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_PRINCIPALS,
    ),
    claims=(
        54,
        55,
        60,
    ),
    cloud="gcp",
)
