"""GCP-REVOKED-005: No custom role of Porter's is left.

## What it checks
The roles that the project defines, deleted ones too, against the names that Porter's material gives.

## Why it matters
A custom role that nobody owns can be bound again, with permissions nobody reviews. A deleted one can be restored.

## Remediation
Delete the role. Google keeps a deleted role for 7 days, and its name for 37 more.

## Limits
A role of another name that Porter defined cannot be told from yours. Roles of the organization are not listed.

## References
- https://github.com/porter-dev/gcp-onboarding
- https://cloud.google.com/iam/docs/creating-custom-roles
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, Outcome, Reference, Remediation, Severity, Subject
from scanner.model.inventory_gcp import GcpCustomRole
from scanner.rules.base import Rule
from scanner.rules.gcp._common import PORTER_ONBOARDING, project_subject
from scanner.rules.gcp_context import GcpContext, name_matches
from scanner.rules.revoked import command, left, none_left
from scanner.rules.words import count, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one FAIL per role that is left, else one PASS for the project."""
    found = [role for role in ctx.project.custom_roles if is_vendor_role(ctx, role)]
    for role in found:
        yield _left(ctx, role)
    if not found:
        read = count(len(ctx.project.custom_roles), "custom role")
        yield none_left(project_subject(ctx), f"{read} read, deleted ones too: none has a name of Porter's.")


def is_vendor_role(ctx: GcpContext, role: GcpCustomRole) -> bool:
    """Return whether the vendor's material names a custom role of the project."""
    named = [extra.name_pattern for extra in ctx.baseline.known_extras if extra.kind == "role"]
    named += [g.role.rpartition("/")[2] for a in ctx.baseline.service_accounts for g in a.grants if "/roles/" in g.role]
    return any(name_matches(pattern.lower(), role_name(role).lower()) for pattern in named)


def role_name(role: GcpCustomRole) -> str:
    """Return the last part of a role's name."""
    return role.name.rpartition("/")[2]


def role_subject(role: GcpCustomRole) -> Subject:
    """Return a custom role as a subject."""
    return Subject("gcp.role", role.name, role_name(role))


def _left(ctx: GcpContext, role: GcpCustomRole) -> Outcome:
    state = "is deleted and can be restored for 7 days" if role.deleted else "is left"
    delete = command("gcloud", "iam", "roles", "delete", role_name(role), f"--project={ctx.project.project_id}")
    return left(
        role_subject(role),
        f"Custom role {quote(role_name(role))} {state}.",
        severity=Severity.LOW,
        evidence=(role.evidence,),
        steps=("Nothing: it goes by itself. Once restored, it is deleted with:", delete) if role.deleted else (delete,),
        summary="Delete Porter's custom roles.",
        observed={"deleted": role.deleted},
    )


RULE = Rule(
    id="GCP-REVOKED-005",
    title="No custom role of Porter's is left",
    severity=Severity.LOW,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(kinds.CUSTOM_ROLES,),
    check=check,
    remediation=Remediation(
        summary="Delete Porter's custom roles.",
        cli="gcloud iam roles delete ROLE --project=PROJECT",
    ),
    references=(
        PORTER_ONBOARDING,
        Reference("Google: custom roles", "https://cloud.google.com/iam/docs/creating-custom-roles"),
    ),
    claims=(61,),
    cloud="gcp",
)
