"""GCP-PERM-004: The roles that Porter holds grant what they granted before.

## What it checks
The permissions behind each role that Porter's accounts hold, compared with those of the previous snapshot.

## Why it matters
Google extends predefined roles, and a custom role can be edited without any change to a binding: access grows while
every policy stays the same.

## Remediation
Read what was added. For a custom role, find out who edited it; for a predefined one, decide whether a custom role
should take its place.

## Limits
Without a previous snapshot there is nothing to compare with; the number of permissions is stated.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/roles-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, ObservedValue, Outcome, Remediation, Result, Severity, Subject
from scanner.model.inventory_gcp import GcpRole
from scanner.model.snapshot import SourceKind
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_ROLES, PORTER_CONNECT, not_applicable
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import count, listed


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per role that an account of Porter's holds."""
    held = sorted({b.role for a in ctx.porter_accounts for b in ctx.grants(a)})
    if not held:
        yield not_applicable(ctx, "No role is held by a service account of Porter.")
        return
    if ctx.inventory.source is SourceKind.TEMPLATE:
        yield not_applicable(ctx, "What is only planned has no earlier snapshot to compare with.")
        return
    before = dict(ctx.settings.previous_gcp_roles)
    for name in held:
        yield _judge(ctx, name, ctx.role(name), before)


def _judge(ctx: GcpContext, name: str, role: GcpRole | None, before: dict[str, tuple[str, ...]]) -> Outcome:
    subject = Subject("gcp.role", name, name)
    if role is None or isinstance(role.definition, NotObserved):
        return Outcome(subject, Result.INCOMPLETE, "The role's permissions were not read.", reason_code="ROLE_UNREAD")
    added = sorted(set(role.permissions) - set(before.get(name, ()))) if name in before else []
    if not ctx.settings.has_previous or name not in before:
        message = f"Grants {count(len(role.permissions), 'permission')}; no earlier snapshot to compare with."
    elif added:
        message = f"Grants what it did not grant in the previous snapshot: {listed(added)}."
    else:
        message = f"Grants the same {count(len(role.permissions), 'permission')} as in the previous snapshot."
    return Outcome(
        subject,
        Result.FAIL if added else Result.PASS,
        message,
        reason_code="PERMISSIONS_ADDED" if added else "NO_CHANGE",
        observed=ObservedValue(sorted(role.permissions), name),
        evidence=(role.evidence,),
    )


RULE = Rule(
    id="GCP-PERM-004",
    title="The roles that Porter holds grant what they granted before",
    severity=Severity.MEDIUM,
    axis=Axis.POSTURE,
    family="drift",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
        kinds.ROLES,
    ),
    check=check,
    remediation=Remediation(
        summary="Review the permissions that were added.",
    ),
    references=(
        PORTER_CONNECT,
        IAM_ROLES,
    ),
    claims=(56,),
    cloud="gcp",
)
