"""GCP-PUB-001: No role on the project or above it is bound to everybody.

## What it checks
Bindings of allUsers and allAuthenticatedUsers on the project, its folders and its organization.

## Why it matters
Whoever may set the project's policy, and Porter may, can open the project to everybody with one line. A public
binding is never part of a documented set-up.

## Remediation
Remove the member from the binding, and look in the audit log for who added it and who used it.

## Limits
Public buckets and other resources below the project have policies of their own, which are not read.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Witness
from scanner.model.inventory_gcp import GcpBinding
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_PRINCIPALS, PORTER_CONNECT, PUBLIC, evidence_of, project_subject
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import listed


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome for the project."""
    hit = [b for policy in ctx.policies() for b in policy.bindings if set(PUBLIC) & set(b.members)]
    named = [f"{m} has {b.role} on {b.node}" for b in hit for m in b.members if m in PUBLIC]
    example = ctx.role(hit[0].role) if hit else None
    permission = example.permissions[0] if example and example.permissions else ""
    yield Outcome(
        project_subject(ctx),
        Result.FAIL if hit else Result.PASS,
        f"{listed(named)}." if hit else "No binding names everybody.",
        reason_code="PUBLIC" if hit else "NONE",
        observed=ObservedValue(sorted(named), "bindings") if hit else None,
        witness=Witness(_public(hit[0]), permission, hit[0].node) if permission else None,
        evidence=evidence_of(hit),
    )


def _public(binding: GcpBinding) -> str:
    """Return the member that is everybody: who is signed in is not who is not."""
    return next(m for m in PUBLIC if m in binding.members)


RULE = Rule(
    id="GCP-PUB-001",
    title="No role on the project or above it is bound to everybody",
    severity=Severity.CRITICAL,
    axis=Axis.POSTURE,
    family="excess",
    requires=(kinds.PROJECT_POLICY,),
    supplementary=(kinds.ANCESTORS,),
    check=check,
    remediation=Remediation(
        summary="Remove the public member.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_PRINCIPALS,
    ),
    claims=(55,),
    cloud="gcp",
)
