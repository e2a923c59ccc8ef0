"""GCP-IMP-002: Nobody may act as Porter's service account through the policies above it.

## What it checks
Bindings on the project, its folders and the organization that let others act as every service account below, Porter's
included: token creators, service account users, key admins and the like, and custom roles that hold one of their
permissions.

## Why it matters
A role meant for one's own accounts gives Porter's account too, and with it everything that Porter may do.

## Remediation
Bind these roles on single service accounts instead of the project.

## Limits
Owner, editor and who may set the project's policy are left out: they control the project anyway. So are Google's own
agents. A custom role that could not be read, or is long gone, is for a person to judge.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/service-account-impersonation
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.access.gcp.member import canonical
from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity
from scanner.model.inventory_gcp import GcpBinding
from scanner.rules.base import Rule
from scanner.rules.gcp._common import (
    IAM_IMPERSONATION,
    PORTER_CONNECT,
    evidence_of,
    impersonation,
    is_own_agent,
    not_applicable,
    project_subject,
)
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import listed

_ROLES = (
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityUser",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountAdmin",
)


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome for the project."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
        return
    own = {canonical(a.member) for a in ctx.porter_accounts}
    bindings = [b for policy in ctx.policies() for b in policy.bindings if _impersonates(ctx, b.role)]
    wide = [(b, _others(ctx, b, own)) for b in bindings]
    named = [f"{member} ({b.role} on {b.node})" for b, members in wide for member in members]
    hit = [b for b, members in wide if members]
    strange = [b for policy in ctx.policies() for b in policy.bindings if _is_unread(ctx, b.role)]
    unread = sorted({b.role for b in strange if _others(ctx, b, own)})
    if named:
        result, code, message = Result.FAIL, "PROJECT_WIDE", f"May act as Porter's account: {listed(named)}."
    elif unread:
        result, code = Result.MANUAL, "ROLE_UNREAD"
        message = f"See whether {listed(unread)} let others act as Porter's account: the roles were not read."
    else:
        result, code, message = Result.PASS, "NONE", "No binding above the account lets others act as it."
    yield Outcome(
        project_subject(ctx),
        result,
        message,
        reason_code=code,
        observed=ObservedValue(sorted(named), "bindings") if named else None,
        evidence=evidence_of(hit),
    )


def _others(ctx: GcpContext, binding: GcpBinding, own: set[str]) -> list[str]:
    return [
        m
        for m in binding.members
        if canonical(m) not in own and not m.startswith("deleted:") and not is_own_agent(ctx, m)
    ]


def _impersonates(ctx: GcpContext, role: str) -> bool:
    """Return whether the role is made for acting as accounts, or is the customer's own and lets one do so."""
    plain = role.partition("_withcond_")[0]  # of a policy that was read in an old version
    return plain in _ROLES or (not role.startswith("roles/") and isinstance(impersonation(ctx, role), str))


def _is_unread(ctx: GcpContext, role: str) -> bool:
    return not role.startswith("roles/") and isinstance(impersonation(ctx, role), NotObserved)


RULE = Rule(
    id="GCP-IMP-002",
    title="Nobody may act as Porter's service account through the policies above it",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="escalation",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
    ),
    supplementary=(kinds.ANCESTORS, kinds.ROLES),
    check=check,
    remediation=Remediation(
        summary="Bind the role on the service accounts that need it.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_IMPERSONATION,
    ),
    claims=(60,),
    cloud="gcp",
)
