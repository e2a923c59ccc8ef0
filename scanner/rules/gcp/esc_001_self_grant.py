"""GCP-ESC-001: Porter's service account cannot grant itself further access.

## What it checks
Whether a role of Porter's accounts holds a permission with which the account can raise its own access: setting the
policy of the project or of what stands above it, editing roles, acting as or making keys for other service accounts,
and running code where another service account's token lies.

## Why it matters
Project IAM Admin is documented, and it is enough to become owner: whatever else the page lists, the account controls
the whole project.

## Remediation
A deny policy on resourcemanager.projects.setIamPolicy with an exception for your own administrators takes the step
away, and may break Porter; ask Porter first. Otherwise watch SetIamPolicy in the audit log.

## Limits
A documented permission is reported all the same: this rule asks whether it is safe. The list of permissions is this
program's own and not complete. Service accounts reached in a second step are counted, not followed.

## References
- https://docs.porter.run/cloud-accounts/connecting-a-cloud-account
- https://cloud.google.com/iam/docs/roles-overview
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.access.gcp.deny import denied_at
from scanner.access.gcp.document import parse_gcp
from scanner.access.records import NamedDocument
from scanner.model import kinds_gcp as kinds
from scanner.model.common import NotObserved
from scanner.model.finding import Axis, Outcome, Remediation, Result, Severity, Witness
from scanner.model.inventory_gcp import GcpBinding, GcpServiceAccount
from scanner.rules.base import Rule
from scanner.rules.gcp._common import IAM_ROLES, PORTER_CONNECT, account_subject, key_of, not_applicable, permissions_of
from scanner.rules.gcp_context import GcpContext
from scanner.rules.words import count, listed, quote

_STEPS = {
    "resourcemanager.organizations.setIamPolicy": "grant itself any role on the organization",
    "resourcemanager.folders.setIamPolicy": "grant itself any role on the folder",
    "resourcemanager.projects.setIamPolicy": "grant itself roles/owner on the project",
    "iam.roles.update": "add permissions to a role that it holds",
    "iam.serviceAccounts.setIamPolicy": "let itself act as any service account",
    "iam.serviceAccountKeys.create": "make a key for another service account",
    "iam.serviceAccounts.getAccessToken": "take a token of another service account",
    "iam.serviceAccounts.implicitDelegation": "take a token of another service account through a third one",
    "iam.serviceAccounts.signBlob": "sign as another service account",
    "iam.serviceAccounts.signJwt": "sign a token as another service account",
    "iam.serviceAccounts.actAs": "run a workload as another service account",
}
"""Most telling first."""
_DETOURS = {
    "compute.instances.setMetadata": "log in to a machine and take the token of its service account",
    "compute.projects.setCommonInstanceMetadata": "log in to every machine and take its service account's token",
    "container.pods.create": "run a pod with the token of its node's or its own service account",
    "cloudbuild.builds.create": "run a build as the service account of Cloud Build",
    "deploymentmanager.deployments.create": "deploy as Google's APIs service agent, which is an editor",
    "iam.workloadIdentityPoolProviders.update": "let other identities into a pool",
}
"""Ways that take a machine, a cluster or a pool to be there."""


_ALL = {**_STEPS, **_DETOURS}


def check(ctx: GcpContext) -> Iterator[Outcome]:
    """Yield one outcome per Porter account."""
    if not ctx.porter_accounts:
        yield not_applicable(ctx)
    for account in ctx.porter_accounts:
        yield _judge(ctx, account)


def _judge(ctx: GcpContext, account: GcpServiceAccount) -> Outcome:
    held = permissions_of(ctx, ctx.grants(account))
    denied = _denied(ctx, account, held)
    steps = [p for p in (*_STEPS, *_DETOURS) if p in held and p not in denied]
    unread = sorted({b.role for b in ctx.grants(account) if not _is_read(ctx, b.role)})
    if not steps and unread:
        message = f"Whether {listed(unread)} can raise its own access is not known: the role was not read."
        return _outcome(ctx, account, Result.INCOMPLETE, "ROLE_UNREAD", message, None)
    if not steps:
        why = " A deny policy takes the permissions for it away." if denied & _ALL.keys() else ""
        return _outcome(ctx, account, Result.PASS, "NONE", f"No permission known to raise its own access.{why}", None)
    first = steps[0]
    others = len(ctx.project.service_accounts) - 1
    reach = f", and so reach every resource of the project and {count(others, 'other service account')}"
    message = (
        f"Through {quote(held[first].role)} it can {_ALL[first]} ({quote(first)}){reach if first in _STEPS else ''}."
    )
    path = tuple(f"{_ALL[p]}: {p}, from {held[p].role}" for p in steps)
    witness = Witness(account.member, first, held[first].node, path=path)
    outcome = _outcome(ctx, account, Result.FAIL, "SELF_GRANT", message, witness)
    return outcome if first in _STEPS else replace(outcome, reason_code="DETOUR", severity=Severity.HIGH)


def _is_read(ctx: GcpContext, name: str) -> bool:
    role = ctx.role(name)
    return role is not None and not isinstance(role.definition, NotObserved)


def _denied(ctx: GcpContext, account: GcpServiceAccount, held: dict[str, GcpBinding]) -> frozenset[str]:
    """Return the permissions that deny policies surely take away where they are held."""
    side = parse_gcp([NamedDocument(p.name, p.document) for p in ctx.project.deny_policies])
    found: set[str] = set()
    for permission, binding in held.items():
        parents = dict(ctx.project.parents)
        hit = denied_at(side.denies, frozenset({permission}), account.member, binding.node, parents)
        found |= hit.surely
    return frozenset(found)


def _outcome(
    ctx: GcpContext, account: GcpServiceAccount, result: Result, code: str, message: str, witness: Witness | None
) -> Outcome:
    return Outcome(
        account_subject(account),
        result,
        message,
        reason_code=code,
        porter_role=key_of(ctx, account),
        witness=witness,
        evidence=(account.evidence,),
    )


RULE = Rule(
    id="GCP-ESC-001",
    title="Porter's service account cannot grant itself further access",
    severity=Severity.CRITICAL,
    axis=Axis.POSTURE,
    family="escalation",
    requires=(
        kinds.SERVICE_ACCOUNTS,
        kinds.PROJECT_POLICY,
        kinds.ROLES,
    ),
    supplementary=(
        kinds.ANCESTORS,
        kinds.DENY_POLICIES,
    ),
    check=check,
    remediation=Remediation(
        summary="Accept the documented risk, or deny SetIamPolicy to the account.", owner="customer"
    ),
    references=(
        PORTER_CONNECT,
        IAM_ROLES,
    ),
    claims=(
        55,
        56,
    ),
    cloud="gcp",
)
