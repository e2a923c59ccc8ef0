"""GCP-REVOKED-003: No binding names Porter any more, alive or deleted.

## What it checks
Every binding of the project, of the folders and the organization above it, of each service account, and of the
resources in the project that Cloud Asset Inventory searches: members that are Porter's service accounts, here or in
another project, deleted accounts of documented names, federated identities of Porter's pools and AWS accounts, and
people, groups, domains and workloads of Porter's (as in GCP-SA-003). What a service account holds that is only named
like Porter's is for a person to judge.

## Why it matters
A binding above the project survives everything done inside it. A binding of a deleted account works again at once
when the account is restored, and hides that off-boarding was not finished.

## Remediation
Remove the bindings with the commands of the finding.

## Limits
Without `--param porter_aws_account=...` a member of some AWS account is for you to judge. Cloud Asset Inventory follows
changes within minutes and does not know every service's policies. A deleted account whose name you chose yourself is
not recognised.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model import kinds_gcp as kinds
from scanner.model.finding import Axis, Outcome, Remediation, Severity, Subject
from scanner.model.inventory_gcp import GcpBinding
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_PRINCIPALS, PORTER_CONNECT, project_subject
from scanner.rules.gcp._members import may_be_vendors, vendors_member
from scanner.rules.gcp._revoked import (
    all_bindings,
    email_of,
    is_deleted,
    is_vendor_member,
    looks_like_vendor,
    may_be_federated_vendor,
    vendor_emails,
)
from scanner.rules.gcp_context import GcpContext
from scanner.rules.revoked import command, left, look_alike, none_left
from scanner.rules.words import count, quote


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one FAIL per binding and member of Porter's, one MANUAL per look-alike's, else one PASS for the project."""
    emails, bindings = vendor_emails(ctx), [*all_bindings(ctx), *ctx.bindings_below()]
    found: dict[tuple[str, str, str], Outcome] = {}
    for binding in bindings:
        for member in binding.members:
            if is_vendor_member(ctx, emails, member):
                # Two conditions on one role and member are one thing to remove.
                found.setdefault((binding.node, binding.role, member), _left(ctx, binding, member))
            elif why := vendors_member(ctx, member):
                found.setdefault((binding.node, binding.role, member), _left(ctx, binding, member, f" ({why})"))
            elif may_be_federated_vendor(ctx, member):
                found.setdefault((binding.node, binding.role, member), _unknown(binding, member))
            elif may_be_vendors(ctx, member) or _is_named(ctx, member):
                found.setdefault((binding.node, binding.role, member), _alike(binding, member))
    yield from found.values()
    if not found:
        yield none_left(project_subject(ctx), f"{count(len(bindings), 'binding')} read: none names Porter.")


def _is_named(ctx: GcpContext, member: str) -> bool:
    """Return whether a member is an account of the project that is only named like the vendor's."""
    return not is_deleted(member) and looks_like_vendor(ctx, email_of(member))


def _alike(binding: GcpBinding, member: str) -> Outcome:
    return look_alike(
        _subject(binding, member),
        f"{quote(binding.role)} on {quote(binding.node)} is bound to {quote(member)}, which is named like Porter's: "
        "see whose it is.",
        evidence=(binding.evidence,),
        severity=Severity.MEDIUM,
    )


def _left(ctx: GcpContext, binding: GcpBinding, member: str, why: str = "") -> Outcome:
    gone = is_deleted(member)
    what = ", which is deleted and can be restored for 30 days" if gone else why
    return left(
        _subject(binding, member),
        f"{quote(binding.role)} on {quote(binding.node)} is bound to {quote(member)}{what}.",
        severity=Severity.MEDIUM if gone else Severity.HIGH,
        evidence=(binding.evidence,),
        steps=(_removal(ctx, binding, member),) if _is_node(binding) else _by_hand(ctx, binding, member),
        summary="Remove the bindings that name Porter.",
        observed={"role": binding.role, "node": binding.node},
    )


def _subject(binding: GcpBinding, member: str) -> Subject:
    return Subject("gcp.binding", f"{binding.node} {binding.role} {member}", member)


def _unknown(binding: GcpBinding, member: str) -> Outcome:
    return look_alike(
        _subject(binding, member),
        f"{quote(binding.role)} on {quote(binding.node)} is bound to {quote(member)}. Say which AWS account is "
        "Porter's with --param porter_aws_account=..., and this is decided.",
        evidence=(binding.evidence,),
        severity=Severity.MEDIUM,
        code="ACCOUNT_UNKNOWN",
    )


def _is_node(binding: GcpBinding) -> bool:
    """Return whether a binding stands on the project, above it or on a service account, and not on a resource."""
    return "@" in binding.node or binding.node.startswith(("projects/", "folders/", "organizations/"))


def _by_hand(ctx: GcpContext, binding: GcpBinding, member: str) -> tuple[str, ...]:
    """Return the steps for a resource, whose kind has a command of its own."""
    scope = f"--scope=projects/{ctx.project.project_id}"
    return (
        f"Take {quote(member)} out of {quote(binding.role)} in the policy of {quote(binding.node)}. To see the rest:",
        command("gcloud", "asset", "search-all-iam-policies", scope, f"--query=policy:{member}"),
    )


def _removal(ctx: GcpContext, binding: GcpBinding, member: str) -> str:
    kind, _, name = binding.node.partition("/")
    group: tuple[str, ...] = {"folders": ("resource-manager", "folders"), "projects": ("projects",)}.get(
        kind, ("organizations",)
    )
    own: tuple[str, ...] = ()
    if "@" in binding.node:
        group, name, own = ("iam", "service-accounts"), binding.node, (f"--project={ctx.project.project_id}",)
    conditions = ("--all",) if binding.condition else ()
    return command(
        *("gcloud", *group, "remove-iam-policy-binding", name, f"--member={member}", f"--role={binding.role}"),
        *(*own, *conditions),
    )


RULE = Rule(
    id="GCP-REVOKED-003",
    title="No binding names Porter any more, alive or deleted",
    severity=Severity.HIGH,
    axis=Axis.CONFORMANCE,
    family="revocation",
    requires=(
        kinds.PROJECT_POLICY,
        kinds.ANCESTORS,
        kinds.SERVICE_ACCOUNTS,
        kinds.SERVICE_ACCOUNT_POLICIES,
        kinds.POOLS,
        kinds.POLICIES_BELOW,
    ),
    check=check,
    remediation=Remediation(
        summary="Remove the bindings that name Porter.",
        cli="gcloud projects remove-iam-policy-binding PROJECT --member=MEMBER --role=ROLE",
    ),
    references=(PORTER_CONNECT, IAM_PRINCIPALS),
    claims=(61,),
    cloud="gcp",
)
